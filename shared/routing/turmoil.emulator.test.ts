import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { newAttempt } from "#scripts/testing/outbound-message.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";

let bench: MessagingBench;
let salon: BenchSalon;
beforeAll(async () => {
  bench = await startMessagingBench();
  salon = await bench.salon();
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

/** What may befall one attempt: an answer of Twilio's, or the death of its worker before or after the call. */
const TROUBLES = {
  "429": { kind: "http_error", status: 429, times: 3 },
  "500 before it acted": { kind: "http_error", status: 500, times: 1 },
  "503 after it acted": { kind: "http_error", status: 503, when: "after", times: 1 },
  "reset before it acted": { kind: "reset", times: 1 },
  "reset after it acted": { kind: "reset", when: "after", times: 1 },
  "timeout after it acted": { kind: "timeout", when: "after", times: 1 },
  "worker died before the call": undefined,
  "worker died after the call": undefined,
} as const;
type Trouble = keyof typeof TROUBLES;
const isTrouble = (word: string): word is Trouble => word in TROUBLES;

/** So short that the test's clock stays within a minute of the simulator's. */
const LEASE_SECONDS = 2;
const worker = () =>
  bench.worker({ timeoutMs: 150, leaseSeconds: LEASE_SECONDS, recheckSeconds: 1, random: () => 0 });

async function meet(trouble: Trouble | undefined, { id, to, body }: OutboundMessage): Promise<void> {
  const fault = trouble === undefined ? undefined : TROUBLES[trouble];
  if (fault !== undefined) await bench.fault({ ...fault, match: { to, method: "POST" } });
  if (trouble === undefined || fault !== undefined) {
    await worker().deliver(id);
    return;
  }
  const account = accountFingerprint(salon.accountSid);
  await bench.messages.claim(id, newAttempt({ account, sender: salon.number }), LEASE_SECONDS);
  if (trouble === "worker died before the call") return;
  const statusCallback = "http://127.0.0.1:9/";
  await bench
    .twilio(salon)
    .sendMessage({ to, from: salon.number, body, statusCallback, validityPeriodSeconds: 60 });
}

const words = Object.keys(TROUBLES).filter(isTrouble);
const plans = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 });

test("whatever befalls its attempts, in whatever order, a message is at Twilio once and we know it", async () => {
  const met: Trouble[] = [];
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      bench.clock.restart();
      const to = bench.customer();
      const { id } = await bench.accept(salon, { to });
      const left = [...plan];
      for (let step = 0; step < 30; step += 1) {
        const message = (await bench.messages.get(id)) ?? expect.fail();
        if (message.due_at === undefined) break;
        bench.clock.pass(Math.max(0, (message.due_at.getTime() - bench.clock.now().getTime()) / 1_000));
        const isSend = message.state === "accepted" || message.state === "held";
        const trouble = isSend ? left.shift() : undefined;
        if (trouble !== undefined) met.push(trouble);
        await meet(trouble, message);
      }
      runs += 1;
      const atTwilio = await bench.atTwilio(to);
      expect(atTwilio).toHaveLength(1);
      const message = await bench.messages.get(id);
      expect(message).toMatchObject({ state: "queued" });
      expect(message?.attempts.at(-1)?.sid).toBe(atTwilio[0]?.sid);
      expect(message).not.toHaveProperty("due_at");
    }),
    { numRuns: 20, seed: 4711, endOnFailure: true },
  );
  printCount(`turmoil: ${runs} messages, ${met.length} troubles, each once at Twilio`);
  expect(new Set(met)).toEqual(new Set(words));
});
