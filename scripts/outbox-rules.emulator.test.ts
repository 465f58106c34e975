import { readFileSync } from "node:fs";
import { initializeTestEnvironment, type RulesTestEnvironment } from "@firebase/rules-unit-testing";
import { serverTimestamp, setLogLevel, Timestamp } from "firebase/firestore";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";

const SALON = "salon-1";
const OUTBOX = `salons/${SALON}/outbox`;

let environment: RulesTestEnvironment;

beforeAll(async () => {
  setLogLevel("silent");
  const [host = "", port] = (process.env.FIRESTORE_EMULATOR_HOST ?? "").split(":");
  const rules = readFileSync(new URL("../firestore.rules", import.meta.url), "utf8");
  environment = await initializeTestEnvironment({
    projectId: uniqueProjectId(),
    firestore: { host, port: Number(port), rules },
  });
  await environment.withSecurityRulesDisabled(async (context) => {
    const database = context.firestore();
    for (const role of ["owner", "manager", "staff"])
      await database.doc(`salons/${SALON}/members/${role}`).set({ role });
    await database.doc(`salons/${SALON}/members/oddity`).set({ role: "guest" });
    await database.doc("salons/salon-2/members/neighbour").set({ role: "owner" });
  });
});
afterAll(() => environment.cleanup());

const as = (uid: string) => environment.authenticatedContext(uid).firestore();
const request = (uid: string, changes: object = {}) => ({
  requested_by: uid,
  due_at: serverTimestamp(),
  channel: "sms",
  to: "+14155550142",
  body: "See you tomorrow at 10.",
  ...changes,
});
const outcome = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "allowed",
    (error: { code?: string }) => error.code ?? String(error),
  );
const create = (uid: string, changes: object = {}, path = `${OUTBOX}/${uniqueSalonId()}`) =>
  outcome(as(uid).doc(path).set(request(uid, changes)));

describe("a member of a salon", () => {
  test.each(["owner", "manager", "staff"])(
    "puts a message into its outbox, as %s, and reads it back",
    async (uid) => {
      const path = `${OUTBOX}/${uniqueSalonId()}`;
      expect(await create(uid, {}, path)).toBe("allowed");
      expect((await as(uid).doc(path).get()).data()).toMatchObject({ requested_by: uid, channel: "sms" });
    },
  );

  test.each([
    ["every field there is", everything()],
    ["a template", { body: undefined, template: aTemplate() }],
    ["1,600 characters", { body: "a".repeat(1_600) }],
    ["WhatsApp", { channel: "whatsapp" }],
  ])("may ask for %s", async (_, changes) => {
    const known = Object.entries(changes).filter(([, value]) => value !== undefined);
    const { body: _body, ...rest } = request("staff");
    const base = "body" in changes && changes.body === undefined ? rest : request("staff");
    const path = `${OUTBOX}/${uniqueSalonId()}`;
    expect(
      await outcome(
        as("staff")
          .doc(path)
          .set({ ...base, ...Object.fromEntries(known) }),
      ),
    ).toBe("allowed");
  });

  test.each<[string, object]>([
    ["a critical message", { critical: true }],
    ["one that is not critical in so many words", { critical: false }],
    ["a fallback", { fallback: { channel: "sms" } }],
    ["the name of a service", { caller: "booking@salon-flow.iam.gserviceaccount.com" }],
    ["another salon's id", { salon_id: "salon-2" }],
    ["an answer", { state: "accepted" }],
    ["a message's id", { message_id: "0".repeat(40) }],
    ["the time of an answer", { answered_at: serverTimestamp() }],
    ["a purpose", { purpose: "test" }],
    ["somebody else's name", { requested_by: "owner" }],
    ["no name", { requested_by: null }],
    ["a time of their own", { due_at: Timestamp.fromMillis(0) }],
    ["a time to come", { due_at: Timestamp.fromMillis(Date.now() + 86_400_000) }],
    ["no time", { due_at: null }],
    ["an unknown channel", { channel: "fax" }],
    ["a channel that is a number", { channel: 1 }],
    ["no phone number", { to: "priya" }],
    ["a phone number that is a number", { to: 14155550142 }],
    ["null for the text", { body: null }],
    ["a text that is a list", { body: ["Hello"] }],
    ["1,601 characters", { body: "a".repeat(1_601) }],
    ["eleven pictures", { media: Array(11).fill("https://example.com/a") }],
    ["pictures of 11,000 characters", { media: ["a".repeat(11_000)] }],
    ["pictures that are a map", { media: { a: "https://example.com/a" } }],
    ["an unknown category", { category: "spam" }],
    ["an unknown timing", { timing: "soon" }],
    ["a time in words", { send_at: "2026-12-01T10:00:00Z" }],
    ["an end in words", { expires_at: "2026-12-01T10:00:00Z" }],
    ["a template that is a name", { template: "offer" }],
    ["a template with more in it", { template: { ...aTemplate(), body: "x" } }],
    ["a template without variables", { template: { name: "offer", language: "en" } }],
    ["a template with a long name", { template: { ...aTemplate(), name: "a".repeat(65) } }],
    ["a template in another language", { template: { ...aTemplate(), language: "de" } }],
    ["variables that are a list", { template: { ...aTemplate(), variables: ["Priya"] } }],
    ["21 variables", { template: { ...aTemplate(), variables: numbered(21) } }],
    ["variables of 5,000 characters", { template: { ...aTemplate(), variables: { a: "a".repeat(5_000) } } }],
    ["variables with long names", { template: { ...aTemplate(), variables: { ["a".repeat(1_001)]: "a" } } }],
  ])("may not ask for %s", async (_, changes) => {
    expect(await create("staff", changes)).toBe("permission-denied");
  });

  test.each(["requested_by", "due_at", "channel", "to"])("may not leave out %s", async (field) => {
    const asked = Object.fromEntries(Object.entries(request("staff")).filter(([name]) => name !== field));
    const path = `${OUTBOX}/${uniqueSalonId()}`;
    expect(await outcome(as("staff").doc(path).set(asked))).toBe("permission-denied");
  });

  test("may not change, answer or delete a request, nor write it again", async () => {
    const path = `${OUTBOX}/${uniqueSalonId()}`;
    await create("staff", {}, path);
    const known = as("staff").doc(path);
    const ends = await Promise.all([
      outcome(known.update({ body: "Something else." })),
      outcome(known.update({ state: "accepted" })),
      outcome(known.set(request("staff"))),
      outcome(known.delete()),
    ]);
    expect(ends).toEqual(Array(4).fill("permission-denied"));
  });

  test("may not read what others asked for, nor list", async () => {
    const path = `${OUTBOX}/${uniqueSalonId()}`;
    await create("staff", {}, path);
    const ends = await Promise.all([
      outcome(as("owner").doc(path).get()),
      outcome(as("staff").collection(OUTBOX).get()),
      outcome(as("staff").collection(OUTBOX).where("requested_by", "==", "staff").get()),
      outcome(as("staff").collectionGroup("outbox").where("requested_by", "==", "staff").get()),
    ]);
    expect(ends).toEqual(Array(4).fill("permission-denied"));
  });

  test("may not write elsewhere: another salon, below a request, under an odd id", async () => {
    const id = uniqueSalonId();
    for (const path of [
      `salons/salon-2/outbox/${id}`,
      `salons/salon-nobody/outbox/${id}`,
      `${OUTBOX}/${id}/deeper/${id}`,
      `${OUTBOX}/${"a".repeat(65)}`,
      `${OUTBOX}/+14155550142`,
      `outbox/${id}`,
    ])
      expect([path, await create("staff", {}, path)]).toEqual([path, "permission-denied"]);
  });

  test("who was removed may neither write nor read any more", async () => {
    const path = `${OUTBOX}/${uniqueSalonId()}`;
    const member = (change: "set" | "delete") =>
      environment.withSecurityRulesDisabled(async (context) => {
        const reference = context.firestore().doc(`salons/${SALON}/members/former`);
        await (change === "set" ? reference.set({ role: "staff" }) : reference.delete());
      });
    await member("set");
    expect(await create("former", {}, path)).toBe("allowed");
    await member("delete");
    expect(await create("former")).toBe("permission-denied");
    expect(await outcome(as("former").doc(path).get())).toBe("permission-denied");
  });
});

test.each(["stranger", "neighbour", "oddity"])(
  "%s, who is no member, may neither write nor read",
  async (uid) => {
    const path = `${OUTBOX}/${uniqueSalonId()}`;
    expect(await create(uid)).toBe("permission-denied");
    await create("staff", {}, path);
    expect(await outcome(as(uid).doc(path).get())).toBe("permission-denied");
  },
);

test("nobody writes without signing in", async () => {
  const database = environment.unauthenticatedContext().firestore();
  for (const name of ["staff", null]) {
    const asked = { ...request("staff"), requested_by: name };
    expect(await outcome(database.doc(`${OUTBOX}/${uniqueSalonId()}`).set(asked))).toBe("permission-denied");
  }
});

function aTemplate() {
  return { name: "offer", language: "en", variables: { customer_name: "Priya" } };
}

function everything() {
  const send_at = Timestamp.fromMillis(Date.now() + 3_600_000);
  const expires_at = Timestamp.fromMillis(Date.now() + 7_200_000);
  const media = ["https://example.com/a.png"];
  return { media, category: "marketing", timing: "business_hours", send_at, expires_at };
}

function numbered(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`v${index}`, "x"]));
}
