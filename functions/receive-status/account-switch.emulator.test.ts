import { afterAll, beforeAll, expect, test } from "vitest";
import { newAttempt } from "#scripts/testing/outbound-message.ts";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { type Acceptance, createAcceptance } from "#shared/messages/acceptance.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { createOutboundMessages, type OutboundMessages } from "#shared/messages/outbound-store.ts";
import { createHandler } from "./handler.ts";

interface Account {
  readonly sid: string;
  readonly auth_token: string;
}

const CUSTOMER = E164.parse("+14155550199");
let bench: WebhookBench;
let messages: OutboundMessages;
let acceptance: Acceptance;
let serial = 1;
const unique = () => String(serial++).padStart(32, "0");

beforeAll(async () => {
  bench = await startWebhookBench();
  messages = createOutboundMessages(bench.database, bench.clock);
  acceptance = createAcceptance({ ...bench, messages });
  await bench.serve(
    "receive-status",
    createHandler({
      ...bench,
      messages,
      calls: createCalls(bench.database, bench.clock),
    }),
  );
});
afterAll(() => bench.stop());

/** A salon with the platform's subaccount and an account of its own; `routed` says which of them it sends through. */
async function salonWithBoth(number: string) {
  const salon = await bench.addSalon(number);
  const own: Account = await bench.twilio.addAccount();
  const document = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
  const { platform } = (await document.get()).data() ?? {};
  const credentials = await bench.credentials(salon.salonId, own.sid, own.auth_token);
  const switchTo = (routed: "platform" | "own", twilio: Record<string, unknown> = {}) =>
    bench.setIntegration(salon.salonId, {
      platform: { ...platform, is_active: routed === "platform" },
      twilio: { ...credentials, is_active: routed === "own", ...twilio },
    });
  const subaccount: Account = { sid: salon.accountSid, auth_token: salon.authToken };
  return { salon, own, subaccount, credentials, switchTo };
}

/** A message whose attempt went out through this account, and whose states are still to come. */
async function inFlight(salon: BenchSalon, { sid }: Account, source: "salon_own" | "platform_subaccount") {
  const { message } = await acceptance.accept({
    salonId: salon.salonId,
    idempotencyKey: unique(),
    channel: "sms",
    to: CUSTOMER,
    body: "See you at 10.",
  });
  const attempt = newAttempt({ source, account: accountFingerprint(sid), sender: salon.number });
  return (await messages.claim(message.id, attempt, 60)) ?? expect.fail("nobody could claim the message");
}

async function told(salon: BenchSalon, message: OutboundMessage, { sid, auth_token: token }: Account) {
  const form = { AccountSid: sid, MessageSid: `SM${unique()}`, MessageStatus: "delivered" };
  const path = `/webhooks/twilio/status/${salon.salonId}/${message.id}/1`;
  const { status } = await bench.post(path, { token, form });
  return [status, (await messages.get(message.id))?.state];
}

test("callbacks that are under way when a salon switches to its own account and back still count", async () => {
  const { salon, own, subaccount, switchTo } = await salonWithBoth("+14155550101");
  await switchTo("platform");
  const sentBefore = await inFlight(salon, subaccount, "platform_subaccount");
  await switchTo("own");
  const sentBetween = await inFlight(salon, own, "salon_own");
  expect(await told(salon, sentBefore, subaccount)).toEqual([204, "delivered"]);
  await switchTo("platform");
  expect(await told(salon, sentBetween, own)).toEqual([204, "delivered"]);
});

test("and those of the account that a salon had before it entered another one", async () => {
  const { salon, own, credentials, switchTo } = await salonWithBoth("+14155550102");
  await switchTo("own");
  const sent = await inFlight(salon, own, "salon_own");
  const next: Account = await bench.twilio.addAccount();
  const now = Date.now();
  await switchTo("own", {
    ...(await bench.credentials(salon.salonId, next.sid, next.auth_token)),
    previous: { ...credentials, rotated_at: new Date(now), expires_at: new Date(now + 86_400_000) },
  });
  expect(await told(salon, sent, own)).toEqual([204, "delivered"]);
});

test("but the account that it switched to says nothing of what went through the other", async () => {
  const { salon, own, subaccount, switchTo } = await salonWithBoth("+14155550103");
  await switchTo("platform");
  const sent = await inFlight(salon, subaccount, "platform_subaccount");
  await switchTo("own");
  expect(await told(salon, sent, own)).toEqual([403, "claimed"]);
  expect(await told(salon, sent, { ...subaccount, auth_token: own.auth_token })).toEqual([403, "claimed"]);
  expect(await told(salon, sent, subaccount)).toEqual([204, "delivered"]);
});
