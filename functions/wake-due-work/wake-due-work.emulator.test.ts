import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { newAttempt } from "#scripts/testing/outbound-message.ts";
import { sleepTogether } from "#scripts/testing/sleep-together.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { MessageId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { DUE_COLLECTIONS, type DueDocument, dueDocuments } from "#shared/runtime/due-work.ts";
import { createHandler, type Deps } from "./handler.ts";

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

interface TickOptions {
  readonly due?: Deps["due"];
  readonly publishedAt?: Date;
  readonly sleep?: Deps["sleep"];
}

const pages =
  (limit: number): Deps["due"] =>
  (collection, now, after) =>
    dueDocuments(bench.database, collection, now, { limit, after });

interface Woken {
  readonly at: Date;
  readonly what: string;
}

let woken: Woken[];

/** A whole tick, a minute of the bench's clock unless it was published before; gives what it woke, and when. */
async function minute({
  due = pages(100),
  publishedAt,
  sleep = sleeping(),
}: TickOptions = {}): Promise<Woken[]> {
  woken = [];
  const wakeDueWork = createHandler({
    due,
    publisher: {
      async publish(topic, key, data) {
        woken.push({ at: bench.clock.now(), what: `${topic} ${JSON.stringify(data)}` });
        await bench.publisher.publish(topic, key, data);
      },
    },
    clock: bench.clock,
    sleep,
    logger: createLogger({ write: (line) => lines.push(line) }),
  });
  await wakeDueWork({ kind: "message", data: {}, ...(publishedAt === undefined ? {} : { publishedAt }) });
  return woken;
}

/** Every collection sleeps for itself. */
const sleeping = (more = 0) => sleepTogether(bench.clock, DUE_COLLECTIONS.length + more);

/** A tick whose minute is over but for a millisecond, so that it looks once; gives what it woke. */
async function tick(limit = 100): Promise<string[]> {
  const publishedAt = plusSeconds(bench.clock.now(), -59.999);
  return (await minute({ due: pages(limit), publishedAt })).map(({ what }) => what);
}

const secondsAfter = (start: Date, at: Date) => (at.getTime() - start.getTime()) / 1_000;

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
    // Its event has ten seconds to come.
    const now = plusSeconds(bench.clock.now(), -10);
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

  test("wakes what failed to be woken at the next one", async () => {
    const { id } = await accept();
    bench.clock.pass(30);
    bench.publisher.failOnce();
    await expect(minute()).rejects.toThrow("away");
    expect(woken).toHaveLength(1);
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

describe("a minute", () => {
  /** A message that is due so many seconds from now; nothing but what a tick sees of it. */
  async function place(id: string, seconds: number): Promise<void> {
    const due_at = plusSeconds(bench.clock.now(), seconds);
    await bench.database.firestore.doc(`messages/${id}`).set({ due_at, critical: false });
  }

  const idOf = ({ what }: Woken) => /"message_id":"([^"]+)"/.exec(what)?.[1];

  /** A sleep in which something happens so many seconds after the start. */
  function meanwhile(start: Date, second: number, act: () => Promise<void>): Deps["sleep"] {
    const sleep = sleeping();
    let acted: Promise<void> | undefined;
    return async (milliseconds) => {
      if (secondsAfter(start, bench.clock.now()) === second) {
        acted ??= act();
        await acted;
      }
      await sleep(milliseconds);
    };
  }

  test("120 messages with places a second apart go in their seconds, over two ticks", async () => {
    const start = bench.clock.now();
    for (let index = 0; index < 120; index += 1) await place(`place-${index}`, index);
    const first = await minute();
    for (const each of first) await bench.database.firestore.doc(`messages/${idOf(each)}`).delete();
    expect([...first, ...(await minute())].map((each) => [idOf(each), secondsAfter(start, each.at)])).toEqual(
      Array.from({ length: 120 }, (_, index) => [`place-${index}`, index]),
    );
    expect(secondsAfter(start, bench.clock.now())).toBe(120);
  });

  test("what becomes due in it goes in it, within the second", async () => {
    const start = bench.clock.now();
    await place("first", 0);
    const retried = await minute({ sleep: meanwhile(start, 5, () => place("first", 7.5)) });
    expect(retried.map((each) => [idOf(each), secondsAfter(start, each.at)])).toEqual([
      ["first", 0],
      ["first", 13],
    ]);
  });

  test("what becomes due behind what has been woken is the next one's", async () => {
    const start = bench.clock.now();
    await place("seen", 5);
    const first = await minute({ sleep: meanwhile(start, 10, () => place("behind", -10)) });
    expect(first.map(idOf)).toEqual(["seen"]);
    expect(await tick()).toContain('outbound {"message_id":"behind"}');
  });

  test("one collection that cannot be read delays no other, and is reported", async () => {
    const start = bench.clock.now();
    await place("later", 5);
    const outcome = minute({
      async due(collection, now, after) {
        if (collection === "outbox") throw new Error("no index");
        return pages(100)(collection, now, after);
      },
    });
    await expect(outcome).rejects.toThrow("no index");
    expect(woken.map((each) => [idOf(each), secondsAfter(start, each.at)])).toEqual([["later", 5]]);
  });

  test("one that cannot be read for a moment is read a second later", async () => {
    await place("now", 0);
    let reads = 0;
    const outcome = minute({
      async due(collection, now, after) {
        if (collection === "messages" && reads++ === 0) throw new Error("away");
        return pages(100)(collection, now, after);
      },
    });
    await expect(outcome).rejects.toThrow("away");
    expect(woken.map(idOf)).toEqual(["now"]);
  });

  test("one that is slow to read delays no other", async () => {
    const start = bench.clock.now();
    for (const second of [1, 2, 3]) await place(`at-${second}`, second);
    const sleep = sleeping();
    const all = await minute({
      sleep,
      async due(collection, now, after) {
        if (collection === "calls") await sleep(7_500);
        return pages(100)(collection, now, after);
      },
    });
    expect(all.map((each) => secondsAfter(start, each.at))).toEqual([1, 2, 3]);
  });

  test("ends when the next one begins, which goes on with what is left", async () => {
    for (let index = 0; index < 25; index += 1) await place(`overdue-${index}`, -30);
    const start = bench.clock.now();
    const sleep = sleeping();
    const all = await minute({
      sleep,
      async due(collection, now, after) {
        if (collection === "messages") await sleep(30_000);
        return pages(10)(collection, now, after);
      },
    });
    expect(all).toHaveLength(20);
    expect(secondsAfter(start, bench.clock.now())).toBe(60);
    expect(await tick()).toHaveLength(25);
  });

  test("ends no later when it comes late, and is nothing when it comes after its time", async () => {
    const start = bench.clock.now();
    await place("overdue", 0);
    bench.clock.pass(20);
    expect(await minute({ publishedAt: start })).toHaveLength(1);
    expect(secondsAfter(start, bench.clock.now())).toBe(60);
    expect(await minute({ publishedAt: start })).toEqual([]);
  });

  test("is looked through once, although it is brought again meanwhile", async () => {
    let looks = 0;
    const handler = createHandler({
      async due() {
        looks += 1;
        return [];
      },
      publisher: bench.publisher,
      clock: bench.clock,
      sleep: sleeping(),
      logger: createLogger({ write: (line) => lines.push(line) }),
    });
    const tick = { kind: "message", data: {}, publishedAt: bench.clock.now() } as const;
    await Promise.all([handler(tick), handler(tick)]);
    expect(looks).toBe(60 * DUE_COLLECTIONS.length);
    const next = { ...tick, publishedAt: bench.clock.now() };
    await handler(next);
    expect(looks).toBe(120 * DUE_COLLECTIONS.length);
  });

  test("two at once wake a message twice, which is sent once", async () => {
    const { to } = await bench.accept(salon, { to: bench.customer() });
    const before = bench.publisher.published.length;
    const sleep = sleeping(DUE_COLLECTIONS.length);
    await Promise.all([minute({ sleep }), minute({ sleep })]);
    const ids = bench.publisher.published.slice(before).map(({ key }) => MessageId.parse(key));
    expect(ids).toHaveLength(2);
    await Promise.all(ids.map((id) => bench.worker().deliver(id)));
    expect(await bench.atTwilio(to)).toHaveLength(1);
    expect(await tick()).toEqual([]);
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
