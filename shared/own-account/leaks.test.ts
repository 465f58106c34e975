import { inspect } from "node:util";
import { expect, test } from "vitest";
import { field, startBench } from "#scripts/twilio-simulator/testing/bench.ts";
import { createLogger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { validateOwnAccount } from "./validation.ts";
import { connectOwnNumber, webhookStatus } from "./webhooks.ts";

const PHONE = E164.parse("+14155550123");
const WHATSAPP = E164.parse("+14155550177");
const BODY = "Hello Priya, see you at ten";
const URLS = {
  smsUrl: "https://hooks.example.com/sms",
  voiceUrl: "https://hooks.example.com/voice",
  voiceFallbackUrl: "https://hooks.example.com/fallback.xml",
  statusCallback: "https://hooks.example.com/status",
};

/** Each answer quotes what it should not. */
const quoting = (more: object) => ({ kind: "http_error", message: `${PHONE} ${WHATSAPP} ${BODY}`, ...more });

test.each([
  ["nothing", { kind: "latency", ms: 0 }],
  ["a wrong token", quoting({ status: 401, code: 20003 })],
  ["a refusal", quoting({ status: 400, code: 20001 })],
  ["a missing resource", quoting({ status: 404, code: 20404 })],
  ["a 429", quoting({ status: 429, code: 20429 })],
  ["a 500", quoting({ status: 500 })],
  ["a time-out", { kind: "timeout" }],
  ["a closed connection", { kind: "reset" }],
])("after %s, no error and no log line holds a token, a phone number or a body", async (_, fault) => {
  const bench = await startBench();
  const { accountSid, authToken } = bench.main;
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => lines.push(line) });
  const retry = createRetry({ random: () => 0 });
  const twilio = createTwilio({ apiBaseUrl: bench.url, timeoutMs: 200, retry, logger });
  const account = twilio.account({ accountSid, authToken: new Secret(authToken) });
  const numberSid = await bench.own(PHONE);
  const message = { to: PHONE, from: "+14155550199", body: BODY };
  const written = await bench.admin("POST", "/inbound-messages", message);
  await bench.admin("POST", "/faults", fault);

  const entered = {
    accountSid,
    authToken: new Secret(authToken),
    mode: "sandbox",
    phoneNumber: PHONE,
  } as const;
  const work = [
    validateOwnAccount(twilio, { ...entered, whatsappNumber: WHATSAPP }),
    validateOwnAccount(twilio, { ...entered, accountSid: authToken }),
    connectOwnNumber(account, `PN${"0".repeat(32)}`, URLS),
    connectOwnNumber(account, numberSid, URLS),
    webhookStatus(account, numberSid, URLS),
    account.redactMessage(field(written.body, "message_sid")),
    account.promoteSecondaryToken(),
  ];
  const ended = await Promise.allSettled(work);
  const errors = ended.flatMap((end): unknown[] => (end.status === "rejected" ? [end.reason] : []));
  expect(errors.length).toBeGreaterThanOrEqual(3);
  for (const error of errors) logger.error("failed", { error });

  const basic = Buffer.from(`${accountSid}:${authToken}`).toString("base64");
  const secrets = [authToken, basic, PHONE.slice(1), WHATSAPP.slice(1), "Priya"];
  const printed = [...errors.flatMap(everythingIn), ...lines].join("\n");
  for (const secret of secrets) expect(printed).not.toContain(secret);
});

function everythingIn(error: unknown): string[] {
  if (!(error instanceof Error)) throw new Error("expected an error");
  const printed = inspect(error, { depth: null, showHidden: true, getters: true });
  const own = [printed, JSON.stringify(error), String(error), error.stack ?? ""];
  return error.cause === undefined ? own : [...own, ...everythingIn(error.cause)];
}
