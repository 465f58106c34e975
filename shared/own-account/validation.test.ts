import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { field, startBench } from "#scripts/twilio-simulator/testing/bench.ts";
import { AppError } from "#shared/core/errors.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { REFUSALS } from "./refusals.ts";
import { type OwnAccount, validateOwnAccount } from "./validation.ts";

const PHONE = E164.parse("+14155550123");
const WHATSAPP = E164.parse("+14155550177");
const SANDBOX = E164.parse("+14155238886");

const retry = createRetry({ random: () => 0 });
const at = (apiBaseUrl: string) => createTwilio({ apiBaseUrl, timeoutMs: 500, retry });

/** A salon with an account of its own that has one number; `more` is what differs from a plain active one. */
async function salon(more: { account?: Record<string, unknown>; number?: Record<string, unknown> } = {}) {
  const bench = await startBench();
  const { body } = await bench.admin("POST", "/accounts", more.account ?? {});
  const accountSid = field(body, "account_sid");
  const phoneNumberSid = await bench.own(PHONE, accountSid, more.number);
  const entered: OwnAccount = {
    accountSid,
    authToken: new Secret(field(body, "auth_token")),
    phoneNumber: PHONE,
    mode: "production",
  };
  const validate = (changes: Partial<OwnAccount> = {}, url = bench.url) =>
    validateOwnAccount(at(url), { ...entered, ...changes });
  return { bench, accountSid, phoneNumberSid, validate };
}

async function refusalOf(work: Promise<unknown>) {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error("expected a refusal", { cause: error });
  const { code, retry, message, context } = error;
  return {
    code,
    retry,
    message,
    reason: context.reason,
    field: context.field,
    twilioCode: context.twilioCode,
  };
}

/** The simulator with a word changed in its answers, for what it never says by itself. */
async function saying(url: string, from: string, to: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const { authorization = "" } = request.headers;
    const answer = await fetch(url + request.url, { headers: { authorization } });
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end((await answer.text()).replaceAll(from, to));
  });
  const listening = await listen(server, 0, "a test");
  onTestFinished(() => listening.close());
  return `http://${listening.host}`;
}

describe("an account that can be used", () => {
  test("is told with its number's SID and what the number can do", async () => {
    const { validate, phoneNumberSid } = await salon();
    expect(await validate()).toEqual({
      phoneNumberSid,
      capabilities: { sms: true, mms: true, voice: true, whatsapp: false },
      isTrial: false,
    });
  });

  test("may have a number that cannot be called", async () => {
    const { validate } = await salon({ number: { capabilities: { voice: false, mms: false } } });
    expect((await validate()).capabilities).toEqual({ sms: true, mms: false, voice: false, whatsapp: false });
  });

  test("may be on trial while it is in the sandbox", async () => {
    const { validate } = await salon({ account: { type: "Trial" } });
    const { isTrial, capabilities } = await validate({ mode: "sandbox", whatsappNumber: SANDBOX });
    expect([isTrial, capabilities.whatsapp]).toEqual([true, true]);
  });

  test.each(["sandbox", "production"] as const)("may send by WhatsApp in %s mode", async (mode) => {
    const { bench, accountSid, validate } = await salon();
    await bench.admin("POST", "/whatsapp-senders", { account_sid: accountSid, phone_number: WHATSAPP });
    expect((await validate({ mode, whatsappNumber: WHATSAPP })).capabilities.whatsapp).toBe(true);
  });
});

describe("what was entered wrongly", () => {
  test.each(["", "AC123", `SK${"1".repeat(32)}`, `AC${"g".repeat(32)}`, `AC${"1".repeat(33)}`])(
    "an Account SID such as %j is refused before Twilio is asked",
    async (accountSid) => {
      const { validate, bench } = await salon();
      expect(await refusalOf(validate({ accountSid }))).toMatchObject({
        code: "invalid-argument",
        reason: "sid_malformed",
        field: "account_sid",
      });
      expect((await bench.admin("GET", "/requests")).body).toEqual({ requests: [] });
    },
  );

  test("a wrong token is refused, with the hint that a suspended account answers the same", async () => {
    const { validate } = await salon();
    const refused = await refusalOf(validate({ authToken: new Secret("f".repeat(32)) }));
    expect(refused).toMatchObject({
      code: "invalid-argument",
      reason: "credentials_rejected",
      field: "auth_token",
      twilioCode: 20003,
    });
    expect(refused.message).toContain("suspended");
  });

  test.each(["suspended", "closed"])("a %s account answers like a wrong token", async (status) => {
    const { validate } = await salon({ account: { status } });
    expect((await refusalOf(validate())).reason).toBe("credentials_rejected");
  });

  test("a SID that Twilio answers with another account is refused", async () => {
    const { bench, accountSid, validate } = await salon();
    const url = await saying(bench.url, accountSid, `AC${"9".repeat(32)}`);
    expect(await refusalOf(validate({}, url))).toMatchObject({
      code: "invalid-argument",
      reason: "sid_of_another_account",
      field: "account_sid",
    });
  });

  test("a number of another account is not taken for the salon's", async () => {
    const { bench, validate } = await salon();
    await bench.own("+14155550188");
    expect(await refusalOf(validate({ phoneNumber: E164.parse("+14155550188") }))).toMatchObject({
      code: "invalid-argument",
      reason: "number_not_owned",
      field: "phone_number",
    });
  });

  test("a number that cannot send text messages is refused", async () => {
    const { validate } = await salon({ number: { capabilities: { sms: false } } });
    expect(await refusalOf(validate())).toMatchObject({
      code: "invalid-argument",
      reason: "number_lacks_sms",
      field: "phone_number",
    });
  });

  test("a WhatsApp number of another account is not taken for the salon's", async () => {
    const { bench, validate } = await salon();
    await bench.admin("POST", "/whatsapp-senders", {
      account_sid: bench.main.accountSid,
      phone_number: WHATSAPP,
    });
    expect(await refusalOf(validate({ whatsappNumber: WHATSAPP }))).toMatchObject({
      code: "invalid-argument",
      reason: "whatsapp_not_registered",
      field: "whatsapp_number",
    });
  });

  test("the sandbox's number is no WhatsApp number in production", async () => {
    const { validate } = await salon();
    expect((await refusalOf(validate({ whatsappNumber: SANDBOX }))).reason).toBe("whatsapp_not_registered");
  });
});

describe("what the account cannot do", () => {
  test.each([
    ["suspended", "account_suspended"],
    ["closed", "account_closed"],
    ["something new", "account_suspended"],
  ])("Twilio calls it %s", async (status, reason) => {
    const { bench, validate } = await salon();
    const url = await saying(bench.url, '"active"', `"${status}"`);
    expect(await refusalOf(validate({}, url))).toMatchObject({ code: "failed-precondition", reason });
  });

  test.each([
    [403, 20403],
    [403, 20005],
    [403, 10001],
    [403, 90010],
  ])("a refusal %i with %i means that it is suspended", async (status, code) => {
    const { bench, validate } = await salon();
    await bench.admin("POST", "/faults", { kind: "http_error", status, code });
    expect(await refusalOf(validate())).toMatchObject({ reason: "account_suspended", twilioCode: code });
  });

  test("it is on trial and meant for production", async () => {
    const { validate } = await salon({ account: { type: "Trial" } });
    expect(await refusalOf(validate())).toMatchObject({
      code: "failed-precondition",
      reason: "trial_in_production",
      field: "mode",
    });
  });

  test.each(["CREATING", "OFFLINE"])("its WhatsApp number is %s", async (status) => {
    const { bench, accountSid, validate } = await salon();
    const sender = { account_sid: accountSid, phone_number: WHATSAPP, status };
    await bench.admin("POST", "/whatsapp-senders", sender);
    expect(await refusalOf(validate({ whatsappNumber: WHATSAPP }))).toMatchObject({
      code: "failed-precondition",
      reason: "whatsapp_not_online",
      field: "whatsapp_number",
    });
  });
});

describe("Twilio's own trouble", () => {
  test.each([
    ["a 500", { kind: "http_error", status: 500 }],
    ["a gateway's page", { kind: "http_error", status: 503, as: "html" }],
    ["a 429", { kind: "http_error", status: 429, code: 20429 }],
    ["a time-out", { kind: "timeout" }],
    ["a closed connection", { kind: "reset" }],
  ])("%s is worth trying again", async (_, fault) => {
    const { bench, validate } = await salon();
    await bench.admin("POST", "/faults", { ...fault, match: { path: "IncomingPhoneNumbers" } });
    expect(await refusalOf(validate())).toMatchObject({
      code: "unavailable",
      retry: true,
      reason: "twilio_unavailable",
    });
  });

  test("a closed port is worth trying again", async () => {
    const { bench, validate } = await salon();
    await bench.simulator.close();
    expect(await refusalOf(validate())).toMatchObject({ code: "unavailable", reason: "twilio_unavailable" });
  });

  test("any other refusal is told as one, with Twilio's code beside it", async () => {
    const { bench, validate } = await salon();
    await bench.admin("POST", "/faults", { kind: "http_error", status: 403, code: 20008 });
    expect(await refusalOf(validate())).toMatchObject({
      code: "failed-precondition",
      retry: false,
      reason: "twilio_refused",
      twilioCode: 20008,
    });
  });
});

test("says what to do in every refusal, and names no number and no token", () => {
  for (const { says } of Object.values(REFUSALS)) {
    expect(says).toMatch(/[.] \S/);
    expect(says).not.toMatch(/\+\d|[0-9a-f]{8}/);
  }
});
