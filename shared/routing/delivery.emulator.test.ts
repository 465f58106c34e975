import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claimPort } from "#scripts/local-stack/free-port.ts";
import {
  type BenchSalon,
  LEASE_SECONDS,
  type MessagingBench,
  RECHECK_SECONDS,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { newAttempt } from "#scripts/testing/outbound-message.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { accountFingerprint, MessageId } from "#shared/core/ids.ts";
import type { E164 } from "#shared/core/phone.ts";

let bench: MessagingBench;
let salon: BenchSalon;
beforeAll(async () => {
  bench = await startMessagingBench();
  salon = await bench.salon();
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

const TIMEOUT_MS = 250;

/** A message to somebody new, and a worker that has it. */
async function accepted(body?: string) {
  const to = bench.customer();
  return { to, message: await bench.accept(salon, { to, ...(body === undefined ? {} : { body }) }) };
}
const fault = (to: E164, order: Record<string, unknown>, method = "POST") =>
  bench.fault({ match: { to, method }, times: 1, ...order });
const atTwilio = (to: E164) => bench.atTwilio(to);
const stored = async (id: MessageId) => (await bench.messages.get(id)) ?? expect.fail("no such message");
/** Every state that the message came to is told once, in whatever order. */
const expectTold = (id: MessageId, states: readonly string[]) =>
  expect
    .poll(() =>
      bench
        .news(id)
        .map(({ state }) => state)
        .toSorted(),
    )
    .toEqual(states.toSorted());

/** Everything that a message may still need: the clock moves to where it is due, and a fresh worker takes it. */
async function untilNothingIsDue(id: MessageId, most = 10): Promise<string[]> {
  const states: string[] = [];
  for (let step = 0; step < most; step += 1) {
    const { due_at } = await stored(id);
    if (due_at === undefined) return states;
    bench.clock.pass(Math.max(0, (due_at.getTime() - bench.clock.now().getTime()) / 1_000));
    await bench.worker().deliver(id);
    states.push((await stored(id)).state);
  }
  return expect.fail(`still due after ${most} steps: ${states.join(", ")}`);
}

/** What must hold for every message that was meant to arrive: Twilio has it once, and we know under which SID. */
async function expectSentOnce(id: MessageId, to: E164, attempts: number) {
  const [only, ...more] = await atTwilio(to);
  expect(more).toEqual([]);
  const message = await stored(id);
  expect(message.state).toBe("queued");
  expect(message.attempts).toHaveLength(attempts);
  expect(message.attempts.at(-1)).toMatchObject({ sid: only?.sid, state: "queued" });
  expect(message).not.toHaveProperty("due_at");
  const rows = await bench.database.firestore.collection(`salons/${salon.id}/usage_ledger`).get();
  const ours = rows.docs.filter((row) => row.get("message_id") === id);
  expect(ours.map((row) => row.id)).toEqual([`${only?.sid}_sms_outbound`]);
}

describe("a message", () => {
  test("is handed to Twilio once, with its id and attempt in the callback address", async () => {
    const { to, message } = await accepted();
    const delivered = await bench.worker().deliver(message.id);
    expect(delivered).toMatchObject({ state: "queued", attempts: [{ source: "platform_subaccount" }] });
    expect(await atTwilio(to)).toMatchObject([
      {
        account_sid: salon.accountSid,
        from: salon.number,
        body: "See you tomorrow at 10.",
        status_callback: `http://127.0.0.1:9/webhooks/twilio/status/${salon.id}/${message.id}/1#rc=3&rp=5xx,ct,rt`,
      },
    ]);
    await expectSentOnce(message.id, to, 1);
    await expectTold(message.id, ["accepted", "claimed", "queued"]);
  });

  test("is sent once although its event comes twice", async () => {
    const { to, message } = await accepted();
    const worker = bench.worker();
    await worker.deliver(message.id);
    expect(await worker.deliver(message.id)).toMatchObject({ state: "queued" });
    await expectSentOnce(message.id, to, 1);
    await expectTold(message.id, ["accepted", "claimed", "queued"]);
  });

  test("is sent once although many workers are woken for it at the same moment", async () => {
    const { to, message } = await accepted();
    await Promise.all(Array.from({ length: 8 }, () => bench.worker().deliver(message.id)));
    printCount(`deliveries at once: 8 workers, ${(await atTwilio(to)).length} message at Twilio`);
    await expectSentOnce(message.id, to, 1);
    await expectTold(message.id, ["accepted", "claimed", "queued"]);
  });

  test("that nobody knows is no trouble", async () => {
    expect(await bench.worker().deliver(MessageId.parse("0".repeat(40)))).toBeUndefined();
  });

  test("that Twilio refuses fails with its class and code, and in words", async () => {
    const { to, message } = await accepted();
    await bench.fault({ kind: "recipient", to, error_code: 21614, surface: "sync", times: 1 });
    const refused = await bench.worker().deliver(message.id);
    expect(refused).toMatchObject({
      state: "failed",
      failure: {
        class: "recipient",
        twilio_code: 21614,
        reason: expect.stringContaining("cannot be reached"),
      },
      attempts: [{ state: "rejected", error_code: 21614, sid: null }],
    });
    expect(await stored(message.id)).not.toHaveProperty("due_at");
    expect(await atTwilio(to)).toEqual([]);
    await expectTold(message.id, ["accepted", "claimed", "failed"]);
  });

  test("to somebody who opted out is not tried again", async () => {
    const { to, message } = await accepted();
    await bench.fault({ kind: "recipient", to, error_code: 21610, surface: "sync" });
    await bench.worker().deliver(message.id);
    expect(await stored(message.id)).toMatchObject({ state: "failed", failure: { class: "opted_out" } });
    expect(await untilNothingIsDue(message.id)).toEqual([]);
  });

  test("expires instead of being sent a day late", async () => {
    const { to, message } = await accepted();
    bench.clock.pass(24 * 3_600);
    expect(await bench.worker().deliver(message.id)).toMatchObject({ state: "expired" });
    expect(await untilNothingIsDue(message.id)).toEqual([]);
    expect(await atTwilio(to)).toEqual([]);
    await expectTold(message.id, ["accepted", "expired"]);
  });
});

describe("when Twilio is in trouble", () => {
  test("429 is tried three times at once, then held until later, and the message is sent once", async () => {
    const { to, message } = await accepted();
    await bench.fault({ kind: "http_error", status: 429, match: { to, method: "POST" }, times: 3 });
    await bench.worker().deliver(message.id);
    expect(await stored(message.id)).toMatchObject({
      state: "held",
      hold_reason: "retry",
      attempts: [{ state: "rejected", error_code: 20429, sid: null }],
    });
    await bench.worker().deliver(message.id);
    expect(await atTwilio(to), "not before it is due").toEqual([]);
    expect(await untilNothingIsDue(message.id)).toEqual(["queued"]);
    await expectSentOnce(message.id, to, 2);
    await expectTold(message.id, ["accepted", "claimed", "held", "claimed", "queued"]);
  });

  test("a refused connection is tried again later", async () => {
    const { to, message } = await accepted();
    const closed = `http://127.0.0.1:${await claimPort(0, "nobody")}`;
    await bench.worker({ twilioUrl: closed }).deliver(message.id);
    expect(await stored(message.id)).toMatchObject({ state: "held", hold_reason: "retry" });
    expect(await untilNothingIsDue(message.id)).toEqual(["queued"]);
    await expectSentOnce(message.id, to, 2);
  });

  test("500 before it acted: looked for twice, then sent again once", async () => {
    const { to, message } = await accepted();
    await fault(to, { kind: "http_error", status: 500 });
    await bench.worker().deliver(message.id);
    expect(await stored(message.id)).toMatchObject({ state: "uncertain", attempts: [{ looks: 0 }] });
    expect(await untilNothingIsDue(message.id)).toEqual(["uncertain", "held", "queued"]);
    expect((await stored(message.id)).attempts[0]).toMatchObject({ state: "absent", sid: null });
    await expectSentOnce(message.id, to, 2);
  });

  test.each([
    ["500", { kind: "http_error", status: 500, when: "after" }],
    ["a gateway's 502", { kind: "http_error", status: 502, as: "html", when: "after" }],
    ["a reset", { kind: "reset", when: "after" }],
    ["a timeout", { kind: "timeout", when: "after" }],
  ])("%s after it acted: the message is found, and not sent again", async (_, order) => {
    const { to, message } = await accepted();
    await fault(to, order);
    await bench.worker({ timeoutMs: TIMEOUT_MS }).deliver(message.id);
    expect(await stored(message.id)).toMatchObject({ state: "uncertain", attempts: [{ sid: null }] });
    expect(await untilNothingIsDue(message.id)).toEqual(["queued"]);
    await expectSentOnce(message.id, to, 1);
    await expectTold(message.id, ["accepted", "claimed", "uncertain", "queued"]);
  });

  test("an uncertain message is left alone until it is due, however often it is woken", async () => {
    const { to, message } = await accepted();
    await fault(to, { kind: "http_error", status: 500 });
    const worker = bench.worker();
    await worker.deliver(message.id);
    bench.clock.pass(RECHECK_SECONDS - 1);
    for (let round = 0; round < 3; round += 1) await worker.deliver(message.id);
    expect(await stored(message.id)).toMatchObject({ state: "uncertain", attempts: [{ looks: 0 }] });
    expect(await atTwilio(to)).toEqual([]);
  });

  test("a callback settles an uncertain message before anybody looks for it", async () => {
    const { to, message } = await accepted();
    await fault(to, { kind: "timeout", when: "after" });
    await bench.worker({ timeoutMs: TIMEOUT_MS }).deliver(message.id);
    const sid = (await atTwilio(to))[0]?.sid ?? "";
    const from = { salonId: salon.id, account: accountFingerprint(salon.accountSid) };
    await bench.messages.report(message.id, 1, { sid, state: "sent", from });
    expect(await untilNothingIsDue(message.id)).toEqual([]);
    expect(await stored(message.id)).toMatchObject({ state: "sent", attempts: [{ sid }] });
    expect(await atTwilio(to)).toHaveLength(1);
  });

  test("a message that Twilio's list shows late is found at the second look", async () => {
    const { to, message } = await accepted();
    await bench.fault({ kind: "list_lag", ms: 1_500, match: { to } });
    await fault(to, { kind: "http_error", status: 500, when: "after" });
    await bench.worker().deliver(message.id);
    bench.clock.pass(RECHECK_SECONDS);
    expect(await bench.worker().deliver(message.id)).toMatchObject({
      state: "uncertain",
      attempts: [{ looks: 1 }],
    });
    await until(async () => (await bench.twilio(salon).listMessages({ to, limit: 1 })).length === 1);
    expect(await untilNothingIsDue(message.id)).toEqual(["queued"]);
    await expectSentOnce(message.id, to, 1);
  });

  test("a list that cannot be read counts as no look, and the message is found when it can", async () => {
    const { to, message } = await accepted();
    await fault(to, { kind: "http_error", status: 500, when: "after" });
    await bench.worker().deliver(message.id);
    const match = { account_sid: salon.accountSid, method: "GET" };
    await bench.fault({ kind: "http_error", status: 503, match, times: 2 });
    expect(await untilNothingIsDue(message.id)).toEqual(["uncertain", "uncertain", "queued"]);
    await expectSentOnce(message.id, to, 1);
  });

  test("a message whose account can be asked no more ends after its day, and is never sent twice", async () => {
    const other = await bench.salon();
    const to = bench.customer();
    const message = await bench.accept(other, { to });
    await fault(to, { kind: "http_error", status: 500, when: "after" });
    await bench.worker().deliver(message.id);
    const match = { account_sid: other.accountSid };
    await bench.fault({ kind: "http_error", status: 401, code: 20003, match });
    bench.clock.pass(24 * 3_600);
    expect(await untilNothingIsDue(message.id)).toEqual(["failed"]);
    expect(await stored(message.id)).toMatchObject({ failure: { class: "uncertain", twilio_code: null } });
    expect(await atTwilio(to)).toHaveLength(1);
    await expectTold(message.id, ["accepted", "claimed", "uncertain", "failed"]);
  });

  test("a message that was sent again never takes its own earlier try for the new one", async () => {
    const { to, message } = await accepted();
    await bench.worker().deliver(message.id);
    const first = (await atTwilio(to))[0]?.sid ?? "";
    await bench.messages.report(message.id, 1, { sid: first, state: "undelivered", errorCode: 30005 });
    await bench.messages.resend(message.id);
    await fault(to, { kind: "timeout" });
    await bench.worker({ timeoutMs: TIMEOUT_MS }).deliver(message.id);
    expect(await untilNothingIsDue(message.id)).toEqual(["uncertain", "held", "queued"]);
    const sids = (await atTwilio(to)).map(({ sid }) => sid);
    expect(sids).toHaveLength(2);
    const { attempts } = await stored(message.id);
    expect(
      attempts
        .map(({ sid }) => sid)
        .filter((sid) => sid !== null)
        .toSorted(),
    ).toEqual(sids.toSorted());
  });

  test("two identical texts to one person, both uncertain, are told apart", async () => {
    const to = bench.customer();
    const [first, second] = [await bench.accept(salon, { to }), await bench.accept(salon, { to })];
    await bench.fault({
      kind: "http_error",
      status: 500,
      when: "after",
      match: { to, method: "POST" },
      times: 2,
    });
    for (const { id } of [first, second]) await bench.worker().deliver(id);
    await untilNothingIsDue(second.id);
    await untilNothingIsDue(first.id);
    const sids = [await stored(first.id), await stored(second.id)].map(({ attempts }) => attempts[0]?.sid);
    expect(new Set(sids)).toEqual(new Set((await atTwilio(to)).map(({ sid }) => sid)));
    expect(sids).toHaveLength(2);
    expect(await atTwilio(to)).toHaveLength(2);
  });

  test("a twin that another message has does not hide that this one was never sent", async () => {
    const to = bench.customer();
    const [sent, lost] = [await bench.accept(salon, { to }), await bench.accept(salon, { to })];
    await bench.worker().deliver(sent.id);
    await fault(to, { kind: "http_error", status: 500 });
    await bench.worker().deliver(lost.id);
    expect(await untilNothingIsDue(lost.id)).toEqual(["uncertain", "held", "queued"]);
    expect(await atTwilio(to)).toHaveLength(2);
    const [one, other] = [await stored(sent.id), await stored(lost.id)];
    expect(one.attempts.at(-1)?.sid).not.toBe(other.attempts.at(-1)?.sid);
  });

  test("a twin that Twilio reported as failed stays the other message's too", async () => {
    const to = bench.customer();
    const [failed, lost] = [await bench.accept(salon, { to }), await bench.accept(salon, { to })];
    await fault(to, { kind: "timeout", when: "after" });
    await bench.worker({ timeoutMs: TIMEOUT_MS }).deliver(failed.id);
    const sid = (await atTwilio(to))[0]?.sid ?? "";
    await bench.messages.report(failed.id, 1, { sid, state: "failed", errorCode: 30034 });
    await fault(to, { kind: "http_error", status: 500 });
    await bench.worker().deliver(lost.id);
    await untilNothingIsDue(lost.id);
    expect(await stored(lost.id)).toMatchObject({ state: "queued", attempts: [{ state: "absent" }, {}] });
  });

  test("another text to the same person, or the same text by another salon, is no twin", async () => {
    const to = bench.customer();
    const neighbour = await bench.salon();
    const about = (from: string) => ({
      to,
      from,
      statusCallback: "http://127.0.0.1:9/",
      validityPeriodSeconds: 60,
    });
    await bench.twilio(salon).sendMessage({ ...about(salon.number), body: "Your invoice." });
    await bench
      .twilio(neighbour)
      .sendMessage({ ...about(neighbour.number), body: "See you tomorrow at 10." });
    const message = await bench.accept(salon, { to });
    await fault(to, { kind: "http_error", status: 500 });
    await bench.worker().deliver(message.id);
    expect(await untilNothingIsDue(message.id)).toEqual(["uncertain", "held", "queued"]);
    expect(await atTwilio(to)).toHaveLength(3);
  });
});

describe("when a worker dies", () => {
  const begun = () => newAttempt({ account: accountFingerprint(salon.accountSid), sender: salon.number });

  test("after it claimed a message: nobody touches it before the lease ends, then it is sent once", async () => {
    const { to, message } = await accepted();
    await bench.messages.claim(message.id, begun(), LEASE_SECONDS);
    bench.clock.pass(LEASE_SECONDS - 1);
    await bench.worker().deliver(message.id);
    expect(await stored(message.id)).toMatchObject({ state: "claimed" });
    expect(await untilNothingIsDue(message.id)).toEqual(["uncertain", "held", "queued"]);
    await expectSentOnce(message.id, to, 2);
  });

  test("after Twilio took the message: it is found, and not sent again", async () => {
    const { to, message } = await accepted();
    await bench.messages.claim(message.id, begun(), LEASE_SECONDS);
    await bench.twilio(salon).sendMessage({
      to,
      from: salon.number,
      body: message.body,
      statusCallback: "http://127.0.0.1:9/",
      validityPeriodSeconds: 60,
    });
    expect(await untilNothingIsDue(message.id)).toEqual(["queued"]);
    await expectSentOnce(message.id, to, 1);
  });

  test("a message absent at the end of its day expires and is not sent", async () => {
    const { to, message } = await accepted();
    bench.clock.pass(24 * 3_600 - 60);
    await bench.messages.claim(message.id, begun(), LEASE_SECONDS);
    expect(await untilNothingIsDue(message.id)).toEqual(["uncertain", "held", "expired"]);
    expect(await atTwilio(to)).toEqual([]);
  });
});

describe("without a way to send", () => {
  test("the first message asks for messaging once, waits, and goes when the subaccount is there", async () => {
    const waiting = await bench.salon({ integration: "none" });
    const integration = bench.database.firestore.doc(`salon_integrations/${waiting.id}`);
    const to = bench.customer();
    const [first, second] = [await bench.accept(waiting, { to }), await bench.accept(waiting, { to })];
    const held = await bench.worker().deliver(first.id);
    expect(held).toMatchObject({ state: "held", hold_reason: "provisioning", attempts: [] });
    const asked = await integration.get();
    expect(asked.get("requested")).toMatchObject({ messaging: "platform", by: "first-message" });
    for (const { id } of [second, first]) await bench.worker().deliver(id);
    bench.clock.pass(30);
    await bench.worker().deliver(first.id);
    expect((await integration.get()).updateTime).toEqual(asked.updateTime);
    await bench.activate(waiting);
    expect(await untilNothingIsDue(first.id)).toEqual(["queued"]);
    // Still held is no news.
    await expectTold(first.id, ["accepted", "held", "claimed", "queued"]);
    expect(await atTwilio(to)).toHaveLength(1);
  });

  test("what a salon has switched off fails in words", async () => {
    const silent = await bench.salon({ document: { communication: { sms_enabled: false } } });
    const message = await bench.accept(silent, { to: bench.customer() });
    expect(await bench.worker().deliver(message.id)).toMatchObject({
      state: "failed",
      failure: { class: "sender", reason: "The salon has switched sms off in its settings." },
      attempts: [],
    });
    await expectTold(message.id, ["accepted", "failed"]);
  });

  test("the message of a salon that has closed since fails, instead of coming back every minute", async () => {
    const closing = await bench.salon();
    const message = await bench.accept(closing, { to: bench.customer() });
    await bench.database.firestore.doc(`salons/${closing.id}`).update({ status: "closed" });
    expect(await bench.worker().deliver(message.id)).toMatchObject({
      state: "failed",
      failure: { class: "account", reason: "There is no open salon with this salon_id." },
    });
    expect(await untilNothingIsDue(message.id)).toEqual([]);
  });

  test("credentials moved over from another salon send nothing", async () => {
    const thief = await bench.salon();
    const { firestore } = bench.database;
    const stolen = (await firestore.doc(`salon_integrations/${salon.id}`).get()).get("platform");
    await firestore.doc(`salon_integrations/${thief.id}`).update({ platform: stolen });
    const to = bench.customer();
    const message = await bench.accept(thief, { to });
    expect(await bench.worker().deliver(message.id)).toMatchObject({ state: "failed", attempts: [] });
    expect(await atTwilio(to)).toEqual([]);
  });
});

test("nothing of a customer and no credential is in the log of all this", () => {
  const log = bench.logLines.join("\n");
  expect(bench.logLines.length).toBeGreaterThan(50);
  expect(log).not.toMatch(/\+1415555|See you|Priya|AC[0-9a-f]{32}/);
  expect(log).not.toContain(salon.authToken);
});
