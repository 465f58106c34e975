import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { createDatabase } from "./database.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { DUE_COLLECTIONS } from "./due-work.ts";
import { parseDocument } from "./stored-document.ts";

const database = createDatabase(uniqueProjectId());
const { firestore } = database;
const NOW = new Date("2026-11-22T10:00:00Z");
const deadLetters = createDeadLetters(database, { now: () => NOW });
afterAll(() => firestore.terminate());

const Stored = z.object({ count: z.int(), at: z.any(), due_at: z.any().optional() });
const DUE_AT = new Date("2026-11-20T10:00:00Z");
const MALFORMED = { count: "canary-7f3a9c", at: DUE_AT, extra: { kept: [1] }, due_at: DUE_AT };

const store = (path: string, data: object = MALFORMED) => firestore.doc(path).set(data);
const dueAt = async (path: string) => (await firestore.doc(path).get()).get("due_at")?.toDate();
const letters = async () => (await firestore.collection("dead_letters").get()).docs;

/** What reading this, at this path, is refused with. */
function refusal(path: string, data: unknown = MALFORMED): AppError {
  try {
    parseDocument(Stored, path, data);
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error("it was read");
}

let events = 0;
const keep = (error: AppError) => {
  events += 1;
  const id = `event-${events}`;
  return deadLetters.keep({ id, source: "//pubsub", function: "a-function", error, data: {} });
};

describe("a document that cannot be read", () => {
  it.each(DUE_COLLECTIONS.map((name) => (name === "outbox" ? "salons/salon-1/outbox" : name)))(
    "is due an hour after it is set aside, and stays as it is otherwise: %s",
    async (collection) => {
      const path = `${collection}/malformed`;
      await store(path);
      await store(`${collection}/neighbour`);
      await keep(refusal(path));
      const stored = (await firestore.doc(path).get()).data();
      const read = { ...stored, at: stored?.at.toDate(), due_at: stored?.due_at.toDate() };
      expect(read).toEqual({ ...MALFORMED, due_at: plusSeconds(NOW, 3_600) });
      expect(await dueAt(`${collection}/neighbour`)).toEqual(DUE_AT);
    },
  );

  it("is named by its dead letter, with the field and without its value", async () => {
    await keep(refusal("messages/named"));
    const [letter] = (await letters()).filter((each) => each.get("event_id") === `event-${events}`);
    expect(letter?.get("reason")).toContain("The document messages/named is malformed: count ");
    expect(JSON.stringify(letter?.data())).not.toContain("canary-7f3a9c");
  });

  it("has one dead letter however many events it fails, and another time is not put off", async () => {
    const path = "messages/again";
    const later = plusSeconds(NOW, 60);
    await store(path, { ...MALFORMED, due_at: later });
    const before = (await letters()).length;
    for (const _ of [1, 2, 3]) await keep(refusal(path));
    expect(await letters()).toHaveLength(before + 1);
    expect(await dueAt(path)).toEqual(later);
  });

  it("stays due when somebody has repaired it meanwhile", async () => {
    const error = refusal("messages/repaired");
    await store("messages/repaired", { ...MALFORMED, count: 7 });
    await keep(error);
    expect(await dueAt("messages/repaired")).toEqual(DUE_AT);
  });

  it("is not written again when it has gone meanwhile", async () => {
    await keep(refusal("messages/gone"));
    expect((await firestore.doc("messages/gone").get()).exists).toBe(false);
  });

  it.each(["message_syncs/an-account", "salons/messages/members/anjali"])(
    "stays as it is where nothing wakes by due_at: %s",
    async (path) => {
      await store(path);
      await keep(refusal(path));
      expect(await dueAt(path)).toEqual(DUE_AT);
    },
  );

  it.each(["usage_ledger", "salons/messages/members"])("may be named by no more than %s", async (path) => {
    const before = (await letters()).length;
    await keep(refusal(path));
    expect(await letters()).toHaveLength(before + 1);
  });
});

it("leaves a document due whose event is set aside for another reason", async () => {
  await store("messages/other");
  await keep(new AppError("failed-precondition", "The document messages/other is malformed: count."));
  expect(await dueAt("messages/other")).toEqual(DUE_AT);
});
