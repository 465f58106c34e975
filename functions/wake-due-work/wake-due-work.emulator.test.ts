import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { newAttempt } from "#scripts/testing/outbound-message.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { createLogger } from "#shared/core/logger.ts";
import { type DueDocument, dueDocuments } from "#shared/runtime/due-work.ts";
import { createHandler } from "./handler.ts";

let bench: MessagingBench;
let salon: BenchSalon;
let lines: string[];
beforeAll(async () => {
  bench = await startMessagingBench();
  const pubsub = new PubSub({ projectId: bench.projectId });
  await Promise.all(
    ["notifications", "erasures-due", "incidents-due", "outbox-due", "outbound-calls"].map((topic) =>
      pubsub.createTopic(topic),
    ),
  );
  await pubsub.close();
  salon = await bench.salon();
});
beforeEach(async () => {
  lines = [];
  const { firestore } = bench.database;
  for (const name of ["messages", "calls", "provisioning", "notifications", "erasures", "incidents"])
    await firestore.recursiveDelete(firestore.collection(name));
});
afterAll(() => bench.stop());

/** One tick, and what it published; reading a page takes some seconds. */
async function tick(limit = 100, secondsAPage = 0): Promise<string[]> {
  const before = bench.publisher.published.length;
  const wakeDueWork = createHandler({
    due: async (collection, after) => {
      const page = await dueDocuments(bench.database, collection, bench.clock.now(), { limit, after });
      if (collection === "messages") bench.clock.pass(secondsAPage);
      return page;
    },
    publisher: bench.publisher,
    clock: bench.clock,
    logger: createLogger({ write: (line) => lines.push(line) }),
  });
  await wakeDueWork();
  const { published } = bench.publisher;
  return published.slice(before).map(({ topic, data }) => `${topic} ${JSON.stringify(data)}`);
}

const accept = (critical = false) => bench.accept(salon, { to: bench.customer(), critical });

describe("a tick", () => {
  test("wakes nothing and says nothing while nothing is due", async () => {
    await accept();
    expect(await tick()).toEqual([]);
    expect(lines).toEqual([]);
  });

  test("wakes an accepted message whose wake-up was lost, and leaves it as it is", async () => {
    const { id } = await accept();
    bench.clock.pass(30);
    const before = await bench.messages.get(id);
    expect(await tick()).toEqual([`outbound {"message_id":"${id}"}`]);
    expect(await bench.messages.get(id)).toEqual(before);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ message: "due work woken", count: 1 });
  });

  test("wakes critical messages by their own topic", async () => {
    const [usual, critical] = [await accept(), await accept(true)];
    bench.clock.pass(30);
    expect((await tick()).toSorted()).toEqual([
      `outbound {"message_id":"${usual.id}"}`,
      `outbound-critical {"message_id":"${critical.id}"}`,
    ]);
  });

  test("wakes a crashed worker's message when the lease ends, and not before", async () => {
    const { id } = await accept();
    await bench.messages.claim(id, newAttempt({ sender: salon.number }), 60);
    bench.clock.pass(59);
    expect(await tick()).toEqual([]);
    bench.clock.pass(1);
    expect(await tick()).toEqual([`outbound {"message_id":"${id}"}`]);
  });

  test("wakes nothing that Twilio has, or that has ended", async () => {
    const [sent, expired] = [await accept(), await accept()];
    await bench.worker().deliver(sent.id);
    bench.clock.pass(86_400);
    await bench.worker().deliver(expired.id);
    expect((await tick()).filter((woken) => woken.startsWith("outbound"))).toEqual([]);
  });

  test("wakes a salon's provisioning that is due", async () => {
    const { firestore } = bench.database;
    await firestore.doc("provisioning/salon-anjali").set({ due_at: bench.clock.now() });
    await firestore.doc("provisioning/salon-bloom").set({ due_at: plusSeconds(bench.clock.now(), 1) });
    await firestore.doc("provisioning/salon-chandra").set({ state: "ready" });
    expect(await tick()).toEqual(['provisioning-due {"salon_id":"salon-anjali"}']);
  });

  test("wakes a call that is due", async () => {
    const { firestore } = bench.database;
    await firestore.doc("calls/busy-an-hour-ago").set({ due_at: bench.clock.now() });
    await firestore.doc("calls/tomorrow").set({ due_at: plusSeconds(bench.clock.now(), 1) });
    await firestore.doc("calls/over").set({ state: "completed" });
    expect(await tick()).toEqual(['outbound-calls {"call_id":"busy-an-hour-ago"}']);
  });

  test("wakes a salon's erasure that is due", async () => {
    const { firestore } = bench.database;
    await firestore.doc("erasures/salon-anjali").set({ due_at: bench.clock.now() });
    await firestore.doc("erasures/salon-bloom").set({ due_at: plusSeconds(bench.clock.now(), 1) });
    await firestore.doc("erasures/salon-chandra").set({ state: "done" });
    expect(await tick()).toEqual(['erasures-due {"salon_id":"salon-anjali"}']);
  });

  test("wakes the probe of an account in trouble that is due", async () => {
    const { firestore } = bench.database;
    const incident = { salon_id: "salon-anjali", source: "salon_own" };
    await firestore.doc("incidents/salon-anjali_salon_own").set({ ...incident, due_at: bench.clock.now() });
    await firestore
      .doc("incidents/salon-bloom_salon_own")
      .set({ ...incident, due_at: plusSeconds(bench.clock.now(), 1) });
    expect(await tick()).toEqual(['incidents-due {"salon_id":"salon-anjali","source":"salon_own"}']);
  });

  test("wakes the requests that are due in any salon's outbox", async () => {
    const { firestore } = bench.database;
    const now = bench.clock.now();
    await firestore.doc("salons/salon-anjali/outbox/request-1").set({ due_at: now });
    await firestore.doc("salons/salon-bloom/outbox/request-1").set({ due_at: plusSeconds(now, -1) });
    await firestore.doc("salons/salon-bloom/outbox/request-2").set({ due_at: plusSeconds(now, 1) });
    await firestore.doc("salons/salon-bloom/outbox/request-3").set({ state: "accepted" });
    expect(await tick()).toEqual([
      'outbox-due {"path":"salons/salon-bloom/outbox/request-1"}',
      'outbox-due {"path":"salons/salon-anjali/outbox/request-1"}',
    ]);
    for (const id of ["salon-anjali", "salon-bloom"])
      await firestore.recursiveDelete(firestore.collection(`salons/${id}/outbox`));
  });

  test("wakes all that is due, however many pages it takes", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 25; index += 1) ids.push((await accept()).id);
    bench.clock.pass(30);
    const woken = await tick(10);
    expect(woken.toSorted()).toEqual(ids.map((id) => `outbound {"message_id":"${id}"}`).toSorted());
  });

  test("wakes the rest although one collection cannot be read, and says so", async () => {
    const { id } = await accept();
    bench.clock.pass(30);
    const before = bench.publisher.published.length;
    const wakeDueWork = createHandler({
      due: async (collection, after) => {
        if (collection === "outbox") throw new Error("no index");
        return dueDocuments(bench.database, collection, bench.clock.now(), { limit: 100, after });
      },
      publisher: bench.publisher,
      clock: bench.clock,
      logger: createLogger({ write: (line) => lines.push(line) }),
    });
    await expect(wakeDueWork()).rejects.toThrow("no index");
    expect(bench.publisher.published.slice(before).map(({ key }) => key)).toEqual([id]);
  });

  test("ends before the next one, which goes on", async () => {
    for (let index = 0; index < 25; index += 1) await accept();
    bench.clock.pass(30);
    expect(await tick(10, 30)).toHaveLength(20);
  });

  test("wakes what failed to be woken at the next one", async () => {
    const { id } = await accept();
    bench.clock.pass(30);
    bench.publisher.failOnce();
    await expect(tick()).rejects.toThrow("away");
    expect(await tick()).toEqual([`outbound {"message_id":"${id}"}`]);
  });

  test("reaches the topic, with the id as the key", async () => {
    const pubsub = new PubSub({ projectId: bench.projectId });
    const [subscription] = await pubsub.topic("outbound").createSubscription("wake-due-work-test");
    const arrived = new Promise<string>((resolve, reject) => {
      subscription.on("error", reject);
      subscription.on("message", (message) => {
        message.ack();
        resolve(`${message.attributes.key} ${message.data}`);
      });
    });
    const { id } = await accept();
    bench.clock.pass(30);
    await tick();
    expect(await arrived).toBe(`${id} {"message_id":"${id}"}`);
    await subscription.close();
    await pubsub.close();
  });
});

test("due work is given longest overdue first, and no more than asked for", async () => {
  const { firestore } = bench.database;
  for (const overdue of [10, 30, 20, 40]) {
    const due_at = plusSeconds(bench.clock.now(), -overdue);
    await firestore.doc(`messages/overdue-${overdue}`).set({ due_at, critical: overdue === 40 });
  }
  const page = (after?: DueDocument) =>
    dueDocuments(bench.database, "messages", bench.clock.now(), { limit: 3, after });
  const first = await page();
  expect(first.map((document) => [document.id, document.get("critical")])).toEqual([
    ["overdue-40", true],
    ["overdue-30", false],
    ["overdue-20", false],
  ]);
  expect((await page(first.at(-1))).map(({ id }) => id)).toEqual(["overdue-10"]);
});
