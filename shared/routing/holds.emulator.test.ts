import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type MessagingBench, startMessagingBench } from "#scripts/testing/messaging-bench.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { createHeldMessages } from "#shared/messages/held.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";

let bench: MessagingBench;
beforeAll(async () => {
  bench = await startMessagingBench();
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

/** What a clock on the wall in Greenwich shows so many seconds from now. */
const wall = (seconds: number) => plusSeconds(bench.clock.now(), seconds).toISOString().slice(11, 16);
/** A salon in whose quiet hours it is now; they end at the full minute an hour from now. */
const quietSalon = () =>
  bench.salon({
    document: {
      time_zone: "UTC",
      communication: { quiet_hours: { from: wall(-3_600), until: wall(3_600) } },
    },
  });
const secondsUntil = (message: OutboundMessage | undefined) =>
  ((message?.due_at?.getTime() ?? Number.NaN) - bench.clock.now().getTime()) / 1_000;
const MARKETING = { category: "marketing", timing: "no_quiet_hours" } as const;

/** Whoever is written to has agreed to marketing. */
async function offer(salon: Awaited<ReturnType<typeof quietSalon>>, changes: object = {}) {
  const to = bench.customer();
  const consent = { state: "granted", at: bench.clock.now(), source: "test" } as const;
  await bench.contacts.recordConsent(salon.id, bench.partyOf(to), consent);
  return bench.accept(salon, { to, ...MARKETING, ...changes });
}

describe("a message in quiet hours", () => {
  test("is held with its reason until they end, spread over some minutes, and then goes", async () => {
    const salon = await quietSalon();
    const { id, to } = await offer(salon);
    const held = await bench.worker({ random: () => 0.5 }).deliver(id);
    expect(held).toMatchObject({ state: "held", hold_reason: "quiet_hours", attempts: [] });
    expect(secondsUntil(held)).toBeGreaterThan(3_540 + 149);
    expect(secondsUntil(held)).toBeLessThanOrEqual(3_600 + 150);
    bench.clock.pass(secondsUntil(held));
    expect(await bench.worker().deliver(id)).toMatchObject({ state: "queued" });
    expect(await bench.atTwilio(to)).toHaveLength(1);
  });

  test("is wanted for a day from when it may go", async () => {
    const { expires_at } = await offer(await quietSalon());
    const ahead = (expires_at.getTime() - bench.clock.now().getTime()) / 1_000;
    expect(ahead).toBeGreaterThan(86_400 + 3_540);
  });

  test("is refused at once when nobody would want it any more by then", async () => {
    const salon = await quietSalon();
    const expiresAt = plusSeconds(bench.clock.now(), 1_800);
    await expect(offer(salon, { expiresAt })).rejects.toMatchObject({
      code: "invalid-argument",
      context: { field: "expires_at" },
    });
  });

  test("is not held past its expiry by the spread", async () => {
    const salon = await quietSalon();
    const expiresAt = plusSeconds(bench.clock.now(), 3_630);
    const { id } = await offer(salon, { expiresAt });
    const held = await bench.worker({ random: () => 0.99 }).deliver(id);
    expect(held?.due_at?.getTime()).toBeLessThan(expiresAt.getTime());
    bench.clock.pass(secondsUntil(held));
    expect(await bench.worker().deliver(id)).toMatchObject({ state: "queued" });
  });
});

test("a WhatsApp message waits for the opening", async () => {
  const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
  const day = { opens: wall(3_600), closes: wall(7_200) };
  const hours = Object.fromEntries(weekdays.map((weekday) => [weekday, day]));
  const salon = await bench.salon({ document: { time_zone: "UTC", hours } });
  const { id } = await bench.accept(salon, { to: bench.customer(), channel: "whatsapp" });
  const held = await bench.worker().deliver(id);
  expect(held).toMatchObject({ state: "held", hold_reason: "business_hours" });
  expect(secondsUntil(held)).toBeGreaterThan(3_500);
});

const AWAKE = { quiet_hours: null };

describe("a campaign that has to wait", () => {
  /** Ten messages of a campaign, at the sender's rate from now on. */
  async function campaign(salon: Awaited<ReturnType<typeof bench.salon>>) {
    const requests = Array.from({ length: 10 }, (_, index) => ({
      salonId: salon.id,
      idempotencyKey: `offer-${index}`,
      channel: "sms" as const,
      to: bench.customer(),
      body: "Ten percent off.",
      timing: "no_quiet_hours" as const,
    }));
    const accepted = await bench.bulkAcceptance.accept(salon.id, requests);
    return accepted.map((each) => (each instanceof AppError ? expect.fail(each.message) : each.message));
  }
  const gaps = (messages: readonly (OutboundMessage | undefined)[]) => {
    const due = messages.map((each) => each?.due_at?.getTime() ?? Number.NaN).toSorted((a, b) => a - b);
    return due.slice(1).map((each, index) => each - (due[index] ?? 0));
  };
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

  test("for hours that were changed meanwhile goes on at its rate when they are over", async () => {
    const salon = await bench.salon({ document: { time_zone: "UTC", communication: AWAKE } });
    const messages = await campaign(salon);
    const quiet_hours = { from: wall(-3_600), until: wall(3_600) };
    await bench.database.firestore.doc(`salons/${salon.id}`).update({ communication: { quiet_hours } });
    bench.clock.pass(60);
    const held: (OutboundMessage | undefined)[] = [];
    for (const { id } of messages) held.push(await bench.worker().deliver(id));
    expect(held.map((each) => each?.hold_reason)).toEqual(Array(10).fill("quiet_hours"));
    expect(Math.min(...gaps(held))).toBeGreaterThanOrEqual(1_429);
    expect(sum(gaps(held)), "and without a hole").toBe(9 * 1_429);
  });

  test("for its account keeps its places when that is well again", async () => {
    const salon = await bench.salon({ document: { communication: AWAKE } });
    const messages = await campaign(salon);
    const usual = await bench.accept(salon, { to: bench.customer() });
    const integration = bench.database.firestore.doc(`salon_integrations/${salon.id}`);
    const trouble = { class: "account", channel: null, code: 30002, reason: "Suspended.", since: new Date() };
    await integration.update({ "health.platform_subaccount": trouble });
    bench.clock.pass(60);
    const worker = bench.worker();
    for (const { id } of [...messages, usual]) await worker.deliver(id);
    const stored = await bench.messages.getAll(messages.map(({ id }) => id));
    expect(stored.map(({ hold_reason }) => hold_reason)).toEqual(Array(10).fill("account_trouble"));
    expect(Math.min(...gaps(stored))).toBeGreaterThanOrEqual(1_429);
    const held = createHeldMessages(bench.database, bench.publisher, bench.clock);
    expect(await held.release(salon.id, "account_trouble"), "only what is no campaign's").toBe(1);
    expect(await bench.messages.getAll(messages.map(({ id }) => id))).toEqual(stored);
  });
});
