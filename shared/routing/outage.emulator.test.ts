import { afterAll, beforeAll, expect, test } from "vitest";
import { claimPort } from "#scripts/local-stack/free-port.ts";
import { tally } from "#scripts/testing/at-once.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { createRandom } from "#scripts/twilio-simulator/random.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { MessageId } from "#shared/core/ids.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { dueDocuments } from "#shared/runtime/due-work.ts";

const SEED = 815;
const MESSAGES = 48;
const AT_ONCE = 8;
const MINUTE = 60;
const OUTAGE_MINUTES = 60;

let bench: MessagingBench;
let salon: BenchSalon;
beforeAll(async () => {
  bench = await startMessagingBench({ stageMs: 10, oneClock: true, callbacks: true });
  // In the morning, so that the salon's day does not end meanwhile.
  const now = bench.clock.now().getTime() / 1_000;
  bench.clock.pass(86_400 - (now % 86_400) + 4 * 3_600);
  salon = await bench.salon();
});
afterAll(() => bench.stop());

/** Every request fails, one way or the other; one in twenty only after Twilio has acted. */
const OUTAGE = [
  { kind: "http_error", status: 500, when: "after", probability: 0.05 },
  { kind: "http_error", status: 500, probability: 0.3 },
  { kind: "http_error", status: 503, as: "html", probability: 0.3 },
  { kind: "reset", probability: 0.3 },
  { kind: "http_error", status: 429 },
] as const;

const random = createRandom(SEED, "outage");

interface Wanted {
  readonly minute: number;
  readonly critical: boolean;
  /** Minutes after which nobody wants it any more; undefined: a day. */
  readonly lasts: number | undefined;
}
/** A third is for soon only; those are wanted for so short that the outage outlasts them. */
const wanted = Array.from({ length: MESSAGES }, (_, index): Wanted => {
  const minute = random.below(OUTAGE_MINUTES / 2);
  return { minute, critical: index % 5 === 0, lasts: index % 3 === 0 ? 1 + random.below(20) : undefined };
});

async function accept({ critical, lasts }: Wanted): Promise<OutboundMessage> {
  const end = lasts === undefined ? {} : { expiresAt: plusSeconds(bench.clock.now(), lasts * MINUTE) };
  return bench.accept(salon, { to: bench.customer(), critical, ...end });
}

let wakeUps = 0;
/** What `wake-due-work` does once a minute; some workers do not even reach Twilio. */
async function tick(unreachable: string | undefined): Promise<void> {
  const due = await dueDocuments(bench.database, "messages", bench.clock.now(), { limit: 2_000 });
  const ids = due.map(({ id }) => MessageId.parse(id));
  wakeUps += ids.length;
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
      const cut = unreachable !== undefined && random.next() < 0.2 ? { twilioUrl: unreachable } : {};
      await bench.worker(cut).deliver(id);
    }
  });
  await Promise.all(workers);
  bench.clock.pass(MINUTE);
}

test("after an hour without Twilio all that is still wanted arrives once, and the owner hears once of the rest", async () => {
  const unreachable = `http://127.0.0.1:${await claimPort(0, "nobody")}`;
  for (const order of OUTAGE) await bench.fault(order);
  const accepted = new Map<MessageId, Wanted>();
  for (let minute = 0; minute < OUTAGE_MINUTES; minute += 1) {
    for (const each of wanted.filter((one) => one.minute === minute))
      accepted.set((await accept(each)).id, each);
    await tick(unreachable);
  }
  await bench.calm();
  const during = await messages();
  printCount(
    `outage: seed ${SEED}, ${accepted.size} messages, ${JSON.stringify(statesOf(during))} when it was over`,
  );

  const isOver = async () =>
    (await messages()).every(({ state }) => ["delivered", "expired"].includes(state));
  let minutes = 0;
  for (; minutes < 40 && !(await isOver()); minutes += 1) await tick(undefined);

  const after = await messages();
  const tries = after.reduce((sum, { attempts }) => sum + attempts.length, 0);
  printCount(
    `outage: ${wakeUps} wake-ups, ${tries} attempts, ${JSON.stringify(statesOf(after))} ${minutes} minutes later`,
  );
  expect(after).toHaveLength(MESSAGES);
  for (const message of after) {
    const arrived = (await bench.atTwilio(message.to)).length;
    expect({ state: message.state, arrived }).toEqual(
      message.state === "expired" ? { state: "expired", arrived: 0 } : { state: "delivered", arrived: 1 },
    );
    if (message.state === "expired") expect(accepted.get(message.id)?.lasts).toBeDefined();
  }
  const expired = after.filter(({ state }) => state === "expired");
  expect(expired.length, "the outage outlasted some").toBeGreaterThan(MESSAGES / 6);
  const notices = await bench.database.firestore.collection("notifications").get();
  expect(notices.docs.map((notice) => notice.get("kind"))).toEqual(["messages_not_delivered"]);
  expect(after.filter(({ due_at }) => due_at !== undefined).map(({ id }) => id)).toEqual([]);
}, 600_000);

test("a message that Twilio takes from nobody for almost a day, though it lists well, is tried on and arrives", async () => {
  await bench.fault({ kind: "http_error", status: 500, match: { method: "POST" } });
  const { id, to, expires_at } = await bench.accept(salon, { to: bench.customer() });
  const over = plusSeconds(expires_at, -60 * MINUTE);
  const step = async () => {
    await bench.worker().deliver(id);
    const message = (await bench.messages.get(id)) ?? expect.fail("no such message");
    const wait = (message.due_at?.getTime() ?? 0) - bench.clock.now().getTime();
    if (wait > 0) bench.clock.pass(wait / 1_000);
    return message;
  };
  let tries = 0;
  while (bench.clock.now() < over) tries = (await step()).attempts.length;
  await bench.calm();
  await until(async () => (await step()).state === "delivered");
  printCount(`outage: tried ${tries} times in 23 hours without an answer, then it arrived`);
  expect(await bench.atTwilio(to)).toHaveLength(1);
}, 600_000);

async function messages(): Promise<OutboundMessage[]> {
  const { docs } = await bench.database.firestore.collection("messages").select().get();
  const found = await Promise.all(docs.map(({ id }) => bench.messages.get(MessageId.parse(id))));
  return found.filter((message) => message !== undefined);
}

function statesOf(found: readonly OutboundMessage[]): Record<string, number> {
  return tally(found.map(({ state, failure }) => (failure === null ? state : `${state} ${failure.class}`)));
}
