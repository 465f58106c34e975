import { beforeEach, describe, expect, test } from "vitest";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { ACCEPTED_AT, messageSid, newAttempt, outboundMessage } from "#scripts/testing/outbound-message.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { MessageId, SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import type { OutboundMessage } from "./message.ts";
import { createOutboundMessages } from "./outbound-store.ts";
import type { Report } from "./reports.ts";

const database = createDatabase(uniqueProjectId());
const { firestore } = database;
const clock = createMovingClock(ACCEPTED_AT);
const messages = createOutboundMessages(database, clock);

const LEASE_SECONDS = 60;
const SENDER = newAttempt();

let salonId: SalonId;
beforeEach(() => {
  salonId = SalonId.parse(uniqueSalonId());
});

async function created(changes: Partial<OutboundMessage> = {}): Promise<OutboundMessage> {
  const message = outboundMessage({ salon_id: salonId, idempotency_key: uniqueSalonId(), ...changes });
  await messages.create({
    ...message,
    accepted_at: clock.now(),
    expires_at: new Date(clock.now().getTime() + 86_400_000),
  });
  return message;
}
async function claimed(changes: Partial<OutboundMessage> = {}): Promise<OutboundMessage> {
  const { id, segments } = await created(changes);
  return (await messages.claim(id, { ...SENDER, segments }, LEASE_SECONDS)) ?? expect.fail("not claimed");
}
/** The salon's ledger as `row id → quantity, cost`. */
async function ledger(): Promise<Record<string, [quantity: number, cost: number]>> {
  const rows = await firestore.collection(`salons/${salonId}/usage_ledger`).get();
  return Object.fromEntries(rows.docs.map((row) => [row.id, [row.get("quantity"), row.get("cost_micros")]]));
}
const rowOf = (sid: string) => `${sid}_sms_outbound`;

let serial = 0;
const nextSid = () => messageSid(++serial);

describe("creating", () => {
  test("stores a message once, although it comes twenty times at the same moment", async () => {
    const message = outboundMessage({ salon_id: salonId });
    const results = await atOnce(20, () => messages.create(message));
    const news = results.filter(({ created }) => created);
    printCount(`create at once: 20 tries, ${news.length} created`);
    expect(news).toHaveLength(1);
    expect(new Set(results.map((result) => result.message.id))).toEqual(new Set([message.id]));
  });

  test("gives the message that stands there, as far as it has come", async () => {
    const message = await claimed();
    const { created, message: standing } = await messages.create(outboundMessage(message));
    expect({ created, standing }).toEqual({ created: false, standing: message });
  });

  test("reads back what it wrote", async () => {
    const message = await created({ segments: 3, critical: true, failure: null });
    expect(await messages.get(message.id)).toMatchObject({ ...message, expires_at: expect.any(Date) });
  });

  test("knows no message of another direction", async () => {
    const id = MessageId.parse("a".repeat(40));
    await firestore.doc(`messages/${id}`).set({ direction: "inbound" });
    expect(await messages.get(id)).toBeUndefined();
    expect(await messages.claim(id, SENDER, LEASE_SECONDS)).toBeUndefined();
    expect(await messages.report(id, 1, { sid: nextSid(), state: "sent" })).toEqual({ outcome: "unknown" });
  });
});

describe("claiming", () => {
  test("is won by one of twenty workers that want the message at the same moment", async () => {
    const wins: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const { id } = await created();
      const claims = await atOnce(20, () => messages.claim(id, SENDER, LEASE_SECONDS));
      wins.push(claims.filter((claim) => claim !== undefined).length);
      expect((await messages.get(id))?.attempts).toHaveLength(1);
    }
    printCount(`claim at once: 5 rounds of 20 workers, winners a round ${wins.join(", ")}`);
    expect(wins).toEqual([1, 1, 1, 1, 1]);
  });

  test("holds until the lease ends, and what comes then is a look, not a second send", async () => {
    const { id, due_at } = await claimed();
    expect(due_at).toEqual(new Date(clock.now().getTime() + 60_000));
    expect(await messages.claim(id, SENDER, LEASE_SECONDS)).toBeUndefined();
    clock.pass(LEASE_SECONDS + 1);
    expect(await messages.claim(id, SENDER, LEASE_SECONDS)).toBeUndefined();
  });

  test("refuses what is not due, or late for good", async () => {
    const held = await created();
    await messages.hold(held.id, "retry", new Date(clock.now().getTime() + 10_000));
    expect(await messages.claim(held.id, SENDER, LEASE_SECONDS)).toBeUndefined();
    clock.pass(10);
    expect(await messages.claim(held.id, SENDER, LEASE_SECONDS)).toMatchObject({ hold_reason: null });
    const late = await created();
    clock.pass(86_400);
    expect(await messages.claim(late.id, SENDER, LEASE_SECONDS)).toBeUndefined();
  });
});

describe("reports", () => {
  const from = () => ({ salonId, account: SENDER.account });

  test("charge a message once, by whichever way and however often Twilio tells of it", async () => {
    const { id } = await claimed({ segments: 2 });
    const sid = nextSid();
    const ways: Report[] = [
      { sid, state: "queued", segments: 2 },
      { sid, state: "sent", from: from() },
      { sid, state: "delivered", segments: 2 },
    ];
    const results = await atOnce(12, (index) => messages.report(id, 1, ways[index % 3] ?? expect.fail()));
    const outcomes = tally(results.map(({ outcome }) => outcome));
    printCount(`reports at once: 12 of one message, outcomes ${JSON.stringify(outcomes)}, 1 ledger row`);
    expect(await ledger()).toEqual({ [rowOf(sid)]: [2, 400_000] });
    expect(await messages.get(id)).toMatchObject({ state: "delivered", attempts: [{ sid }] });
  });

  test("charge by Twilio's count of segments, and nothing to who has an own account", async () => {
    const { id } = await claimed({ segments: 1 });
    const sid = nextSid();
    await messages.report(id, 1, { sid, state: "queued", segments: 4 });
    const own = await created();
    await messages.claim(own.id, { ...SENDER, source: "salon_own" }, LEASE_SECONDS);
    const ownSid = nextSid();
    await messages.report(own.id, 1, { sid: ownSid, state: "queued", segments: 1 });
    expect(await ledger()).toEqual({ [rowOf(sid)]: [4, 800_000], [rowOf(ownSid)]: [1, 0] });
  });

  test("charge a WhatsApp message as one, however long it is", async () => {
    const { id } = await created({ channel: "whatsapp" });
    await messages.claim(id, { ...SENDER, channel: "whatsapp" }, LEASE_SECONDS);
    const sid = nextSid();
    await messages.report(id, 1, { sid, state: "queued", segments: 3 });
    expect(await ledger()).toEqual({ [`${sid}_whatsapp_outbound`]: [1, 500_000] });
  });

  test.each([
    ["in order", ["queued", "failed"]],
    ["twice", ["queued", "failed", "failed", "queued"]],
    ["the other way round", ["failed", "queued"]],
    ["as the only one", ["failed"]],
  ] as const)("take the charge back once when Twilio failed, told %s", async (_, states) => {
    const { id } = await claimed({ segments: 2 });
    const sid = nextSid();
    for (const state of states) await messages.report(id, 1, { sid, state, from: from() });
    expect(await ledger()).toEqual({
      [rowOf(sid)]: [2, 400_000],
      [`${rowOf(sid)}_reversal`]: [-2, -400_000],
    });
  });

  test("do not take the charge back for what was sent and not delivered: Twilio charges it", async () => {
    const { id } = await claimed();
    const sid = nextSid();
    for (const state of ["queued", "sent", "undelivered"] as const)
      await messages.report(id, 1, { sid, state });
    expect(await ledger()).toEqual({ [rowOf(sid)]: [1, 200_000] });
  });

  test("cannot give two messages the same SID, also at the same moment", async () => {
    const [one, other] = [await claimed(), await claimed()];
    const sid = nextSid();
    const results = await Promise.all(
      [one, other].map(({ id }) => messages.report(id, 1, { sid, state: "queued" })),
    );
    expect(tally(results.map(({ outcome }) => outcome))).toEqual({ moved: 1, taken: 1 });
    expect(Object.keys(await ledger())).toEqual([rowOf(sid)]);
    const states = [await messages.get(one.id), await messages.get(other.id)].map(
      (message) => message?.state,
    );
    expect(states.toSorted()).toEqual(["claimed", "queued"]);
  });

  test("of a failed message keep its SID from being another's, too", async () => {
    const [failed, other] = [await claimed(), await claimed()];
    const sid = nextSid();
    await messages.report(failed.id, 1, { sid, state: "failed" });
    expect(await messages.report(other.id, 1, { sid, state: "failed" })).toEqual({ outcome: "taken" });
  });

  test("that are forged for another salon's message change and charge nothing", async () => {
    const message = await claimed();
    const mallory = { salonId: SalonId.parse("salon-mallory"), account: SENDER.account };
    const report = { sid: nextSid(), state: "delivered", from: mallory } as const;
    expect(await messages.report(message.id, 1, report)).toEqual({ outcome: "forbidden" });
    expect(await messages.get(message.id)).toEqual(message);
    expect(await ledger()).toEqual({});
  });

  test("of two same texts that took each other's SIDs raise no alarm, since each is there once", async () => {
    const [one, other] = [await claimed(), await claimed()];
    const [first, second] = [nextSid(), nextSid()];
    await messages.report(one.id, 1, { sid: second, state: "sent" });
    await messages.report(other.id, 1, { sid: first, state: "sent" });
    expect(await messages.report(one.id, 1, { sid: first, state: "delivered" })).toEqual({
      outcome: "taken",
    });
    expect(await messages.report(other.id, 1, { sid: nextSid(), state: "sent" })).toEqual({
      outcome: "foreign",
    });
    const told = await database.firestore
      .collection("notifications")
      .where("kind", "==", "message_sent_twice")
      .get();
    expect(told.docs.map((each) => each.get("facts.message_id"))).toContain(other.id);
    expect(told.docs.map((each) => each.get("facts.message_id"))).not.toContain(one.id);
  });

  test("of an attempt believed absent are charged beside the attempt that replaced it", async () => {
    const { id } = await claimed();
    await messages.judge(id, 1, {
      kind: "over",
      state: "absent",
      errorCode: null,
      next: { kind: "retry", retryAt: clock.now() },
    });
    await messages.claim(id, SENDER, LEASE_SECONDS);
    const [late, current] = [nextSid(), nextSid()];
    await messages.report(id, 2, { sid: current, state: "queued" });
    expect(await messages.report(id, 1, { sid: late, state: "sent" })).toMatchObject({ outcome: "doubled" });
    expect(await ledger()).toEqual({ [rowOf(late)]: [1, 200_000], [rowOf(current)]: [1, 200_000] });
  });
});

describe("what no attempt was made for", () => {
  const failure = { class: "sender", twilio_code: null, reason: "There is no number." } as const;
  const later = () => new Date(clock.now().getTime() + 30_000);

  test("can be put off, failed or expired", async () => {
    const [held, failed, expired] = [await created(), await created(), await created()];
    expect(await messages.hold(held.id, "provisioning", later())).toMatchObject({
      state: "held",
      hold_reason: "provisioning",
      due_at: later(),
    });
    expect(await messages.fail(failed.id, failure)).toMatchObject({ state: "failed", failure });
    const ended = await messages.expire(expired.id);
    expect(ended).toMatchObject({ state: "expired" });
    expect(ended).not.toHaveProperty("due_at");
  });

  test("is left alone once a worker has begun", async () => {
    const message = await claimed();
    expect(await messages.hold(message.id, "provisioning", later())).toBeUndefined();
    expect(await messages.fail(message.id, failure)).toBeUndefined();
    expect(await messages.expire(message.id)).toBeUndefined();
    expect(await messages.get(message.id)).toEqual(message);
  });

  test("is left alone once Twilio has it", async () => {
    const { id } = await claimed();
    await messages.report(id, 1, { sid: nextSid(), state: "sent" });
    expect(await messages.hold(id, "provisioning", later())).toBeUndefined();
    expect(await messages.fail(id, failure)).toBeUndefined();
    expect(await messages.expire(id)).toBeUndefined();
    expect(await messages.get(id)).toMatchObject({ state: "sent", failure: null });
  });
});
