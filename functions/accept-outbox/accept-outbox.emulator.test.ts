import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { AppError } from "#shared/core/errors.ts";
import { messageIdOf } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createCallerPolicies } from "#shared/identity/caller-policies.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import { createRateLimit } from "#shared/pacing/rate-limit.ts";
import { createThrottle } from "#shared/pacing/throttle.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createAdmit } from "./admission.ts";
import { createHandler } from "./handler.ts";
import { createOutbox } from "./outbox.ts";

const SERVICE = "booking@salon-flow.iam.gserviceaccount.com";
const CALM_SERVICE = "reminders@salon-flow.iam.gserviceaccount.com";
const STRANGER = "stranger@salon-flow.iam.gserviceaccount.com";
const MEMBER = "uid-meera";
const TEXT = "Dear Priya, see you tomorrow at 10.";
const LIMITS = { perMinute: 60, burst: 100 };

let bench: MessagingBench;
let salon: BenchSalon;
const lines: string[] = [];
beforeAll(async () => {
  bench = await startMessagingBench();
  const { firestore } = bench.database;
  await firestore.doc(`callers/${SERVICE}`).set({ salons: "*", may_send_critical: true });
  await firestore.doc(`callers/${CALM_SERVICE}`).set({ salons: "*" });
});
afterAll(() => bench.stop());
beforeEach(async () => {
  salon = await bench.salon();
  await document(`salons/${salon.id}/members/${MEMBER}`).set({ role: "staff" });
});

const document = (path: string) => bench.database.firestore.doc(path);

/** An instance of accept-outbox, with caches of its own. */
function worker({ acceptance = bench.acceptance, limits = LIMITS } = {}) {
  const { database, clock, messages } = bench;
  const logger = createLogger({ write: (line) => lines.push(line) });
  const salons = createSalons(database);
  const throttle = createThrottle(createRateLimit({ database, clock, logger, limits }));
  const policies = createCallerPolicies(database);
  const admit = createAdmit({ database, policies, salons, throttle });
  return createHandler({ outbox: createOutbox(database, clock), admit, acceptance, messages, clock, logger });
}

/** A request as a member's client writes it. */
async function written(changes: object = {}, { without = "" } = {}) {
  const requestId = uniqueSalonId();
  const path = `salons/${salon.id}/outbox/${requestId}`;
  const request = {
    requested_by: MEMBER,
    due_at: bench.clock.now(),
    channel: "sms",
    to: bench.customer(),
    body: TEXT,
    ...changes,
  };
  await document(path).set(Object.fromEntries(Object.entries(request).filter(([name]) => name !== without)));
  return { path, request, messageId: messageIdOf(salon.id, `outbox:${requestId}`) };
}
const handle = (path: string, handler = worker()) => handler({ kind: "document", path, eventId: "event-1" });
const answerOn = async (path: string) => (await document(path).get()).data();
/** In how many seconds it is looked at again. */
const dueIn = async (path: string) =>
  ((await answerOn(path))?.due_at?.toMillis() - bench.clock.now().getTime()) / 1_000;
const messageCount = async () =>
  (
    await bench.database.firestore.collection("messages").where("salon_id", "==", salon.id).count().get()
  ).data().count;
const wakeUps = (id: string) => bench.publisher.published.filter(({ key }) => key === id).length;

describe("a request that is accepted", () => {
  test("is answered with the message's id, and nothing more is due", async () => {
    const { path, request, messageId } = await written();
    await handle(path);
    const { due_at: _, ...asked } = request;
    const answered_at = expect.anything();
    expect(await answerOn(path)).toEqual({ ...asked, state: "accepted", message_id: messageId, answered_at });
    expect(await bench.messages.get(messageId)).toMatchObject({
      body: TEXT,
      state: "accepted",
      critical: false,
    });
    expect(wakeUps(messageId)).toBe(1);
  });

  test("may hold all that a member can ask for", async () => {
    const send_at = new Date(bench.clock.now().getTime() + 3_600_000);
    const { path, messageId } = await written({
      media: ["https://example.com/a.png"],
      category: "marketing",
      timing: "business_hours",
      send_at,
      expires_at: new Date(send_at.getTime() + 3_600_000),
    });
    await handle(path);
    expect(await answerOn(path)).toMatchObject({ state: "accepted" });
    expect(await bench.messages.get(messageId)).toMatchObject({
      state: "scheduled",
      category: "marketing",
      timing: "business_hours",
      due_at: send_at,
    });
  });

  test("may be a critical one of a service with a policy for it", async () => {
    const fallback = { channel: "email", to: "priya@example.com", subject: "Your booking" };
    const { path, messageId } = await written({
      requested_by: SERVICE,
      caller: SERVICE,
      critical: true,
      fallback,
    });
    await handle(path);
    expect(await answerOn(path)).toMatchObject({ state: "accepted", message_id: messageId });
    expect(await bench.messages.get(messageId)).toMatchObject({ critical: true, fallback });
  });

  test("is found by its topic when its event never came", async () => {
    const { path, messageId } = await written();
    await worker()({ kind: "message", data: { path } });
    expect(await answerOn(path)).toMatchObject({ state: "accepted", message_id: messageId });
  });
});

describe("a request that comes more than once", () => {
  test("three times, one after the other: one message, one answer", async () => {
    const { path, messageId } = await written();
    await handle(path);
    const first = await answerOn(path);
    bench.clock.pass(60);
    await handle(path);
    await handle(path);
    printCount(`outbox: 3 deliveries, ${await messageCount()} message, ${wakeUps(messageId)} wake-up`);
    expect(await answerOn(path)).toEqual(first);
    expect(await messageCount()).toBe(1);
    expect(wakeUps(messageId)).toBe(1);
  });

  test("by ten workers at once: one message, one answer", async () => {
    const { path, messageId } = await written();
    await atOnce(10, () => handle(path));
    printCount(`outbox: 10 workers at once, ${await messageCount()} message, ${wakeUps(messageId)} wake-up`);
    expect(await answerOn(path)).toMatchObject({ state: "accepted", message_id: messageId });
    expect(await messageCount()).toBe(1);
    expect(wakeUps(messageId)).toBe(1);
  });

  test("after a refusal: the same refusal, although it would be accepted by now", async () => {
    const { path } = await written({ requested_by: "uid-new" });
    await handle(path);
    const first = await answerOn(path);
    await document(`salons/${salon.id}/members/uid-new`).set({ role: "staff" });
    await handle(path);
    expect(await answerOn(path)).toEqual(first);
  });

  test("after its salon's data was erased: nothing is there, and nothing is made", async () => {
    const { path } = await written();
    await document(path).delete();
    await handle(path);
    expect(await answerOn(path)).toBeUndefined();
    expect(await messageCount()).toBe(0);
  });
});

describe("a crash between acceptance and answer", () => {
  const crashing = (): Acceptance => ({
    ...bench.acceptance,
    async accept(request) {
      await bench.acceptance.accept(request);
      throw new AppError("unavailable", "the worker died here");
    },
  });

  test.each<[string, () => Promise<unknown>]>([
    ["the request is as it was", async () => undefined],
    ["its member has been removed", () => document(`salons/${salon.id}/members/${MEMBER}`).delete()],
    ["its time has come", async () => bench.clock.pass(60)],
  ])("ends in the same one message when %s", async (_, meanwhile) => {
    const expires_at = new Date(bench.clock.now().getTime() + 30_000);
    const { path, messageId } = await written({ expires_at });
    await expect(handle(path, worker({ acceptance: crashing() }))).rejects.toThrow("the worker died here");
    expect(await answerOn(path)).toMatchObject({ due_at: expect.anything() });
    await meanwhile();
    await handle(path);
    expect(await answerOn(path)).toMatchObject({ state: "accepted", message_id: messageId });
    expect(await messageCount()).toBe(1);
  });
});

describe("trouble that passes", () => {
  const broken = (error: unknown): Acceptance => ({
    ...bench.acceptance,
    accept: () => Promise.reject(error),
  });

  test.each([
    ["Firestore is away", new AppError("unavailable", "Firestore cannot be reached")],
    ["something nobody knows", new TypeError("x is not a function")],
  ])("%s: the request stays due, and is accepted later", async (_, error) => {
    const { path } = await written();
    await expect(handle(path, worker({ acceptance: broken(error) }))).rejects.toThrow();
    const left = await answerOn(path);
    expect(left).toHaveProperty("due_at");
    expect(left).not.toHaveProperty("state");
    await handle(path);
    expect(await answerOn(path)).toMatchObject({ state: "accepted" });
  });

  test("the request comes back in a minute", async () => {
    const { path } = await written();
    const failure = handle(path, worker({ acceptance: broken(new AppError("unavailable", "Away.")) }));
    await expect(failure).rejects.toThrow("Away.");
    expect(await dueIn(path)).toBe(60);
  });

  test("that has not passed a day after it was written is the answer, however often it came back", async () => {
    bench.clock.restart();
    const { path } = await written();
    const handler = worker({ acceptance: broken(new AppError("unavailable", "Still away.")) });
    await expect(handle(path, handler)).rejects.toThrow("Still away.");
    bench.clock.pass(23 * 3_600);
    await expect(handle(path, handler)).rejects.toThrow("Still away.");
    bench.clock.pass(3_660);
    await handle(path, handler);
    expect(await answerOn(path)).toMatchObject({ state: "refused", error: { code: "unavailable" } });
    bench.clock.restart();
  });

  test("a salon's limit is everybody's: what is over it waits, and goes later", async () => {
    const requests = await atOnce(30, () => written());
    const handler = worker({ limits: { perMinute: 60, burst: 20 } });
    const states = async () =>
      tally(await Promise.all(requests.map(async ({ path }) => (await answerOn(path))?.state ?? "waiting")));
    await atOnce(30, (index) => handle(requests[index]?.path ?? "", handler));
    printCount(`outbox limit: 30 requests at once of 20 allowed, ${JSON.stringify(await states())}`);
    expect(await states()).toEqual({ accepted: 20, waiting: 10 });
    const dues = await Promise.all(requests.map(({ path }) => dueIn(path)));
    expect(dues.filter((seconds) => seconds > 0)).toHaveLength(10);
    bench.clock.pass(30);
    for (const { path } of requests) await handle(path, handler);
    expect(await states()).toEqual({ accepted: 30 });
    expect(await messageCount()).toBe(30);
  });
});

describe("a request that is refused says why, and nothing is stored or published", () => {
  const TEMPLATE = { name: "nothing", language: "en", variables: {} };
  const wrong = (changes: object) => () => written(changes);
  const without = (field: string) => () => written({}, { without: field });

  test.each<[string, () => ReturnType<typeof written>, string, string | null]>([
    ["no channel", without("channel"), "invalid-argument", "channel"],
    ["no number", without("to"), "invalid-argument", "to"],
    ["no text", without("body"), "invalid-argument", "body"],
    ["nobody who asked", without("requested_by"), "invalid-argument", "requested_by"],
    ["nothing that is due", without("due_at"), "invalid-argument", "due_at"],
    ["null for the text", wrong({ body: null }), "invalid-argument", "body"],
    ["1,601 characters", wrong({ body: "a".repeat(1_601) }), "invalid-argument", "body"],
    ["a number that cannot be", wrong({ to: "+1415555" }), "invalid-argument", "to"],
    ["an unknown field", wrong({ from: "+14155550100" }), "invalid-argument", "from"],
    ["a phone number for a field", wrong({ "+14155550142": 1 }), "invalid-argument", "?"],
    ["a field with dots", wrong({ "a.b": 1 }), "invalid-argument", "?"],
    ["a time in words", wrong({ send_at: "tomorrow" }), "invalid-argument", "send_at"],
    ["an end in the past", wrong({ expires_at: new Date(0) }), "invalid-argument", "expires_at"],
    [
      "an unknown template",
      wrong({ body: undefined, template: TEMPLATE }),
      "invalid-argument",
      "template.name",
    ],
    ["a stranger", wrong({ requested_by: "uid-stranger" }), "not-found", "salon_id"],
    ["a member who is a path", wrong({ requested_by: `${MEMBER}/../x` }), "not-found", "salon_id"],
    ["a critical message of a member", wrong({ critical: true }), "permission-denied", "critical"],
    [
      "a fallback of a member",
      wrong({ critical: true, fallback: { channel: "sms" } }),
      "permission-denied",
      "critical",
    ],
    ["a service without a policy", wrong({ caller: STRANGER }), "not-found", "salon_id"],
    ["a service that is none", wrong({ caller: "priya@example.com" }), "invalid-argument", "caller"],
    [
      "a critical message of a service that may not",
      wrong({ caller: CALM_SERVICE, critical: true }),
      "permission-denied",
      "critical",
    ],
  ])("%s", async (_, request, code, field) => {
    const published = bench.publisher.published.length;
    const { path } = await request();
    await handle(path);
    const answered = await answerOn(path);
    expect(answered).toMatchObject({ state: "refused", error: { code, field, message: expect.any(String) } });
    expect(answered).not.toHaveProperty("due_at");
    expect(JSON.stringify(answered?.error)).not.toContain("14155550142");
    expect(await messageCount()).toBe(0);
    expect(bench.publisher.published.length).toBe(published);
  });

  test("a member who was removed after writing it", async () => {
    const { path } = await written();
    await document(`salons/${salon.id}/members/${MEMBER}`).delete();
    await handle(path);
    expect(await answerOn(path)).toMatchObject({ state: "refused", error: { code: "not-found" } });
    expect(await messageCount()).toBe(0);
  });

  test("a closed salon, one that is being erased, and one that cannot be", async () => {
    const { path } = await written();
    await document(`salons/${salon.id}`).set({ name: "S", status: "closed" });
    await handle(path);
    expect(await answerOn(path)).toMatchObject({ state: "refused", error: { code: "not-found" } });

    salon = await bench.salon();
    await document(`salons/${salon.id}/members/${MEMBER}`).set({ role: "owner" });
    await document(`salon_integrations/${salon.id}`).set({ salon_id: salon.id, erasing: true });
    const second = await written();
    await handle(second.path);
    expect(await answerOn(second.path)).toMatchObject({ state: "refused", error: { code: "conflict" } });

    const { request } = await written();
    const odd = "salons/x/outbox/request-1";
    await document(odd).set(request);
    await handle(odd);
    expect(await answerOn(odd)).toMatchObject({ state: "refused", error: { field: "salon_id" } });
  });

  test("an event about something else is not understood", async () => {
    for (const path of ["salons/a/members/b", "messages/1", "salons/a/outbox/b/deeper/c"])
      await expect(handle(path)).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(worker()({ kind: "message", data: { salon_id: "a" } })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});

test("nothing of a customer is in the log of all this", () => {
  expect(lines.length).toBeGreaterThan(30);
  for (const personal of ["+1415", "4155550142", "Priya", "priya@"])
    expect(lines.join("\n")).not.toContain(personal);
});
