import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import type { MessageId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createHeldMessages, type HeldMessages } from "./held.ts";

let bench: MessagingBench;
let salon: BenchSalon;
let held: HeldMessages;
beforeAll(async () => {
  bench = await startMessagingBench();
  held = createHeldMessages(bench.database, bench.publisher, bench.clock);
});
afterAll(() => bench.stop());

const inAnHour = () => new Date(bench.clock.now().getTime() + 3_600_000);

async function holding(reason: "provisioning" | "retry", options: { critical?: boolean } = {}) {
  const { id } = await bench.accept(salon, { to: bench.customer(), ...options });
  await bench.messages.hold(id, reason, inAnHour());
  return id;
}
const dueAt = async (id: MessageId) => (await bench.messages.get(id))?.due_at;
const wokenSince = (from: number) =>
  bench.publisher.published
    .slice(from)
    .map(({ topic, key }) => `${topic} ${key}`)
    .toSorted();

test("makes due and wakes what waited for this in this salon, and nothing else", async () => {
  salon = await bench.salon({ integration: "none" });
  const elsewhere = await holding("provisioning");
  salon = await bench.salon({ integration: "none" });
  const [usual, critical] = [
    await holding("provisioning"),
    await holding("provisioning", { critical: true }),
  ];
  const [other, accepted] = [await holding("retry"), await bench.accept(salon, { to: bench.customer() })];
  const before = bench.publisher.published.length;
  expect(await held.release(salon.id, "provisioning")).toBe(2);
  expect(wokenSince(before)).toEqual([`outbound ${usual}`, `outbound-critical ${critical}`].toSorted());
  for (const id of [usual, critical]) expect(await dueAt(id)).toEqual(bench.clock.now());
  for (const id of [other, elsewhere]) expect(await dueAt(id)).toEqual(inAnHour());
  expect(await dueAt(accepted.id)).toEqual(accepted.due_at);
});

test("gives none when nobody waits", async () => {
  salon = await bench.salon({ integration: "none" });
  expect(await held.release(salon.id, "provisioning")).toBe(0);
});

test("makes due what it could not wake, so that due work does", async () => {
  salon = await bench.salon({ integration: "none" });
  const id = await holding("provisioning");
  bench.publisher.failOnce();
  await expect(held.release(salon.id, "provisioning")).rejects.toThrow("away");
  expect(await dueAt(id)).toEqual(bench.clock.now());
});

test("does not touch a message that a worker took after it was found waiting", async () => {
  salon = await bench.salon();
  const id = await holding("provisioning");
  bench.clock.pass(3_600);
  let inBetween: (() => Promise<unknown>) | undefined = () => bench.worker().deliver(id);
  const interrupted: Database = {
    ...bench.database,
    async run(work) {
      const result = await bench.database.run(work);
      const act = inBetween;
      inBetween = undefined;
      await act?.();
      return result;
    },
  };
  await createHeldMessages(interrupted, bench.publisher, bench.clock).release(salon.id, "provisioning");
  const message = await bench.messages.get(id);
  expect(message).toMatchObject({ state: "queued", attempts: [{ number: 1 }] });
  expect(message).not.toHaveProperty("due_at");
});
