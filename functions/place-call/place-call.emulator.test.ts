import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import {
  type CallsBench,
  LEASE_SECONDS,
  RECHECK_SECONDS,
  startCallsBench,
} from "#scripts/testing/calls-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import type { BenchSalon } from "#scripts/testing/webhook-bench.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { FOLLOW_UP_SECONDS } from "#shared/calls/call-transitions.ts";
import type { OutboundCall } from "#shared/calls/outbound-call.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import type { E164 } from "#shared/core/phone.ts";
import { createHandler } from "./handler.ts";

const TRY_AGAIN_SECONDS = 900;
const ON_CALLS = { method: "POST", path: "/Calls\\.json$" };

let bench: CallsBench;
let salon: BenchSalon;
let customer: E164;
beforeAll(async () => {
  bench = await startCallsBench();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  await bench.twilio.calm();
  bench.clock.restart();
  bench.logs.lines.splice(0);
  salon = await bench.salon();
  customer = bench.customer();
});

const accept = (wanted: Parameters<CallsBench["accept"]>[2] = {}) =>
  bench.accept(salon.salonId, customer, wanted);
const ended = ({ state }: OutboundCall) => state === "completed";
const stepsLogged = (): string[] =>
  bench.logs.lines.flatMap((line) => (JSON.parse(line).callId ? (JSON.parse(line).step ?? []) : []));

describe("a call that is answered", () => {
  test.each([
    ["1", "confirmed"],
    ["2", "canceled"],
  ])("takes the key %s as %s, is told of, and its minutes are charged once", async (key, answer) => {
    await bench.plan(customer, { digits: [key], duration_seconds: 61 });
    const { id } = await accept();
    expect((await bench.worker().place(id))?.attempts).toHaveLength(1);
    const call = await bench.untilCall(id, ended);
    expect(call).toMatchObject({ answer, failure: null, attempts: [{ source: "platform_subaccount" }] });
    expect(call.due_at).toBeUndefined();
    const [placed, ...others] = await bench.atTwilio(customer);
    expect([placed?.from, placed?.account_sid, others]).toEqual([salon.number, salon.accountSid, []]);
    expect(await bench.minutes(salon.salonId)).toEqual({ [`${placed?.sid}_voice_outbound`]: 2 });
    await expect.poll(() => bench.news(id)).toContain(`completed ${answer}`);
    expect(bench.news(id)).toContain("accepted none");
    expect(bench.news(id)).toContain(`in-progress ${answer}`);
  });

  test("is said again after 9, as often as it is pressed", async () => {
    await bench.plan(customer, { digits: ["9", "9", "9", "1"] });
    const { id } = await accept();
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ answer: "confirmed" });
    expect(stepsLogged().filter((step) => step === "key")).toHaveLength(4);
  });

  test("is asked once more after a key that means nothing", async () => {
    await bench.plan(customer, { digits: ["5", "2"] });
    const { id } = await accept();
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ answer: "canceled" });
    expect(stepsLogged().filter((step) => step.endsWith("key"))).toEqual(["key", "last_key"]);
  });

  test("ends without an answer after two wrong keys", async () => {
    await bench.plan(customer, { digits: ["5", "*", "1"] });
    const { id } = await accept();
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ answer: "none" });
    await expect.poll(() => bench.news(id)).toContain("completed none");
  });

  test("takes no key where it asks for none", async () => {
    await bench.plan(customer, { digits: ["1"] });
    const { id } = await accept({ confirm: false });
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ answer: "none" });
  });

  test("says a template in its language", async () => {
    const booking = {
      customer_name: "Priya",
      salon_name: "Anjali",
      service: "Haircut",
      date: "5 May",
      time: "4 PM",
    };
    await bench.plan(customer, { digits: ["1"] });
    const call = await accept({ language: "te", template: { name: "booking_reminder", variables: booking } });
    expect(call.text).toContain("Priya గారు");
    await bench.worker().place(call.id);
    expect(await bench.untilCall(call.id, ended)).toMatchObject({ answer: "confirmed" });
  });
});

describe("a call that nobody takes", () => {
  test("is made again a quarter of an hour later, and then answered", async () => {
    await bench.plan(customer, { outcome: "no-answer", times: 1 });
    await bench.plan(customer, { digits: ["1"] });
    const { id } = await accept();
    await bench.worker().place(id);
    const held = await bench.untilCall(id, ({ state }) => state === "held");
    expect(held).toMatchObject({ hold_reason: "unanswered", attempts: [{ state: "no-answer" }] });
    bench.clock.pass(TRY_AGAIN_SECONDS - 1);
    expect((await bench.worker().place(id))?.attempts).toHaveLength(1);
    bench.clock.pass(1);
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ answer: "confirmed" });
    const calls = await bench.atTwilio(customer);
    expect(calls.map(({ status }) => status)).toEqual(["no-answer", "completed"]);
    expect(Object.values(await bench.minutes(salon.salonId))).toEqual([1]);
  });

  test.each(["busy", "no-answer"] as const)("is given up as %s after three tries", async (outcome) => {
    await bench.plan(customer, { outcome });
    const { id } = await accept();
    for (const tries of [1, 2, 3]) {
      await bench.worker().place(id);
      await bench.untilCall(
        id,
        ({ attempts }) => attempts.length === tries && attempts.at(-1)?.state === outcome,
      );
      bench.clock.pass(TRY_AGAIN_SECONDS);
    }
    const call = await bench.calls.get(id);
    expect(call).toMatchObject({ state: outcome, answer: "none" });
    await bench.worker().place(id);
    const made = await bench.atTwilio(customer);
    printCount(`${outcome} until given up: ${made.length} calls at Twilio`);
    expect(made).toHaveLength(3);
    expect(await bench.minutes(salon.salonId)).toEqual({});
  });

  test("is not made again once it is too late for another try", async () => {
    await bench.plan(customer, { outcome: "busy" });
    const { id } = await accept({ expiresAt: plusSeconds(bench.clock.now(), TRY_AGAIN_SECONDS) });
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ({ state }) => state === "busy")).toMatchObject({ attempts: [{}] });
  });

  test("fails at once where it cannot be connected", async () => {
    await bench.plan(customer, { outcome: "failed" });
    const { id } = await accept();
    await bench.worker().place(id);
    const call = await bench.untilCall(id, ({ state }) => state === "failed");
    expect(call).toMatchObject({ failure: { class: "recipient" }, attempts: [{}] });
  });
});

describe("when Twilio does not answer clearly", () => {
  test.each([
    ["500 after acting", { kind: "http_error", status: 500, when: "after" }],
    ["a reset after acting", { kind: "reset", when: "after" }],
    ["a time-out after acting", { kind: "timeout", when: "after" }],
  ])("%s: the callback settles it, and there is one call", async (name, fault) => {
    await bench.plan(customer, { digits: ["1"] });
    await bench.twilio.fault({ ...fault, times: 1, match: ON_CALLS });
    const { id } = await accept();
    await bench.worker({ timeoutMs: 300 }).place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ answer: "confirmed", attempts: [{}] });
    for (let look = 0; look < 3; look += 1) {
      bench.clock.pass(RECHECK_SECONDS);
      await bench.worker().place(id);
    }
    const made = await bench.atTwilio(customer);
    printCount(`${name}: ${made.length} call at Twilio`);
    expect(made).toHaveLength(1);
    expect(Object.values(await bench.minutes(salon.salonId))).toEqual([1]);
  });

  test("the list settles it when no callback comes, and asking after it tells its end", async () => {
    await bench.twilio.fault({ kind: "http_error", status: 500, when: "after", times: 1, match: ON_CALLS });
    const { id } = await accept();
    const deaf = bench.worker({ deaf: true });
    expect(await deaf.place(id)).toMatchObject({ state: "uncertain" });
    bench.clock.pass(RECHECK_SECONDS);
    const found = await deaf.place(id);
    expect(found?.attempts).toMatchObject([{ sid: expect.stringMatching(/^CA/) }]);
    await until(async () => (await bench.atTwilio(customer))[0]?.status === "completed");
    bench.clock.pass(FOLLOW_UP_SECONDS);
    await deaf.place(id);
    expect(await bench.calls.get(id)).toMatchObject({ state: "completed", attempts: [{}] });
    expect(await bench.atTwilio(customer)).toHaveLength(1);
    expect(Object.values(await bench.minutes(salon.salonId))).toEqual([1]);
    await expect.poll(() => bench.news(id)).toContain("completed none");
  });

  test("a call that Twilio surely does not have is made once more, after two looks", async () => {
    await bench.twilio.fault({ kind: "http_error", status: 500, times: 1, match: ON_CALLS });
    const { id } = await accept();
    expect(await bench.worker().place(id)).toMatchObject({ state: "uncertain" });
    bench.clock.pass(RECHECK_SECONDS);
    expect(await bench.worker().place(id)).toMatchObject({ state: "uncertain", attempts: [{ looks: 1 }] });
    expect(await bench.atTwilio(customer)).toEqual([]);
    bench.clock.pass(RECHECK_SECONDS);
    expect(await bench.worker().place(id)).toMatchObject({ state: "held", hold_reason: "retry" });
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ attempts: [{ state: "absent" }, {}] });
    expect(await bench.atTwilio(customer)).toHaveLength(1);
  });

  test("two calls to one person do not take the same one of Twilio's for theirs", async () => {
    await bench.twilio.fault({ kind: "http_error", status: 500, when: "after", times: 2, match: ON_CALLS });
    const both = [await accept(), await accept()];
    const deaf = bench.worker({ deaf: true });
    for (const { id } of both) await deaf.place(id);
    bench.clock.pass(RECHECK_SECONDS);
    const settled = await Promise.all(both.map(({ id }) => deaf.place(id)));
    const sids = settled.map((call) => call?.attempts[0]?.sid);
    expect(new Set(sids).size).toBe(2);
    expect((await bench.atTwilio(customer)).map(({ sid }) => sid).sort()).toEqual(sids.toSorted());
  });

  test("429 is repeated at once, since nothing was done", async () => {
    await bench.twilio.fault({ kind: "http_error", status: 429, times: 2, match: ON_CALLS });
    const { id } = await accept();
    await bench.worker().place(id);
    expect(await bench.untilCall(id, ended)).toMatchObject({ attempts: [{}] });
    expect(await bench.atTwilio(customer)).toHaveLength(1);
  });

  test("a worker that dies before it asked leaves the call to another one", async () => {
    const { id } = await accept();
    const attempt = { source: "platform_subaccount", account: "of-no-account", sender: customer } as const;
    await bench.calls.claim(id, attempt, LEASE_SECONDS);
    bench.clock.pass(LEASE_SECONDS - 1);
    expect(await bench.worker().place(id)).toMatchObject({ state: "claimed" });
    bench.clock.pass(1);
    expect(await bench.worker().place(id)).toMatchObject({ state: "uncertain" });
  });
});

test("ten workers at once make one call", async () => {
  const { id } = await accept();
  const workers = Array.from({ length: 10 }, () => bench.worker());
  await atOnce(10, async (index) => workers[index]?.place(id));
  await bench.untilCall(id, ended);
  const made = await bench.atTwilio(customer);
  printCount(`10 workers at once: ${made.length} call at Twilio`);
  expect(made).toHaveLength(1);
});

describe("what must not ring", () => {
  test("a customer who has opted out is not called", async () => {
    const choice = { at: bench.clock.now(), by: "keyword", channel: "sms", evidence: "SM1" } as const;
    await bench.contacts.optOut(salon.salonId, bench.partyOf(customer), choice);
    const { id } = await accept();
    expect(await bench.worker().place(id)).toMatchObject({
      state: "failed",
      failure: { class: "opted_out" },
    });
    expect(await bench.atTwilio(customer)).toEqual([]);
    await expect.poll(() => bench.news(id).toSorted()).toEqual(["accepted none", "failed none"]);
    expect((await bench.calls.get(id))?.due_at).toBeUndefined();
  });

  test("marketing in a free text rings only where the customer has agreed to it", async () => {
    const first = await accept({ category: "marketing" });
    expect(await bench.worker().place(first.id)).toMatchObject({
      state: "failed",
      failure: { class: "recipient", reason: expect.stringContaining("not agreed to marketing") },
    });
    expect(await bench.atTwilio(customer)).toEqual([]);
    const agreed = { state: "granted", at: bench.clock.now(), source: "paper" } as const;
    await bench.contacts.recordConsent(salon.salonId, bench.partyOf(customer), agreed);
    const second = await accept({ category: "marketing" });
    await bench.worker().place(second.id);
    await bench.untilCall(second.id, ended);
  });

  test("in quiet hours it waits for the morning, unless told that any time will do", async () => {
    const now = bench.clock.now();
    const clockOnTheWall = (seconds: number) => plusSeconds(now, seconds).toISOString().slice(11, 16);
    const quiet_hours = { from: clockOnTheWall(-3_600), until: clockOnTheWall(3_600) };
    const quiet = await bench.salon({ quiet_hours });
    await bench.database.firestore.doc(`salons/${quiet.salonId}`).update({ time_zone: "UTC" });
    const { id } = await bench.accept(quiet.salonId, customer);
    const held = await bench.worker().place(id);
    expect(held).toMatchObject({ state: "held", hold_reason: "quiet_hours", attempts: [] });
    expect(held?.due_at?.getTime()).toBeGreaterThan(plusSeconds(now, 3_500).getTime());
    expect(await bench.atTwilio(customer)).toEqual([]);
    const urgent = await bench.accept(quiet.salonId, bench.customer(), { timing: "any_time" });
    await bench.worker().place(urgent.id);
    await bench.untilCall(urgent.id, ended);
    bench.clock.pass(3_600 + 300);
    await bench.worker().place(id);
    await bench.untilCall(id, ended);
  });

  test.each([
    ["a salon that has switched calls off", { voice_enabled: false }, true, "switched calls off"],
    ["a number that cannot call", {}, false, "no number that can make calls"],
  ])("%s fails with the reason, and its owner is told", async (_, communication, voice, reason) => {
    const mute = await bench.salon(communication);
    await bench.database.firestore
      .doc(`salon_integrations/${mute.salonId}`)
      .set({ platform: { capabilities: { voice } } }, { merge: true });
    const { id } = await bench.accept(mute.salonId, customer);
    const failure = { class: "sender", reason: expect.stringContaining(reason) };
    const call = await bench.worker().place(id);
    expect(call).toMatchObject({ state: "failed", failure });
    expect(await bench.documents("notifications", mute.salonId)).toMatchObject([
      { kind: "calls_not_made", facts: { reason: call?.failure?.reason }, audience: ["owner"] },
    ]);
  });

  test("a call that is scheduled waits for its time, and one nobody wants any more expires", async () => {
    const now = bench.clock.now();
    const { id } = await accept({ sendAt: plusSeconds(now, 600), expiresAt: plusSeconds(now, 700) });
    expect(await bench.worker().place(id)).toMatchObject({ state: "scheduled" });
    bench.clock.pass(701);
    expect(await bench.worker().place(id)).toMatchObject({ state: "expired" });
    expect(await bench.atTwilio(customer)).toEqual([]);
    await expect.poll(() => bench.news(id)).toContain("expired none");
  });

  test("a closed salon makes no call", async () => {
    const { id } = await accept();
    await bench.database.firestore.doc(`salons/${salon.salonId}`).update({ status: "closed" });
    expect(await bench.worker().place(id)).toMatchObject({ state: "failed", failure: { class: "account" } });
  });
});

test("the salon's own account makes its calls when it is active, and pays for them", async () => {
  const number = bench.customer();
  const { sid, auth_token } = await bench.twilio.addAccount();
  await bench.twilio.giveNumber(sid, number);
  await bench.setIntegration(salon.salonId, {
    twilio: {
      ...(await bench.credentials(salon.salonId, sid, auth_token)),
      phone_number: number,
      is_active: true,
      capabilities: { voice: true },
    },
  });
  const { id } = await accept();
  await bench.worker().place(id);
  await bench.untilCall(id, ended);
  expect(await bench.atTwilio(customer)).toMatchObject([{ from: number, account_sid: sid }]);
  const rows = await bench.database.firestore.collection(`salons/${salon.salonId}/usage_ledger`).get();
  expect(rows.docs.map((row) => row.data())).toMatchObject([{ billed_to: "own_account", cost_micros: 0 }]);
});

test("an account whose token is refused is in trouble, and its calls wait", async () => {
  const match = { account_sid: salon.accountSid };
  await bench.twilio.fault({ kind: "http_error", status: 401, code: 20003, match });
  const { id } = await accept();
  expect(await bench.worker().place(id)).toMatchObject({ state: "held", hold_reason: "account_trouble" });
  const integration = await bench.database.firestore.doc(`salon_integrations/${salon.salonId}`).get();
  expect(integration.get("health.platform_subaccount")).toMatchObject({ class: "credential", channel: null });
  const another = await accept();
  expect(await bench.worker().place(another.id)).toMatchObject({ attempts: [] });
});

describe("the second of an account in which a call begins", () => {
  test("is taken once by a call that is woken again while its worker waits", async () => {
    const calls = await atOnce(3, () => bench.accept(salon.salonId, bench.customer()));
    const [first, second, third] = calls.map(({ id }) => id);
    if (first === undefined || second === undefined || third === undefined) expect.fail("no calls");
    await bench.worker().place(first);
    const meanwhile = () => bench.worker().place(second);
    await bench.worker({ meanwhile }).place(second);
    bench.slept.splice(0);
    await bench.worker().place(third);
    expect(bench.slept).toEqual([2_000]);
  });

  test("is another one for a call that comes back too late", async () => {
    const calls = await atOnce(100, () => bench.accept(salon.salonId, bench.customer()));
    for (const { id } of calls) await bench.worker().place(id);
    const last = calls.at(-1) ?? expect.fail("no call");
    expect(await bench.calls.get(last.id)).toMatchObject({ state: "held", hold_reason: "paced" });
    bench.clock.pass(600);
    bench.slept.splice(0);
    expect((await bench.worker().place(last.id))?.attempts).toHaveLength(1);
    expect(bench.slept).toEqual([0]);
  });

  test("is not taken by a call that nobody wants by then", async () => {
    const expiresAt = plusSeconds(bench.clock.now(), 2);
    const calls = await atOnce(3, () => bench.accept(salon.salonId, bench.customer(), { expiresAt }));
    const ends = [];
    for (const { id } of calls) ends.push((await bench.worker().place(id))?.due_at);
    expect(ends[2]).toEqual(expiresAt);
    bench.clock.pass(2);
    const last = calls[2] ?? expect.fail("no call");
    expect(await bench.worker().place(last.id)).toMatchObject({ state: "expired", attempts: [] });
  });
});

describe("a call that is called back", () => {
  test("is not made, and told of", async () => {
    const { id } = await accept();
    await bench.calls.cancel(id);
    expect(await bench.worker().place(id)).toMatchObject({ state: "canceled", attempts: [] });
    await expect.poll(() => bench.news(id)).toContain("canceled none");
    expect(await bench.atTwilio(customer)).toEqual([]);
  });

  test("is not made again after a try that nobody took", async () => {
    await bench.plan(customer, { outcome: "no-answer" });
    const { id } = await accept();
    await bench.worker().place(id);
    await bench.untilCall(id, ({ state }) => state === "held");
    await bench.calls.cancel(id);
    bench.clock.pass(TRY_AGAIN_SECONDS);
    expect(await bench.worker().place(id)).toMatchObject({ state: "canceled", attempts: [{}] });
    expect(await bench.atTwilio(customer)).toHaveLength(1);
  });
});

describe("what another salon sends", () => {
  test("with its own valid signature is refused, in every address, and changes nothing", async () => {
    const mallory = await bench.salon();
    await bench.plan(customer, { digits: ["2"] });
    const { id } = await accept();
    await bench.worker().place(id);
    const before = await bench.untilCall(id, ended);
    const refused = [];
    for (const salonId of [salon.salonId, mallory.salonId])
      for (const [kind, path] of [
        ["status", `calls/${id}/1`],
        ["voice", `reminder/${id}/1`],
        ["voice", `reminder/${id}/1/key`],
      ]) {
        const form = {
          AccountSid: mallory.accountSid,
          CallSid: `CA${"7".repeat(32)}`,
          CallStatus: "completed",
          CallDuration: "6000",
          From: mallory.number,
          To: customer,
          Digits: "1",
        };
        const answer = await bench.post(`/webhooks/twilio/${kind}/${salonId}/${path}`, {
          token: mallory.authToken,
          form,
        });
        refused.push(answer.status);
      }
    printCount(`another salon's webhooks about a call: ${refused.length} sent, answers ${refused.join(" ")}`);
    expect(refused).toEqual([403, 403, 403, 403, 403, 403]);
    expect(await bench.calls.get(id)).toEqual(before);
    expect(await bench.minutes(mallory.salonId)).toEqual({});
  });

  test("the same callback ten times charges once, and an older one moves nothing back", async () => {
    const { id } = await accept();
    await bench.worker().place(id);
    const { attempts } = await bench.untilCall(id, ended);
    const tell = (CallStatus: string) =>
      bench.post(`/webhooks/twilio/status/${salon.salonId}/calls/${id}/1`, {
        token: salon.authToken,
        form: {
          AccountSid: salon.accountSid,
          CallSid: attempts[0]?.sid ?? "",
          CallStatus,
          CallDuration: "30",
        },
      });
    const answers = await atOnce(10, (index) => tell(index % 2 === 0 ? "completed" : "ringing"));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    expect(await bench.calls.get(id)).toMatchObject({ state: "completed" });
    expect(Object.values(await bench.minutes(salon.salonId))).toEqual([1]);
  });

  test("an attempt written otherwise than in our addresses has no script", async () => {
    const { id } = await accept();
    await bench.worker().place(id);
    const { attempts } = await bench.untilCall(id, ended);
    const form = {
      AccountSid: salon.accountSid,
      CallSid: attempts[0]?.sid ?? "",
      CallStatus: "in-progress",
      To: customer,
    };
    const ask = async (attempt: string) => {
      const path = `/webhooks/twilio/voice/${salon.salonId}/reminder/${id}/${attempt}`;
      return (await bench.post(path, { token: salon.authToken, form })).status;
    };
    expect([await ask("1"), await ask("0x1"), await ask("1.0")]).toEqual([200, 403, 403]);
  });

  test("a call that there is not has no script", async () => {
    const path = `/webhooks/twilio/voice/${salon.salonId}/reminder/${"a".repeat(40)}/1`;
    const form = {
      AccountSid: salon.accountSid,
      CallSid: `CA${"8".repeat(32)}`,
      CallStatus: "in-progress",
      To: customer,
    };
    expect((await bench.post(path, { token: salon.authToken, form })).status).toBe(403);
  });
});

test("one key accepts a call once; another call under it is a conflict", async () => {
  const key = { idempotencyKey: "booking-4711" };
  const [first, second] = [await accept(key), await accept(key)];
  expect(second.id).toBe(first.id);
  await expect(accept({ ...key, text: "Something else." })).rejects.toMatchObject({ code: "conflict" });
  const woken = bench.publisher.published.filter(
    ({ topic, key: id }) => topic === "outbound-calls" && id === first.id,
  );
  expect(woken).toHaveLength(1);
});

test("an event without a call id is refused as malformed", async () => {
  const handler = createHandler({ placement: bench.worker() });
  await expect(handler({ kind: "message", data: {} })).rejects.toMatchObject({ code: "invalid-argument" });
});

test("nothing secret or personal is logged or published of calls", async () => {
  await bench.plan(customer, { digits: ["1"] });
  const { id } = await accept();
  await bench.worker().place(id);
  await bench.untilCall(id, ended);
  const secrets = [
    customer.slice(1),
    salon.number.slice(1),
    salon.authToken,
    salon.accountSid,
    "See you at ten",
  ];
  expect(bench.logs.lines.length).toBeGreaterThan(3);
  expect(bench.logs.leaked(secrets)).toEqual([]);
  const events = JSON.stringify(bench.announcing.published.filter(({ topic }) => topic === "call-events"));
  expect(secrets.filter((secret) => events.includes(secret))).toEqual([]);
});
