import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { type Acceptance, createAcceptance } from "#shared/messages/acceptance.ts";
import { createAnnouncer } from "#shared/messages/announcer.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { createOutboundMessages, type OutboundMessages } from "#shared/messages/outbound-store.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createHandler } from "./handler.ts";

const CUSTOMER = E164.parse("+14155550199");
const REFUSED = {
  error: {
    code: "permission-denied",
    message: "This request is not signed by a Twilio account of this salon.",
  },
};

let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;
let messages: OutboundMessages;
let acceptance: Acceptance;
let serial = 1;
const unique = () => String(serial++).padStart(32, "0");

beforeAll(async () => {
  bench = await startWebhookBench();
  messages = createOutboundMessages(bench.database, bench.clock);
  acceptance = createAcceptance({ ...bench, messages });
  const calls = createCalls(bench.database, bench.clock);
  const announcer = createAnnouncer(bench.publisher);
  await bench.serve("receive-status", createHandler({ ...bench, messages, calls, announcer }));
  [salon, other] = await Promise.all([bench.addSalon("+14155550101"), bench.addSalon("+14155550102")]);
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

/** A message that a worker has just taken: Twilio has been asked, and its answer is not stored yet. */
async function claimed(owner: BenchSalon = salon): Promise<OutboundMessage> {
  const { salonId } = owner;
  const body = "See you at 10.";
  const request = { salonId, idempotencyKey: unique(), channel: "sms", to: CUSTOMER, body } as const;
  const { message } = await acceptance.accept(request);
  const account = accountFingerprint(owner.accountSid);
  const attempt = { source: "platform_subaccount", account, sender: E164.parse(owner.number) } as const;
  const taken = await messages.claim(message.id, attempt, 60);
  return taken ?? expect.fail("nobody could claim the message");
}

interface Callback {
  readonly id: string;
  readonly sid?: string;
  readonly status: string;
  readonly attempt?: number | string;
  readonly by?: BenchSalon;
  readonly path?: string;
  readonly extra?: Record<string, string>;
}

function callback({
  id,
  sid = `SM${unique()}`,
  status,
  attempt = 1,
  by = salon,
  path,
  extra = {},
}: Callback) {
  return bench.post(path ?? `/webhooks/twilio/status/${by.salonId}/${id}/${attempt}`, {
    token: by.authToken,
    form: {
      AccountSid: by.accountSid,
      MessageSid: sid,
      MessageStatus: status,
      From: by.number,
      To: CUSTOMER,
      ...extra,
    },
  });
}

const read = async ({ id }: OutboundMessage) =>
  (await messages.get(id)) ?? expect.fail("the message is gone");
const rows = async (twilioSid: string, { salonId }: BenchSalon = salon) => {
  const all = bench.database.firestore.collection(`salons/${salonId}/usage_ledger`);
  const found = await all.where("twilio_sid", "==", twilioSid).get();
  return found.docs.map((document) => document.data());
};
const announced = ({ id }: OutboundMessage) =>
  bench.messageEvents.events().filter(({ message_id }) => message_id === id);

describe("a message's status", () => {
  test("moves it forward, from the first callback that knows its SID to the last", async () => {
    const message = await claimed();
    const sid = `SM${unique()}`;
    for (const status of ["queued", "sending", "sent", "delivered"]) {
      expect((await callback({ id: message.id, sid, status })).status).toBe(204);
      expect((await read(message)).state).toBe(status);
    }
    const { attempts, due_at } = await read(message);
    expect(attempts).toMatchObject([{ sid, state: "delivered" }]);
    expect(due_at).toBeUndefined();
    expect(await rows(sid)).toMatchObject([{ kind: "sms_outbound", quantity: 1, cost_micros: 200_000 }]);
    await expect.poll(() => announced(message).map(({ state }) => state)).toContain("delivered");
  });

  test("that arrives before its SID is stored settles the message", async () => {
    const message = await claimed();
    const sid = `SM${unique()}`;
    await callback({ id: message.id, sid, status: "delivered" });
    expect(await read(message)).toMatchObject({ state: "delivered", attempts: [{ sid }] });
    const late = await messages.report(message.id, 1, { sid, state: "queued" });
    expect(late.outcome).toBe("stale");
    expect(await rows(sid)).toHaveLength(1);
  });

  test("is kept at the end when callbacks arrive in reverse", async () => {
    const message = await claimed();
    const sid = `SM${unique()}`;
    for (const status of ["delivered", "sent", "sending", "queued"]) {
      expect((await callback({ id: message.id, sid, status })).status).toBe(204);
    }
    expect((await read(message)).state).toBe("delivered");
    expect(await rows(sid)).toHaveLength(1);
  });

  test("is counted and charged once when five copies arrive at once", async () => {
    const message = await claimed();
    const sid = `SM${unique()}`;
    const copies = Array.from({ length: 5 }, () => callback({ id: message.id, sid, status: "sent" }));
    const statuses = (await Promise.all(copies)).map(({ status }) => status);
    // What the database could not decide in time is answered 5xx, and Twilio comes again.
    expect(statuses.every((status) => status === 204 || status === 503)).toBe(true);
    expect(statuses).toContain(204);
    expect((await read(message)).state).toBe("sent");
    expect(await rows(sid)).toHaveLength(1);
  });

  test("survives Twilio's own disorder: reversed, each three times", async () => {
    const message = await claimed();
    await bench.twilio.fault({ kind: "callbacks", order: "reversed", duplicate: 2 });
    const credentials = { accountSid: salon.accountSid, authToken: new Secret(salon.authToken) };
    const sent = await createTwilio({ apiBaseUrl: bench.twilio.url })
      .account(credentials)
      .sendMessage({
        to: CUSTOMER,
        from: salon.number,
        body: message.body,
        statusCallback: bench.urls.messageStatus(salon.salonId, message.id, 1),
        validityPeriodSeconds: 600,
      });
    const heard = () => bench.logs.lines.filter((line) => line.includes(message.id)).length;
    await expect.poll(heard, { timeout: 10_000 }).toBe(6);
    await bench.twilio.calm();
    expect(await read(message)).toMatchObject({ state: "delivered", attempts: [{ sid: sent.sid }] });
    expect(await rows(sent.sid)).toHaveLength(1);
  });

  test("failed takes the charge back, once, and keeps Twilio's code", async () => {
    const message = await claimed();
    const sid = `SM${unique()}`;
    await callback({ id: message.id, sid, status: "queued" });
    for (let copy = 0; copy < 2; copy += 1) {
      await callback({ id: message.id, sid, status: "failed", extra: { ErrorCode: "30003" } });
    }
    expect(await read(message)).toMatchObject({ state: "failed", attempts: [{ error_code: 30_003 }] });
    const costs = (await rows(sid)).map(({ cost_micros }) => cost_micros);
    expect(costs.sort()).toEqual([-200_000, 200_000]);
  });

  test("with another SID than the attempt's changes nothing and alarms: an attempt went out twice", async () => {
    const message = await claimed();
    const sid = `SM${unique()}`;
    await callback({ id: message.id, sid, status: "sent" });
    const twin = `SM${unique()}`;
    expect((await callback({ id: message.id, sid: twin, status: "delivered" })).status).toBe(204);
    expect(await read(message)).toMatchObject({ state: "sent", attempts: [{ sid }] });
    expect(await rows(twin)).toEqual([]);
    expect(bench.logs.lines.some((line) => line.includes("one attempt was sent twice"))).toBe(true);
  });

  test("is told again by a repetition when Pub/Sub failed the first time", async () => {
    const message = await claimed();
    const sid = `SM${unique()}`;
    bench.publisher.failOnce();
    expect((await callback({ id: message.id, sid, status: "delivered" })).status).toBe(500);
    expect((await callback({ id: message.id, sid, status: "delivered" })).status).toBe(204);
    await expect.poll(() => announced(message)).toHaveLength(1);
    expect(announced(message)[0]).toMatchObject({ state: "delivered", salon_id: salon.salonId });
    expect(await rows(sid)).toHaveLength(1);
  });
});

describe("what Twilio gains nothing by repeating is answered 204", () => {
  test("a message that is not known", async () => {
    expect((await callback({ id: "0".repeat(40), status: "sent" })).status).toBe(204);
  });

  test.each([0, 2, -1, "x", "1.5"])("the attempt %s, which was never made", async (attempt) => {
    const message = await claimed();
    expect((await callback({ id: message.id, status: "sent", attempt })).status).toBe(204);
    expect((await read(message)).state).toBe("claimed");
  });

  test.each(["teleported", "", "received"])(
    "the status %j, which is no step of a sent message",
    async (status) => {
      const message = await claimed();
      expect((await callback({ id: message.id, status })).status).toBe(204);
      expect((await read(message)).state).toBe("claimed");
    },
  );
});

describe("what must not get in", () => {
  test("another salon cannot report on this salon's message with its own valid signature", async () => {
    const message = await claimed();
    const answer = await callback({ id: message.id, status: "failed", by: other });
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    expect((await read(message)).state).toBe("claimed");
  });

  test("the salon's other account cannot report on an attempt that it did not make", async () => {
    const both = await bench.addSalon("+14155550103");
    const own = await bench.twilio.addAccount();
    const document = bench.database.firestore.doc(`salon_integrations/${both.salonId}`);
    const { platform } = (await document.get()).data() ?? {};
    const twilio = await bench.credentials(both.salonId, own.sid, own.auth_token);
    await bench.setIntegration(both.salonId, { platform, twilio });
    const message = await claimed(both);
    const byOwn = { ...both, accountSid: own.sid, authToken: own.auth_token };
    const answer = await callback({ id: message.id, status: "failed", by: byOwn });
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    expect((await read(message)).state).toBe("claimed");
  });
});

describe("a call's status", () => {
  const hangUp = (callSid: string, changes: Record<string, string> = {}, by = salon) =>
    bench.post(`/webhooks/twilio/status/${by.salonId}`, {
      token: by.authToken,
      form: {
        AccountSid: by.accountSid,
        CallSid: callSid,
        CallStatus: "completed",
        CallDuration: "61",
        Direction: "inbound",
        From: CUSTOMER,
        To: by.number,
        ...changes,
      },
    });

  test("puts its started minutes into the ledger once, however often it is told", async () => {
    const callSid = `CA${unique()}`;
    const answers = await Promise.all([hangUp(callSid), hangUp(callSid), hangUp(callSid)]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(await rows(callSid)).toMatchObject([{ kind: "voice_inbound", quantity: 2, cost_micros: 200_000 }]);
  });

  test("that comes before the call's own webhook is not undone by it", async () => {
    const callSid = `CA${unique()}`;
    await hangUp(callSid);
    await hangUp(callSid, { CallStatus: "ringing" });
    expect((await bench.database.firestore.doc(`calls/${callSid}`).get()).get("state")).toBe("completed");
  });

  test("of a call that nobody took costs nothing", async () => {
    const callSid = `CA${unique()}`;
    await hangUp(callSid, { CallStatus: "no-answer", CallDuration: "0" });
    expect(await rows(callSid)).toEqual([]);
  });

  test("of another salon's call is refused", async () => {
    const callSid = `CA${unique()}`;
    await hangUp(callSid, { CallStatus: "ringing" });
    const answer = await hangUp(callSid, {}, other);
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    expect(await rows(callSid, other)).toEqual([]);
  });

  test("stores the caller as a name that leads back to nobody", async () => {
    const callSid = `CA${unique()}`;
    await hangUp(callSid);
    const stored = JSON.stringify((await bench.database.firestore.doc(`calls/${callSid}`).get()).data());
    expect(stored).not.toContain(CUSTOMER.slice(1));
    expect(stored).not.toContain(salon.accountSid);
  });

  test.each([{ CallSid: "CA1" }, { CallStatus: "teleported" }, { CallSid: "" }])(
    "that is not understood is answered 204: %j",
    async (changes) => {
      expect((await hangUp(`CA${unique()}`, changes)).status).toBe(204);
    },
  );
});

test("nothing secret or personal is logged or published, whatever happens", async () => {
  const message = await claimed();
  const sid = `SM${unique()}`;
  await callback({ id: message.id, sid, status: "sent" });
  await callback({ id: message.id, sid, status: "failed", by: other });
  bench.publisher.failOnce();
  await callback({ id: message.id, sid, status: "undelivered", extra: { ErrorCode: "30005" } });
  const secrets = [CUSTOMER, salon.number, other.number].map((number) => number.slice(1));
  expect(bench.logs.lines.length).toBeGreaterThanOrEqual(3);
  expect(bench.logs.leaked([...secrets, salon.authToken, salon.accountSid, message.body])).toEqual([]);
  await expect.poll(() => announced(message).length).toBeGreaterThan(0);
  const events = JSON.stringify(announced(message));
  expect([...secrets, message.body, salon.accountSid].filter((secret) => events.includes(secret))).toEqual(
    [],
  );
});
