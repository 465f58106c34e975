import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  PLATFORM_NUMBERS,
  type SignedPost,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import { json } from "#shared/runtime/http-boundary.ts";
import { isReachedAt } from "./accounts.ts";
import { REREADS_OF_PARENTS } from "./limits.ts";
import { webhookSegments } from "./path.ts";

const REFUSED = {
  error: {
    code: "permission-denied",
    message: "This request is not signed by a Twilio account of this salon.",
  },
};

let bench: WebhookBench;
let salon: BenchSalon;

beforeAll(async () => {
  bench = await startWebhookBench();
  // The smallest functions there can be: they say whose webhook it was.
  await bench.serve("receive-message", async (request) => {
    const { account, tokenRole } = await bench.verifyPlatform(request, (candidate, { To }) =>
      isReachedAt(candidate, To),
    );
    return json(200, { owner: account.owner, accountSid: account.accountSid, tokenRole });
  });
  await bench.serve("receive-status", async (request) => {
    const [salonId = ""] = webhookSegments(request.path, ["status"]);
    const { account, ...verified } = await bench.verifyMessageStatus(request, salonId);
    return json(200, { owner: account.owner, salonId: verified.salonId });
  });
  salon = await bench.addSalon("+14155550101");
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

const main = () => bench.twilio.main;
const INBOX = "/webhooks/twilio/sms/platform";
const inbound = (changes: Record<string, string> = {}) => ({
  AccountSid: main().accountSid,
  MessageSid: `SM${"1".repeat(32)}`,
  From: "+14155550199",
  To: PLATFORM_NUMBERS.default,
  ...changes,
});
/** A new instance, whose limits nobody has used yet; gives its address. */
async function serveAnew(): Promise<string> {
  const { verifyPlatform } = bench.verifiersOf("receive-call");
  await bench.serve("receive-call", async (request) => {
    await verifyPlatform(request);
    return { status: 204 };
  });
  return "/webhooks/twilio/voice/platform";
}
async function answerTo(where: string, sent: SignedPost) {
  const response = await bench.post(where, sent);
  return [response.status, await response.json()];
}

describe("what is sent to the platform's own numbers", () => {
  test("is taken when the parent that has the number signed it", async () => {
    const { accountSid, authToken: token } = main();
    const said = { owner: "platform_default", accountSid, tokenRole: "current" };
    expect(await answerTo(INBOX, { token, form: inbound() })).toEqual([200, said]);
    const whatsapp = inbound({ To: `whatsapp:${PLATFORM_NUMBERS.default}` });
    expect(await answerTo("/webhooks/twilio/whatsapp/platform", { token, form: whatsapp })).toEqual([
      200,
      said,
    ]);
    const form = inbound({ AccountSid: bench.second.sid, To: PLATFORM_NUMBERS.second });
    expect((await answerTo(INBOX, { token: bench.second.auth_token, form }))[0]).toBe(200);
  });

  test.each<[string, () => SignedPost]>([
    ["without a signature", () => ({ form: inbound() })],
    ["from who signs with a token of their own", () => ({ token: "0".repeat(32), form: inbound() })],
    ["with another parent's token", () => ({ token: bench.second.auth_token, form: inbound() })],
    [
      "for another parent's number",
      () => ({ token: main().authToken, form: inbound({ To: PLATFORM_NUMBERS.second }) }),
    ],
    [
      "for a number of the parent's that does not stand in for salons",
      () => ({ token: main().authToken, form: inbound({ To: "+14155550100" }) }),
    ],
    [
      "with a salon's valid signature",
      () => ({ token: salon.authToken, form: inbound({ AccountSid: salon.accountSid }) }),
    ],
    [
      "with a salon's token under the parent's AccountSid",
      () => ({ token: salon.authToken, form: inbound() }),
    ],
  ])("is refused %s", async (_, sent) => {
    expect(await answerTo(INBOX, sent())).toEqual([403, REFUSED]);
  });

  test("counts when its parent's token was rotated a moment ago, and the old token no more", async () => {
    const calls = await serveAnew();
    const [old, token] = [bench.second.auth_token, "f".repeat(32)];
    const form = inbound({ AccountSid: bench.second.sid });
    expect((await bench.post(calls, { token: old, form })).status).toBe(204);
    bench.secretManager.setSecret("twilio-auth-token-second", token);
    expect((await bench.post(calls, { token, form })).status).toBe(204);
    expect((await bench.post(calls, { token: old, form })).status).toBe(403);
    bench.secretManager.setSecret("twilio-auth-token-second", old);
    expect((await bench.post(calls, { token: old, form })).status).toBe(204);
  });

  test("has the parent's token read again a few times for a flood of forged ones, and never for a salon's", async () => {
    const calls = await serveAnew();
    const before = bench.secretManager.calls().access;
    for (let each = 0; each < 5; each += 1)
      await bench.post(calls, { token: salon.authToken, form: inbound({ AccountSid: salon.accountSid }) });
    expect(bench.secretManager.calls().access).toBe(before);
    for (let each = 0; each < 50; each += 1)
      expect((await bench.post(calls, { token: "0".repeat(32), form: inbound() })).status).toBe(403);
    const reads = bench.secretManager.calls().access - before;
    // Each reads the tokens of both parents.
    expect(reads).toBeGreaterThanOrEqual(2 * REREADS_OF_PARENTS.burst);
    expect(reads).toBeLessThanOrEqual(2 * (REREADS_OF_PARENTS.burst + 3));
  });

  test("comes by POST alone", async () => {
    expect((await bench.post(INBOX, { form: {}, method: "PUT" })).status).toBe(405);
  });
});

describe("what is reported of a salon's message", () => {
  const path = () => `/webhooks/twilio/status/${salon.salonId}`;
  const form = (AccountSid: string) => ({ AccountSid, MessageSid: `SM${"1".repeat(32)}` });

  test("is taken from its own account, and from a parent", async () => {
    const own = { token: salon.authToken, form: form(salon.accountSid) };
    expect(await answerTo(path(), own)).toEqual([
      200,
      { owner: "platform_subaccount", salonId: salon.salonId },
    ]);
    const parent = { token: main().authToken, form: form(main().accountSid) };
    expect(await answerTo(path(), parent)).toEqual([
      200,
      { owner: "platform_default", salonId: salon.salonId },
    ]);
  });

  test("is refused with the parent's token under the subaccount's AccountSid, and the other way round", async () => {
    const sent = [
      { token: main().authToken, form: form(salon.accountSid) },
      { token: salon.authToken, form: form(main().accountSid) },
    ];
    for (const each of sent) expect(await answerTo(path(), each)).toEqual([403, REFUSED]);
  });

  test("is no salon's under the platform's segment, which is no salon's id", async () => {
    const sent = { token: main().authToken, form: form(main().accountSid) };
    expect(await answerTo("/webhooks/twilio/status/platform", sent)).toEqual([403, REFUSED]);
  });
});
