import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callerParts } from "#scripts/testing/caller-parts.ts";
import {
  type BenchSalon,
  PLATFORM_NUMBERS,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import { readTwiml } from "#scripts/twilio-simulator/twiml/twiml.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createHandler as createStatusHandler } from "../receive-status/handler.ts";
import { createHandler } from "./handler.ts";

const CUSTOMER = "+14155550199";
const TRANSFER = "+14155550177";
const REFUSED = {
  error: {
    code: "permission-denied",
    message: "This request is not signed by a Twilio account of this salon.",
  },
};
/** In no order, as Firestore may give them back. */
const HOURS = {
  sunday: { opens: "11:00", closes: "15:00" },
  friday: { opens: "10:00", closes: "20:00" },
  monday: { opens: "10:00", closes: "19:00" },
  tuesday: { opens: "10:00", closes: "19:00" },
};

let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;

beforeAll(async () => {
  bench = await startWebhookBench();
  const calls = createCalls(bench.database, bench.clock);
  const messages = createOutboundMessages(bench.database, bench.clock);
  await bench.serve("receive-call", createHandler({ ...bench, ...callerParts(bench), calls }));
  await bench.serve(
    "receive-status",
    createStatusHandler({
      ...bench,
      calls,
      messages,
    }),
  );
  const communication = {
    voice_transfer_number: TRANSFER,
    voice_business_hours_only: false,
    supported_languages: ["en"],
  };
  [salon, other] = await Promise.all([
    bench.addSalon("+14155550101", { name: "Anjali's <Salon> & Spa", hours: HOURS, communication }),
    bench.addSalon("+14155550102", { name: "Bloom", communication: { voice_greeting: null } }),
  ]);
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

const ring = (to: string, digits: string[] = []) =>
  bench.twilio.call({ to, from: CUSTOMER, digits, duration_seconds: 61 });
const post = (by: BenchSalon, changes: Record<string, string> = {}, step = "") =>
  bench.post(`/webhooks/twilio/voice/${salon.salonId}${step}`, {
    token: by.authToken,
    form: {
      AccountSid: by.accountSid,
      CallSid: `CA${"1".repeat(32)}`,
      CallStatus: "ringing",
      Direction: "inbound",
      From: CUSTOMER,
      To: by.number,
      ...changes,
    },
  });

const STEPS = [
  "",
  "/language/en/1/0",
  "/menu/hi/2/1",
  "/transferred/te/3/0",
  "/recorded/en/4/0",
  "/unknown/en/1/0",
];

test.each(STEPS)("the answer to step %j is well-formed TwiML, names escaped", async (step) => {
  const answer = await post(salon, { Digits: "9" }, step);
  const body = await answer.text();
  const contentType = answer.headers.get("content-type") ?? "";
  expect(contentType).toMatch(/^text\/xml/);
  expect(readTwiml(contentType, body).ok).toBe(true);
  expect(body).not.toContain("<Salon>");
});

test("a call is recorded as it begins and ends, its minutes once, and the caller not by number", async () => {
  const { call_sid, status_callback_status } = await ring(salon.number, ["2"]);
  expect(status_callback_status).toBe(204);
  const call = (await bench.database.firestore.doc(`calls/${call_sid}`).get()).data();
  expect(call).toMatchObject({
    salon_id: salon.salonId,
    direction: "inbound",
    state: "completed",
    duration_seconds: 61,
  });
  expect(JSON.stringify(call)).not.toContain(CUSTOMER.slice(1));
  const rows = await bench.database.firestore.collection(`salons/${salon.salonId}/usage_ledger`).get();
  const mine = rows.docs.map((row) => row.data()).filter(({ twilio_sid }) => twilio_sid === call_sid);
  expect(mine).toMatchObject([{ kind: "voice_inbound", quantity: 2 }]);
});

test("a repeated webhook of one call gets the same answer and leaves one record", async () => {
  const CallSid = `CA${"2".repeat(32)}`;
  const answers = await Promise.all([1, 2, 3].map(() => post(salon, { CallSid })));
  const bodies = await Promise.all(answers.map((answer) => answer.text()));
  expect(new Set(bodies).size).toBe(1);
  const calls = await bench.documents("calls", salon.salonId);
  expect(calls.filter(({ state }) => state === "ringing").length).toBeGreaterThan(0);
});

test.each(["anonymous", "", "client:alice"])(
  "a caller who is %j is answered like any other",
  async (From) => {
    expect((await post(salon, { From, CallSid: `CA${"3".repeat(32)}` })).status).toBe(200);
  },
);

describe("what must not get in", () => {
  test.each([...STEPS, "/recording"])(
    "step %j is refused unsigned, forged and signed by another salon",
    async (step) => {
      for (const token of [undefined, "0".repeat(32), other.authToken]) {
        const form = {
          AccountSid: salon.accountSid,
          CallSid: `CA${"7".repeat(32)}`,
          CallStatus: "in-progress",
        };
        const path = `/webhooks/twilio/voice/${salon.salonId}${step}`;
        const signed = token === undefined ? {} : { token };
        const answer = await bench.post(path, {
          ...signed,
          form: { ...form, From: CUSTOMER, To: salon.number },
        });
        expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
      }
      expect((await post(other, {}, step)).status).toBe(403);
      expect((await bench.database.firestore.doc(`calls/CA${"7".repeat(32)}`).get()).exists).toBe(false);
    },
  );

  test.each(STEPS)("step %j of another salon's call is refused, and changes nothing of it", async (step) => {
    const CallSid = `CA${"8".repeat(32)}`;
    expect((await post(salon, { CallSid })).status).toBe(200);
    const before = (await bench.database.firestore.doc(`calls/${CallSid}`).get()).data();
    const answer = await bench.post(`/webhooks/twilio/voice/${other.salonId}${step}`, {
      token: other.authToken,
      form: {
        AccountSid: other.accountSid,
        CallSid,
        CallStatus: "in-progress",
        From: CUSTOMER,
        To: other.number,
        Digits: "1",
      },
    });
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    expect((await bench.database.firestore.doc(`calls/${CallSid}`).get()).data()).toEqual(before);
  });

  test("another salon cannot ask for this salon's script with its own valid signature", async () => {
    const answer = await post(other);
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
  });

  test("a call to a number that is not the salon's is refused, although the account signed it", async () => {
    const answer = await post(salon, { To: other.number });
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
  });

  test.each([{ CallSid: "CA1" }, { CallSid: "../../salons/x" }, { To: "" }])(
    "a signed webhook with %j is refused",
    async (changes) => {
      expect((await post(salon, changes)).status).toBe(403);
    },
  );

  test("a closed salon answers no calls: the caller hears the fallback", async () => {
    const closed = await bench.addSalon("+14155550104", { status: "closed" });
    const { steps } = await ring(closed.number);
    expect(steps.at(-1)?.said).toEqual([expect.stringMatching(/^We are sorry/)]);
    // Twilio charges for it all the same.
    await expect.poll(() => bench.documents("calls", closed.salonId)).toMatchObject([{ choices: [] }]);
  });
});

describe("a caller of one of the platform's own numbers", () => {
  const called = (changes: Record<string, string> = {}, token = bench.twilio.main.authToken) =>
    bench.post("/webhooks/twilio/voice/platform", {
      token,
      form: {
        AccountSid: bench.twilio.main.accountSid,
        CallSid: `CA${"9".repeat(32)}`,
        CallStatus: "ringing",
        Direction: "inbound",
        From: CUSTOMER,
        To: PLATFORM_NUMBERS.default,
        ...changes,
      },
    });

  test("hears that nobody is reached there, and the end of the call is taken note of by nobody", async () => {
    const answer = await called();
    const twiml = await answer.text();
    expect([answer.status, twiml]).toEqual([
      200,
      expect.stringContaining("Nobody is reached at this number."),
    ]);
    expect(twiml).toContain("<Hangup/>");
    const end = await bench.post("/webhooks/twilio/status/platform", {
      token: bench.twilio.main.authToken,
      form: {
        AccountSid: bench.twilio.main.accountSid,
        CallSid: `CA${"9".repeat(32)}`,
        CallStatus: "completed",
      },
    });
    expect(end.status).toBe(204);
    expect((await bench.database.firestore.doc(`calls/CA${"9".repeat(32)}`).get()).exists).toBe(false);
  });

  test("is nobody's who forges the parent's signature, or means another number", async () => {
    expect((await called({}, salon.authToken)).status).toBe(403);
    expect((await called({ To: salon.number })).status).toBe(403);
    const form = { AccountSid: bench.twilio.main.accountSid, CallStatus: "completed" };
    const forged = { token: salon.authToken, form };
    expect((await bench.post("/webhooks/twilio/status/platform", forged)).status).toBe(403);
  });
});

test("nothing secret or personal is logged of calls", async () => {
  await ring(salon.number, ["1"]);
  await post(other);
  const secrets = [CUSTOMER, TRANSFER, salon.number, other.number].map((number) => number.slice(1));
  expect(bench.logs.lines.length).toBeGreaterThanOrEqual(4);
  expect(bench.logs.leaked([...secrets, salon.authToken, salon.accountSid])).toEqual([]);
});
