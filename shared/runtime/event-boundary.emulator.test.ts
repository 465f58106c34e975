import { CloudEvent } from "cloudevents";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { systemClock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createDatabase } from "./database.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { eventFunction, type Trigger } from "./event-boundary.ts";

const database = createDatabase(uniqueProjectId());
const lines: string[] = [];
const logger = createLogger({ write: (line) => lines.push(line) });
const deadLetters = createDeadLetters(database, systemClock);
afterAll(() => database.firestore.terminate());

let triggers: Trigger[] = [];
let fail: () => void = () => {};
const boundary = (onFailure: "acknowledge" | "redeliver") =>
  eventFunction(
    async (trigger) => {
      triggers.push(trigger);
      fail();
    },
    { name: "a-function", logger, deadLetters, onFailure },
  );

const pubsub = (id: string, data: unknown) =>
  new CloudEvent({ id, source: "//pubsub", type: "google.cloud.pubsub.topic.v1.messagePublished", data });
const message = (id: string, text: string) =>
  pubsub(id, { message: { data: Buffer.from(text).toString("base64") } });
const letters = async () =>
  (await database.firestore.collection("dead_letters").get()).docs.map((each) => each.data());

describe("the event boundary", () => {
  beforeEach(() => {
    triggers = [];
    lines.length = 0;
    fail = () => {};
  });

  it("takes exactly one parameter: with two, the framework would wait for a callback for ever", () => {
    expect(boundary("acknowledge")).toHaveLength(1);
  });

  it("reads a Pub/Sub message's JSON", async () => {
    await boundary("acknowledge")(message("1", '{"message_id":"abc"}'));
    expect(triggers).toEqual([{ kind: "message", data: { message_id: "abc" } }]);
  });

  it("reads when a Pub/Sub message was published, and does without what is no time", async () => {
    for (const [index, publishTime] of ["2026-11-20T10:00:00.123Z", "soon"].entries())
      await boundary("acknowledge")(pubsub(`time-${index}`, { message: { data: "e30=", publishTime } }));
    expect(triggers).toEqual([
      { kind: "message", data: {}, publishedAt: new Date("2026-11-20T10:00:00.123Z") },
      { kind: "message", data: {} },
    ]);
  });

  it("reads which document a Firestore event is about, and leaves its content as it came", async () => {
    const data = Buffer.from("not read");
    const event = new CloudEvent({
      id: "2",
      source: "//firestore",
      type: "google.cloud.firestore.document.v1.written",
      subject: "documents/salon_integrations/salon-1",
      data,
    });
    await boundary("redeliver")(event);
    expect(triggers).toEqual([{ kind: "document", path: "salon_integrations/salon-1", eventId: "2", data }]);
  });

  it("reads who wrote the document, from an event with auth context", async () => {
    const event = new CloudEvent({
      id: "5",
      source: "//firestore",
      type: "google.cloud.firestore.document.v1.written.withAuthContext",
      subject: "documents/salon_integrations/salon-1",
      authtype: "unknown",
      authid: "someone@example.com",
    });
    await boundary("redeliver")(event);
    expect(triggers).toMatchObject([
      { eventId: "5", principal: { type: "unknown", id: "someone@example.com" } },
    ]);
  });

  it.each([
    ["no Pub/Sub message", pubsub("bad-1", "text")],
    ["data that is not JSON", message("bad-2", "{oops")],
    ["an empty message", pubsub("bad-3", { message: {} })],
    ["no data at all", pubsub("bad-4", undefined)],
  ])("keeps an event with %s aside once, and acknowledges it although it comes again", async (_, event) => {
    await boundary("redeliver")(event);
    await boundary("redeliver")(event);
    expect((await letters()).filter(({ event_id }) => event_id === event.id)).toHaveLength(1);
    expect(triggers).toHaveLength(0);
    expect(lines.join()).toContain("event set aside");
  });

  it("acknowledges a failure where the work stands on a document that will be due again", async () => {
    fail = () => {
      throw new AppError("unavailable", "Firestore is contended.");
    };
    await expect(boundary("acknowledge")(message("3", "{}"))).resolves.toBeUndefined();
    expect(lines.join()).toContain("event failed");
  });

  it("asks for redelivery where the event is the only trace of the work", async () => {
    fail = () => {
      throw new Error("anything");
    };
    await expect(boundary("redeliver")(message("4", "{}"))).rejects.toThrow();
  });
});
