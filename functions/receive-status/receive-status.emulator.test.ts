import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { newAttempt } from "#scripts/testing/outbound-message.ts";
import {
  type BenchSalon,
  PLATFORM_NUMBERS,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { type Acceptance, createAcceptance } from "#shared/messages/acceptance.ts";
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

const clock = createMovingClock();
let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;
let messages: OutboundMessages;
let acceptance: Acceptance;
let serial = 1;
const unique = () => String(serial++).padStart(32, "0");

beforeAll(async () => {
  bench = await startWebhookBench({ clock });
  messages = createOutboundMessages(bench.database, bench.clock);
  acceptance = createAcceptance({ ...bench, messages });
  const calls = createCalls(bench.database, bench.clock);
  await bench.serve(
    "receive-status",
    createHandler({
      ...bench,
      messages,
      calls,
    }),
  );
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
  const attempt = newAttempt({ account, sender: owner.number });
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
      await callback({ id: message.id, sid, status: "failed", extra: { ErrorCode: "30005" } });
    }
    expect(await read(message)).toMatchObject({
      state: "failed",
      failure: { class: "recipient", twilio_code: 30_005 },
      attempts: [{ error_code: 30_005 }],
    });
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
    expect(bench.logs.lines.some((line) => line.includes("one message was sent twice"))).toBe(true);
    const told = await bench.documents("notifications", salon.salonId);
    const alerts = told.filter(
      ({ kind, facts }) => kind === "message_sent_twice" && facts.message_id === message.id,
    );
    expect(alerts).toHaveLength(1);
  });
});

describe("what Twilio gains nothing by repeating is answered 204", () => {
  test("a message that is not known", async () => {
    expect((await callback({ id: "0".repeat(40), status: "sent" })).status).toBe(204);
  });

  test.each([
    0,
    2,
    -1,
    9999,
    "x",
    "1.5",
    "NaN",
    "Infinity",
    "01",
    "1e0",
    "0x1",
    "%201",
    "__proto__",
    "length",
  ])("the attempt %s, which was never made", async (attempt) => {
    const message = await claimed();
    expect((await callback({ id: message.id, status: "sent", attempt })).status).toBe(204);
    expect((await read(message)).state).toBe("claimed");
  });

  test.each(["teleported", "", "received", "receiving", "partially_delivered", "unknown", "DELIVERED"])(
    "the status %j, which is no step of a sent message",
    async (status) => {
      const message = await claimed();
      expect((await callback({ id: message.id, status })).status).toBe(204);
      expect((await read(message)).state).toBe("claimed");
    },
  );

  test.each([
    "x",
    "A".repeat(40),
    "0".repeat(39),
    "__proto__",
    "%00",
    `${"0".repeat(40)}%2f1`,
    "calls",
    "calls/x/1",
    `calls/${"0".repeat(40)}/1`,
    `calls/${"0".repeat(40)}/NaN`,
  ])("an address that is none of ours: %s", async (garbage) => {
    const path = `/webhooks/twilio/status/${salon.salonId}/${garbage}`;
    const callSid = `CA${unique()}`;
    const extra = { CallSid: callSid, CallStatus: "completed", CallDuration: "61", Direction: "inbound" };
    expect((await callback({ id: "", path, status: "delivered", extra })).status).toBe(204);
    expect((await bench.database.firestore.doc(`calls/${callSid}`).get()).exists).toBe(false);
    expect(await rows(callSid)).toEqual([]);
  });

  test.each(["nobody", "platform", "x", "__proto__"])(
    "but for a salon that is none, which is refused as any other: %s",
    async (segment) => {
      const path = `/webhooks/twilio/status/${segment}/${"0".repeat(40)}/1`;
      const answer = await callback({ id: "", path, status: "sent" });
      expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    },
  );
});

describe("of an attempt whose message has gone on without it", () => {
  const fallBack = async () => {
    const { message } = await acceptance.accept({
      salonId: salon.salonId,
      idempotencyKey: unique(),
      channel: "whatsapp",
      to: CUSTOMER,
      body: "See you at 10.",
      critical: true,
      fallback: { channel: "sms" },
    });
    const account = accountFingerprint(salon.accountSid);
    const own = newAttempt({ channel: "whatsapp", account, sender: salon.number });
    expect(await messages.claim(message.id, own, 60)).toBeDefined();
    const sid = `SM${unique()}`;
    const undelivered = () =>
      callback({ id: message.id, sid, status: "undelivered", extra: { ErrorCode: "63024" } });
    expect((await undelivered()).status).toBe(204);
    return { message, sid, undelivered };
  };
  test("the failure sends it the other way and wakes its worker, once although it is repeated", async () => {
    const { message, undelivered } = await fallBack();
    expect(await read(message)).toMatchObject({ state: "held", hold_reason: "fallback", on_fallback: true });
    expect((await undelivered()).status).toBe(204);
    const woken = () =>
      bench.announcing.published.filter(
        ({ topic, key }) => topic === "outbound-critical" && key === message.id,
      );
    await expect.poll(woken).toHaveLength(1);
  });

  test("what is told of the first way changes nothing any more, and of the second it counts", async () => {
    const { message, sid } = await fallBack();
    const { accountSid, authToken } = bench.twilio.main;
    const account = accountFingerprint(accountSid);
    const sender = PLATFORM_NUMBERS.default;
    await messages.claim(message.id, newAttempt({ source: "platform_default", account, sender }), 60);
    for (const status of ["sent", "delivered", "undelivered", "failed"]) {
      expect((await callback({ id: message.id, sid, status })).status).toBe(204);
      expect(await read(message)).toMatchObject({
        state: "claimed",
        attempts: [{ state: "undelivered" }, {}],
      });
    }
    const by = { ...salon, accountSid, authToken };
    const second = `SM${unique()}`;
    await callback({ id: message.id, sid: second, status: "delivered", attempt: 2, by });
    expect(await read(message)).toMatchObject({ state: "delivered", attempts: [{ sid }, { sid: second }] });
    expect([(await rows(sid)).length, (await rows(second)).length]).toEqual([1, 1]);
  });

  test("that it was read after all is kept on the attempt's record alone", async () => {
    const { message, sid } = await fallBack();
    const { accountSid } = bench.twilio.main;
    const account = accountFingerprint(accountSid);
    await messages.claim(message.id, newAttempt({ source: "platform_default", account }), 60);
    await callback({ id: message.id, sid, status: "read" });
    expect(await read(message)).toMatchObject({ state: "claimed", attempts: [{ state: "read" }, {}] });
  });
});

describe("of an attempt whose account the salon has left meanwhile", () => {
  test("the subaccount's callback counts after the switch to the salon's own account", async () => {
    const moving = await bench.addSalon("+14155550104");
    const message = await claimed(moving);
    const own = await bench.twilio.addAccount();
    const twilio = {
      ...(await bench.credentials(moving.salonId, own.sid, own.auth_token)),
      phone_number: "+14155550105",
      is_active: true,
    };
    const document = bench.database.firestore.doc(`salon_integrations/${moving.salonId}`);
    const { platform } = (await document.get()).data() ?? {};
    await bench.setIntegration(moving.salonId, { platform: { ...platform, is_active: false }, twilio });
    const sid = `SM${unique()}`;
    const answer = await callback({ id: message.id, sid, status: "delivered", by: moving });
    expect([answer.status, (await read(message)).state]).toEqual([204, "delivered"]);
    expect(await rows(sid, moving)).toMatchObject([{ billed_to: "platform" }]);
  });

  test("an own account's callback counts as long as the account may be gone back to, and then no more", async () => {
    const moving = await bench.addSalon("+14155550106");
    const [before, now] = [await bench.twilio.addAccount(), await bench.twilio.addAccount()];
    const left = { ...moving, accountSid: before.sid, authToken: before.auth_token };
    const message = await claimed(left);
    const at = bench.clock.now();
    const previous = {
      ...(await bench.credentials(moving.salonId, before.sid, before.auth_token)),
      phone_number: moving.number,
      whatsapp_number: null,
      rotated_at: at,
      same_account: false,
    };
    const current = await bench.credentials(moving.salonId, now.sid, now.auth_token);
    const keptUntil = (expires_at: Date) =>
      bench.setIntegration(moving.salonId, { twilio: { ...current, previous: { ...previous, expires_at } } });
    const sid = `SM${unique()}`;
    await keptUntil(plusSeconds(at, 3_600));
    expect((await callback({ id: message.id, sid, status: "sent", by: left })).status).toBe(204);
    expect((await read(message)).state).toBe("sent");
    clock.pass(3_600);
    expect((await callback({ id: message.id, sid, status: "delivered", by: left })).status).toBe(403);
    expect((await read(message)).state).toBe("sent");
  });
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
    // Of two at the same moment one may have to be repeated, as Twilio does.
    for (const { status } of answers) expect([204, 503]).toContain(status);
    expect((await hangUp(callSid)).status).toBe(204);
    expect(await rows(callSid)).toMatchObject([{ kind: "voice_inbound", quantity: 2, cost_micros: 200_000 }]);
  });

  test("that comes before the call's own webhook is not undone by it", async () => {
    const callSid = `CA${unique()}`;
    await hangUp(callSid);
    await hangUp(callSid, { CallStatus: "ringing" });
    expect((await bench.database.firestore.doc(`calls/${callSid}`).get()).get("state")).toBe("completed");
  });

  test("is a customer's call unless it says otherwise", async () => {
    const [silent, outbound] = [`CA${unique()}`, `CA${unique()}`];
    await hangUp(silent, { Direction: "" });
    await hangUp(outbound, { Direction: "outbound-dial" });
    expect(await rows(silent)).toMatchObject([{ kind: "voice_inbound" }]);
    expect(await rows(outbound)).toMatchObject([{ kind: "voice_outbound" }]);
  });

  test("counts although the salon has closed during the call", async () => {
    const closed = await bench.addSalon("+14155550109", { status: "closed" });
    const callSid = `CA${unique()}`;
    expect((await hangUp(callSid, {}, closed)).status).toBe(204);
    expect(await rows(callSid, closed)).toMatchObject([{ kind: "voice_inbound", quantity: 2 }]);
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

describe("of an attempt that went through the platform's own account", () => {
  async function claimedByParent(): Promise<OutboundMessage> {
    const body = "See you at 10.";
    const request = {
      salonId: salon.salonId,
      idempotencyKey: unique(),
      channel: "sms",
      to: CUSTOMER,
      body,
    } as const;
    const { message } = await acceptance.accept(request);
    const account = accountFingerprint(bench.twilio.main.accountSid);
    const sender = PLATFORM_NUMBERS.default;
    const attempt = newAttempt({ source: "platform_default", account, sender });
    return (await messages.claim(message.id, attempt, 60)) ?? expect.fail("nobody could claim the message");
  }
  const by = (accountSid: string, authToken: string): BenchSalon => ({ ...salon, accountSid, authToken });

  test("the parent's callback counts", async () => {
    const message = await claimedByParent();
    const { accountSid, authToken } = bench.twilio.main;
    const status = "delivered";
    expect((await callback({ id: message.id, status, by: by(accountSid, authToken) })).status).toBe(204);
    expect((await read(message)).state).toBe("delivered");
  });

  test("neither another parent's nor the subaccount's does, although both are signed well", async () => {
    const message = await claimedByParent();
    const { sid, auth_token } = bench.second;
    const status = "delivered";
    expect((await callback({ id: message.id, status, by: by(sid, auth_token) })).status).toBe(403);
    expect((await callback({ id: message.id, status })).status).toBe(403);
    expect((await read(message)).state).toBe("claimed");
  });

  test("a parent's callback of an attempt that went through the subaccount is refused", async () => {
    const message = await claimed();
    const { accountSid, authToken } = bench.twilio.main;
    const forged = { id: message.id, status: "failed", by: by(accountSid, authToken) };
    expect((await callback(forged)).status).toBe(403);
    expect((await read(message)).state).toBe("claimed");
  });
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
