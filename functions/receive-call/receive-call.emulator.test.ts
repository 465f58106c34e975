import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { consequencesOf } from "#scripts/testing/delivery-parts.ts";
import {
  type BenchSalon,
  PLATFORM_NUMBERS,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import { readTwiml } from "#scripts/twilio-simulator/twiml/twiml.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createAnnouncer } from "#shared/messages/announcer.ts";
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
  const announcer = createAnnouncer(bench.publisher);
  await bench.serve("receive-call", createHandler({ ...bench, calls }));
  await bench.serve(
    "receive-status",
    createStatusHandler({
      ...bench,
      calls,
      messages,
      announcer,
      drawConsequences: consequencesOf({ ...bench, twilio: bench.api }),
    }),
  );
  const communication = { voice_transfer_number: TRANSFER };
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

describe("a caller", () => {
  test("hears the salon's greeting by its name, and is told goodbye when no key is pressed", async () => {
    const { steps } = await ring(salon.number);
    expect(steps).toMatchObject([{ status: 200 }]);
    expect(steps[0]?.said).toEqual([
      "Thank you for calling Anjali's <Salon> & Spa. Press 1 to book, 2 for hours.",
      "We did not get that. Please call again. Goodbye.",
    ]);
  });

  test("hears a plain greeting where the salon has none of its own", async () => {
    expect((await ring(other.number)).steps[0]?.said[0]).toBe("Thank you for calling Bloom.");
  });

  test("is put through by 1, and the transfer's end comes back to us", async () => {
    const { steps } = await ring(salon.number, ["1"]);
    expect(steps[1]?.twiml).toContain(`>${TRANSFER}</Dial>`);
    expect(steps[1]?.twiml).toContain(
      `action="${bench.gateway.url}/webhooks/twilio/voice/${salon.salonId}/transferred`,
    );
    expect(steps.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test("is asked to write by 1 where the salon has no number to be put through to", async () => {
    const { steps } = await ring(other.number, ["1"]);
    expect(steps[1]?.said).toEqual(["To book, please send a message to this number. Goodbye."]);
    expect(steps[1]?.twiml).not.toContain("<Dial");
  });

  test("hears the opening hours by 2, in the order of the week", async () => {
    const { steps } = await ring(salon.number, ["2"]);
    expect(steps[1]?.said).toEqual([
      "On monday we are open from 10:00 to 19:00. On tuesday we are open from 10:00 to 19:00. On friday we are open from 10:00 to 20:00. On sunday we are open from 11:00 to 15:00. Goodbye.",
    ]);
  });

  test("hears that hours are not listed where there are none", async () => {
    const { steps } = await ring(other.number, ["2"]);
    expect(steps[1]?.said).toEqual(["Our opening hours are not listed. Goodbye."]);
  });

  test("hears the menu again after any other key", async () => {
    const { steps } = await ring(salon.number, ["9", "#", "2"]);
    expect(steps.map(({ said }) => said[0]?.slice(0, 9))).toEqual([
      "Thank you",
      "Thank you",
      "Thank you",
      "On monday",
    ]);
  });

  test("is told so where the salon takes no calls", async () => {
    const deaf = await bench.addSalon("+14155550103", {
      name: "Deaf",
      communication: { voice_enabled: false },
    });
    const { steps } = await ring(deaf.number, ["1"]);
    expect(steps).toMatchObject([{ status: 200, said: ["Deaf takes no calls on this number. Goodbye."] }]);
  });

  test.each([
    ["completed", []],
    ["busy", ["Nobody can take your call now. Please try again later. Goodbye."]],
    ["no-answer", ["Nobody can take your call now. Please try again later. Goodbye."]],
  ])("whose transfer ended %s hears %j", async (DialCallStatus, said) => {
    const answer = await post(salon, { CallStatus: "in-progress", DialCallStatus }, "/transferred");
    const twiml = await answer.text();
    expect(answer.status).toBe(200);
    for (const sentence of said) expect(twiml).toContain(sentence);
    expect(twiml).toContain("<Hangup/>");
    expect(twiml.includes("<Say")).toBe(said.length > 0);
  });
});

test.each(["", "/menu", "/transferred", "/unknown"])(
  "the answer to step %j is well-formed TwiML, names escaped",
  async (step) => {
    const answer = await post(salon, { Digits: "9" }, step);
    const body = await answer.text();
    const contentType = answer.headers.get("content-type") ?? "";
    expect(contentType).toMatch(/^text\/xml/);
    expect(readTwiml(contentType, body).ok).toBe(true);
    expect(body).not.toContain("<Salon>");
  },
);

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
    expect(await bench.documents("calls", closed.salonId)).toEqual([]);
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
