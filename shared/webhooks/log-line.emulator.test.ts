import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type BenchSalon,
  PLATFORM_NUMBERS,
  type SignedPost,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import { AppError } from "#shared/core/errors.ts";
import { isReachedAt } from "./accounts.ts";
import { WEBHOOK_POLICIES } from "./limits.ts";
import { webhookSegments } from "./path.ts";

const CANARY = "canary7f3a9c";
const CUSTOMER = "+14155550199";
const LISTED = "203.0.113.9";

let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;

beforeAll(async () => {
  bench = await startWebhookBench();
  const { verify, verifyPlatform } = bench.verifiersOf("receive-message");
  await bench.serve("receive-message", async (request) => {
    const [salonId = ""] = webhookSegments(request.path, ["sms"]);
    if (salonId === "platform") await verifyPlatform(request);
    else await verify(request, salonId, (account, { To }) => isReachedAt(account, To));
    if (request.header("x-fails") !== undefined) throw new AppError("not-found", "There is no open salon.");
    return { status: 200 };
  });
  const { verifyMessageStatus } = bench.verifiersOf("receive-status");
  await bench.serve("receive-status", async (request) => {
    const [salonId = ""] = webhookSegments(request.path, ["status"]);
    await verifyMessageStatus(request, salonId);
    return { status: 204, log: { outcome: "moved" } };
  });
  [salon, other] = await Promise.all([bench.addSalon("+14155550101"), bench.addSalon("+14155550102")]);
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

const sms = (salonId: string) => `/webhooks/twilio/sms/${salonId}`;
const form = (changes: Record<string, string> = {}) => ({
  AccountSid: salon.accountSid,
  MessageSid: `SM${"1".repeat(32)}`,
  From: CUSTOMER,
  To: salon.number,
  Body: CANARY,
  ProfileName: CANARY,
  [CANARY]: CANARY,
  ...changes,
});

/** The one line there is of a webhook. */
async function lineOf(where: string, sent: SignedPost) {
  const { status } = await bench.post(`${where}?canary=${CANARY}`, {
    ...sent,
    headers: { "user-agent": CANARY, cookie: CANARY, "x-forwarded-for": LISTED, ...sent.headers },
  });
  expect(bench.logs.lines).toHaveLength(1);
  const line = JSON.parse(bench.logs.lines.splice(0).join());
  const text = JSON.stringify(line);
  const secrets = [salon, other].flatMap(({ authToken, accountSid, number }) => [
    authToken,
    accountSid,
    number.slice(1),
  ]);
  for (const secret of [...secrets, CANARY, CUSTOMER.slice(1), LISTED, bench.twilio.main.authToken]) {
    expect(text).not.toContain(secret);
  }
  expect(line).toMatchObject({ message: "request answered", status, latencyMs: expect.any(Number) });
  return line;
}

test("of an accepted webhook says whose it was, which of whose tokens matched, and how it ended", async () => {
  expect(await lineOf(sms(salon.salonId), { token: salon.authToken, form: form() })).toMatchObject({
    ...{ severity: "INFO", function: "receive-message", status: 200, salonId: salon.salonId },
    ...{ tokenRole: "current", source: "platform_subaccount", outcome: "accepted" },
  });
  const status = `/webhooks/twilio/status/${salon.salonId}`;
  expect(await lineOf(status, { token: salon.authToken, form: form() })).toMatchObject({
    ...{ function: "receive-status", status: 204, salonId: salon.salonId, outcome: "moved" },
    ...{ tokenRole: "current", source: "platform_subaccount" },
  });
});

test("of one that a parent signed says so", async () => {
  const { accountSid: AccountSid, authToken: token } = bench.twilio.main;
  const parent = { tokenRole: "current", source: "platform_default" };
  const sent = { token, form: form({ AccountSid, To: PLATFORM_NUMBERS.default }) };
  const line = await lineOf(sms("platform"), sent);
  expect(line).toMatchObject({ ...parent, outcome: "accepted" });
  expect(line).not.toHaveProperty("salonId");
  const status = `/webhooks/twilio/status/${salon.salonId}`;
  expect(await lineOf(status, sent)).toMatchObject({ ...parent, salonId: salon.salonId });
});

test("of one that fails after it was verified still says whose it was", async () => {
  const sent = { token: salon.authToken, form: form(), headers: { "x-fails": "1" } };
  expect(await lineOf(sms(salon.salonId), sent)).toMatchObject({
    ...{ severity: "WARNING", status: 404, outcome: "not-found" },
    ...{ salonId: salon.salonId, tokenRole: "current" },
  });
});

test.each<[string, () => SignedPost, string]>([
  ["without a signature", () => ({ form: form() }), "unsigned"],
  ["with a foreign token", () => ({ token: other.authToken, form: form() }), "forged"],
  [
    "of another salon's account",
    () => ({ token: other.authToken, form: form({ AccountSid: other.accountSid }) }),
    "forged",
  ],
  [
    "to a number that is not the salon's",
    () => ({ token: salon.authToken, form: form({ To: other.number }) }),
    "forged",
  ],
  [
    "by another method",
    () => ({ token: salon.authToken, form: form(), method: "PUT" }),
    "method-not-allowed",
  ],
  [
    "of another type",
    () => ({ token: salon.authToken, form: form(), headers: { "content-type": "text/plain" } }),
    "unsupported-media-type",
  ],
  [
    "that is too large",
    () => ({ token: salon.authToken, form: form({ Body: CANARY.repeat(6_000) }) }),
    "payload-too-large",
  ],
])("of one %s has the outcome, and no token's role", async (_, sent, outcome) => {
  const line = await lineOf(sms(salon.salonId), sent());
  expect(line).toMatchObject({ severity: "WARNING", function: "receive-message", outcome });
  expect(line).not.toHaveProperty("tokenRole");
  // The salon is named once it is known to be one.
  expect(line.salonId).toBe(outcome === "forged" ? salon.salonId : undefined);
});

test.each([CANARY, CUSTOMER.slice(1), "%2B14155550199", "a/b", "%00"])(
  "of nobody's webhook repeats nothing that stood where a salon's id stands: %s",
  async (segment) => {
    const line = await lineOf(sms(segment), { token: salon.authToken, form: form() });
    expect(line).toMatchObject({ status: 403, outcome: "unknown-salon" });
    expect(line).not.toHaveProperty("salonId");
  },
);

test("of one over the limits names the flood, and the customer not", async () => {
  const flooded = await bench.addSalon("+14155550103");
  const token = flooded.authToken;
  const sent = { token, form: form({ AccountSid: flooded.accountSid, To: flooded.number }) };
  const { burst } = WEBHOOK_POLICIES["receive-message"].perSender;
  await Promise.all(
    Array.from({ length: burst + 10 }, () => bench.post(`${sms(flooded.salonId)}?a=1`, sent)),
  );
  bench.logs.lines.splice(0);
  expect(await lineOf(sms(flooded.salonId), sent)).toMatchObject({
    ...{ status: 429, outcome: "flood-of-sender", salonId: flooded.salonId, tokenRole: "current" },
  });
});

test("of one from an address that is not listed says that alone, and the answer is any refusal's", async () => {
  const listing = await startWebhookBench({ allowedCidrs: ["203.0.113.0/24"] });
  try {
    const { verify } = listing.verifiersOf("receive-message");
    await listing.serve("receive-message", async (request) => {
      await verify(request, "salon-1");
      return { status: 200 };
    });
    // Hosting appends the caller's own address, behind what the caller wrote.
    const headers = { "x-forwarded-for": LISTED };
    const answer = await listing.post(sms("salon-1"), { token: "a", form: form(), headers });
    const unsigned = await bench.post(sms("salon-1"), { form: form() });
    expect([answer.status, await answer.text()]).toEqual([403, await unsigned.text()]);
    expect(JSON.parse(listing.logs.lines.join())).toMatchObject({ outcome: "address-not-allowed" });
    expect(listing.logs.leaked([LISTED, CUSTOMER.slice(1), CANARY])).toEqual([]);
  } finally {
    await listing.stop();
  }
});
