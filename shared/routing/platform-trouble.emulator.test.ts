import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import type { MessageId } from "#shared/core/ids.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";

const TOKEN = "twilio-auth-token";

let bench: MessagingBench;
beforeAll(async () => {
  bench = await startMessagingBench({ stageMs: 1, oneClock: true, callbacks: true });
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

const stored = async (id: MessageId) => (await bench.messages.get(id)) ?? expect.fail("no such message");

/** A critical message whose own way has failed, so that it is the platform's turn. */
async function onFallback(salon: BenchSalon): Promise<OutboundMessage> {
  const to = bench.customer();
  await bench.fault({
    kind: "recipient",
    to,
    error_code: 21606,
    surface: "sync",
    match: { account_sid: salon.accountSid },
  });
  const { id } = await bench.accept(salon, { to, critical: true });
  await bench.worker().deliver(id);
  const message = await stored(id);
  expect(message).toMatchObject({ state: "held", hold_reason: "fallback" });
  return message;
}

const delivered = (id: MessageId) =>
  until(async () => {
    const message = await stored(id);
    return message.state === "delivered" && message;
  });

async function operatorsTold(): Promise<unknown[]> {
  const told = await bench.database.firestore
    .collection("notifications")
    .where("kind", "==", "delivery_trouble")
    .where("salon_id", "==", null)
    .get();
  return told.docs.map((each) => [each.get("kind"), each.get("facts.twilio_code")]);
}

/** What every instance holds of the platform's token is out of date: it was rotated within the minute. */
async function holdOldToken(): Promise<void> {
  bench.setSecret(TOKEN, "0123456789abcdef0123456789abcdef");
  await bench.defaultSenders.list({ fresh: true });
}

test("a token of the platform's that was rotated a moment ago fails no message, and costs no further attempt", async () => {
  await holdOldToken();
  bench.setSecret(TOKEN, bench.platformToken);
  const salon = await bench.salon();
  const { id } = await onFallback(salon);
  await bench.worker().deliver(id);
  const message = await delivered(id);
  expect(message.attempts).toMatchObject([
    { source: "platform_subaccount", error_code: 21606 },
    { source: "platform_default", state: "delivered" },
  ]);
  expect(await operatorsTold()).toEqual([]);
});

test("while Twilio refuses the platform's account the message waits, the operators hear of it once, and it arrives", async () => {
  await holdOldToken();
  const salon = await bench.salon();
  const { id } = await onFallback(salon);
  for (let times = 0; times < 4; times += 1) {
    await bench.worker().deliver(id);
    const { due_at } = await stored(id);
    expect(await stored(id)).toMatchObject({ state: "held", hold_reason: "retry", on_fallback: true });
    bench.clock.pass(Math.max(0, Number(due_at) - Number(bench.clock.now())) / 1_000);
  }
  expect(await operatorsTold()).toEqual([["delivery_trouble", 20003]]);
  expect(await bench.atTwilio((await stored(id)).to)).toHaveLength(0);

  bench.setSecret(TOKEN, bench.platformToken);
  await bench.worker().deliver(id);
  expect((await delivered(id)).attempts).toHaveLength(6);
});
