import { afterAll, beforeAll, expect, test } from "vitest";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { type SendMessageBench, startSendMessageBench } from "#scripts/testing/send-message-bench.ts";
import type { SalonId } from "#shared/core/ids.ts";

const LIMITS = { perMinute: 60, burst: 25 };

let bench: SendMessageBench;
beforeAll(async () => {
  bench = await startSendMessageBench({ limits: LIMITS });
});
afterAll(() => bench.stop());

const send = (salonId: SalonId, changes: object = {}) =>
  bench.ask({ body: { salon_id: salonId, channel: "sms", to: bench.customer(), body: "Hello", ...changes } });
const stored = async (salonId: SalonId) =>
  (
    await bench.database.firestore.collection("messages").where("salon_id", "==", salonId).count().get()
  ).data().count;

test("a salon over its limit is told when to come again; critical messages and other salons are not held up", async () => {
  const [busy, other] = [await bench.salon(), await bench.salon()];
  const answers = await atOnce(40, () => send(busy.id));
  const statuses = tally(answers.map(({ status }) => String(status)));
  printCount(`limit: 40 requests at once of 25 allowed, answers ${JSON.stringify(statuses)}`);
  expect(statuses).toEqual({ "202": LIMITS.burst, "429": 40 - LIMITS.burst });
  expect(await stored(busy.id)).toBe(LIMITS.burst);

  const refused = await send(busy.id);
  expect(refused).toMatchObject({ status: 429, body: { error: { code: "resource-exhausted" } } });
  expect(Number(refused.retryAfter)).toBeGreaterThanOrEqual(1);
  expect((await send(busy.id, { critical: true })).status).toBe(202);
  expect((await send(other.id)).status).toBe(202);

  bench.clock.pass(Number(refused.retryAfter));
  expect((await send(busy.id)).status).toBe(202);
});

test("a bulk request takes what it needs, all or nothing", async () => {
  const salon = await bench.salon();
  const bulk = (count: number) => {
    const messages = Array.from({ length: count }, (_, index) => ({
      idempotency_key: `bulk-${count}-${index}`,
      to: bench.customer(),
    }));
    const defaults = { channel: "sms", body: "Hello" };
    return bench.ask({ path: "/v1/messages:bulk", body: { salon_id: salon.id, defaults, messages } });
  };
  expect((await bulk(20)).status).toBe(200);
  const refused = await bulk(10);
  expect(refused.status).toBe(429);
  expect(Number(refused.retryAfter)).toBeGreaterThanOrEqual(1);
  expect(await stored(salon.id)).toBe(20);
  expect(await bulk(26)).toMatchObject({ status: 400, body: { error: { reason: "over_burst" } } });
  bench.clock.pass(Number(refused.retryAfter));
  expect((await bulk(10)).status).toBe(200);
});
