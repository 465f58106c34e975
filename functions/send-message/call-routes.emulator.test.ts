import { setTimeout as delay } from "node:timers/promises";
import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { recordPublisher } from "#scripts/testing/recording-publisher.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createCallAcceptance } from "#shared/calls/call-acceptance.ts";
import { CallId } from "#shared/calls/outbound-call.ts";
import { createOutboundCalls } from "#shared/calls/outbound-call-store.ts";
import { systemClock as clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { createPartyOf, E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { CallerEmail, createCallerPolicies } from "#shared/identity/caller-policies.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createRateLimit } from "#shared/pacing/rate-limit.ts";
import { createThrottle } from "#shared/pacing/throttle.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { findRoute } from "#shared/runtime/route-contract.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createAdmission } from "./admission.ts";
import { createCallRoutes } from "./call-routes.ts";

const SERVICE = CallerEmail.parse("booking@salon-flow.iam.gserviceaccount.com");
const STRANGER = CallerEmail.parse("stranger@salon-flow.iam.gserviceaccount.com");
const CUSTOMER = "+14155550142";
const TEXT = "See you tomorrow at 10.";

const projectId = uniqueProjectId();
const pubsub = new PubSub({ projectId });
const database = createDatabase(projectId);
const { logger } = createLogBook();
const salons = createSalons(database);
const calls = createOutboundCalls(database, clock);
const publisher = recordPublisher(createPublisher(projectId));
const policies = createCallerPolicies(database);
const limits = { perMinute: 600, burst: 600 };
const routes = createCallRoutes({
  admission: createAdmission({
    policies,
    salons,
    throttle: createThrottle(createRateLimit({ database, clock, logger, limits })),
    messages: createOutboundMessages(database, clock),
  }),
  policies,
  callAcceptance: createCallAcceptance({
    salons,
    calls,
    publisher,
    partyOf: createPartyOf(new Secret("a key for tests, of no value elsewhere")),
    clock,
    logger,
  }),
  calls,
});

const salonId = uniqueSalonId();
beforeAll(async () => {
  await pubsub.createTopic("outbound-calls");
  await database.firestore.doc(`salons/${salonId}`).set({ name: "Anjali's Salon" });
  await database.firestore.doc(`callers/${SERVICE}`).set({ salons: [salonId] });
});
afterAll(async () => {
  await pubsub.close();
  await database.firestore.terminate();
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly body?: object;
  readonly key?: string | undefined;
  readonly caller?: CallerEmail;
}

async function ask(asked: Asked) {
  const { method = "POST", path = "/v1/calls", body = {}, caller = SERVICE } = asked;
  const key = "key" in asked ? asked.key : uniqueSalonId();
  const headers: Record<string, string | undefined> = {
    "content-type": "application/json",
    "idempotency-key": key,
  };
  const rawBody = Buffer.from(JSON.stringify(body));
  const header = (name: string) => headers[name];
  const request = { method, path, rawQuery: "", rawBody, header, note: () => undefined };
  const { route, parameters } = findRoute(routes, request);
  try {
    const { status, body: answer } = await route.serve(request, { caller, request, parameters });
    return { status, body: JSON.parse(String(answer)) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { status: error.status, field: error.context.field, body: { message: error.message } };
  }
}
const valid = () => ({ salon_id: salonId, to: CUSTOMER, language: "en", text: TEXT, confirm: true });

describe("POST /v1/calls", () => {
  test("accepts a call: 202, stored, woken once, and read back by GET", async () => {
    const { status, body } = await ask({ body: valid() });
    expect(status).toBe(202);
    expect(body).toEqual({
      call_id: expect.stringMatching(/^[0-9a-f]{40}$/),
      salon_id: salonId,
      to: CUSTOMER,
      language: "en",
      category: "transactional",
      confirm: true,
      state: "accepted",
      hold_reason: null,
      answer: "none",
      failure: null,
      attempts: [],
      send_at: null,
      expires_at: expect.any(String),
      accepted_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const woken = publisher.published.filter(({ key }) => key === body.call_id);
    expect(woken).toMatchObject([{ topic: "outbound-calls", data: { call_id: body.call_id } }]);
    const read = await ask({ method: "GET", path: `/v1/calls/${body.call_id}` });
    expect(read).toEqual({ status: 200, body });
  });

  test("answers a repeated request with the same call, and refuses another one under its key", async () => {
    const key = uniqueSalonId();
    const first = await ask({ key, body: valid() });
    expect(await ask({ key, body: valid() })).toEqual(first);
    const other = await ask({ key, body: { ...valid(), confirm: false } });
    expect(other).toMatchObject({ status: 409, field: "Idempotency-Key" });
  });

  test("takes a template and a time, and stores what is said", async () => {
    const variables = {
      customer_name: "Priya",
      salon_name: "Anjali",
      service: "Cut",
      date: "5 May",
      time: "4 PM",
    };
    const send_at = new Date(Date.now() + 3_600_000).toISOString();
    const { text: _, ...rest } = valid();
    const asked = { ...rest, language: "hi", template: { name: "booking_reminder", variables }, send_at };
    const { body } = await ask({ body: asked });
    expect(body).toMatchObject({ state: "scheduled", send_at, language: "hi" });
    const stored = await database.firestore.doc(`calls/${body.call_id}`).get();
    expect(stored.get("text")).toContain("Priya");
  });

  test("takes the category of a free text", async () => {
    const { body } = await ask({ body: { ...valid(), category: "marketing" } });
    expect(body).toMatchObject({ state: "accepted", category: "marketing" });
  });

  test.each([
    [{ to: "4155550142" }, "to"],
    [{ language: "fr" }, "language"],
    [{ text: "a".repeat(1_001) }, "text"],
    [{ text: undefined }, "text"],
    [{ text: "a\u0000b" }, "text"],
    [{ confirm: undefined }, "confirm"],
    [{ confirm: "yes" }, "confirm"],
    [{ timing: "now" }, "timing"],
    [{ category: "urgent" }, "category"],
    [{ send_at: "tomorrow" }, "send_at"],
    [{ expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    [{ template: { name: "booking_reminder", variables: {} } }, "text"],
    [{ critical: true }, "critical"],
    [{ salon_id: "x" }, "salon_id"],
  ])("refuses %j by the field's name, and nothing is stored", async (changes, field) => {
    const before = await database.firestore.collection("calls").count().get();
    const answer = await ask({ body: { ...valid(), ...changes } });
    expect(answer).toMatchObject({ status: 400, field });
    expect(answer.body.message).not.toContain(CUSTOMER);
    const after = await database.firestore.collection("calls").count().get();
    expect(after.data().count).toBe(before.data().count);
  });

  test.each([undefined, "", "with a space", "test:1"])("refuses the key %j", async (key) => {
    expect(await ask({ key, body: valid() })).toMatchObject({ status: 400, field: "Idempotency-Key" });
  });
});

describe("POST /v1/calls/{callId}:cancel", () => {
  const cancel = (id: string, caller = SERVICE) => ask({ path: `/v1/calls/${id}:cancel`, caller });
  const attempt = { source: "platform_subaccount", account: "fp", sender: E164.parse(CUSTOMER) } as const;

  test("calls back a call of weeks ahead, and again says the same", async () => {
    const send_at = new Date(Date.now() + 30 * 86_400_000).toISOString();
    const { body: scheduled } = await ask({ body: { ...valid(), send_at } });
    const { status, body } = await cancel(scheduled.call_id);
    expect([status, body]).toEqual([200, { ...scheduled, state: "canceled", ...changed(body) }]);
    expect(await cancel(scheduled.call_id)).toEqual({ status, body });
    const stored = await database.firestore.doc(`calls/${scheduled.call_id}`).get();
    expect(stored.get("due_at")).toBeUndefined();
  });

  test("is a conflict, in words, for one that is being made, and changes nothing", async () => {
    const { body } = await ask({ body: valid() });
    const id = CallId.parse(body.call_id);
    await calls.claim(id, attempt, 60);
    const before = await calls.get(id);
    const answer = await cancel(id);
    expect(answer).toMatchObject({
      status: 409,
      body: { message: expect.stringMatching(/^It is too late/) },
    });
    expect(await calls.get(id)).toEqual(before);
  });

  test("and a worker at the same moment: the call is made, or it is canceled", async () => {
    const ends = await atOnce(10, async (index) => {
      const { body } = await ask({ body: valid() });
      const id = CallId.parse(body.call_id);
      const claim = delay(index * 20).then(() => calls.claim(id, attempt, 60));
      const [{ status }, claimed] = await Promise.all([cancel(id), claim]);
      expect([status, claimed?.state]).toEqual(status === 200 ? [200, undefined] : [409, "claimed"]);
      return status === 200 ? "canceled" : "made";
    });
    printCount(`cancel against a worker: 10 races, ${JSON.stringify(tally(ends))}`);
  });

  test("of another's call looks like one of none", async () => {
    const { body } = await ask({ body: valid() });
    const foreign = await cancel(body.call_id, STRANGER);
    expect(foreign).toEqual(await cancel("0".repeat(40)));
    expect(foreign.status).toBe(404);
    expect(await calls.get(CallId.parse(body.call_id))).toMatchObject({ state: "accepted" });
  });

  /** What may differ from the call before. */
  function changed({ expires_at, updated_at }: { expires_at: string; updated_at: string }) {
    return { expires_at, updated_at };
  }
});

test("to a service that may not act for the salon, it and its calls look like none", async () => {
  expect(await ask({ body: valid(), caller: STRANGER })).toMatchObject({ status: 404 });
  const { body } = await ask({ body: valid() });
  for (const [caller, id] of [
    [STRANGER, body.call_id],
    [SERVICE, "0".repeat(40)],
    [SERVICE, "no-id"],
  ] as const) {
    const read = await ask({ method: "GET", path: `/v1/calls/${id}`, caller });
    expect(read).toMatchObject({ status: 404, body: { message: "There is no call with this id." } });
  }
});
