import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startTwilioSimulator } from "#scripts/twilio-simulator/simulator.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio, type TwilioAccount } from "./account.ts";
import { TwilioFailure } from "./errors.ts";
import { createRetry } from "./retry.ts";

type Simulator = Awaited<ReturnType<typeof startTwilioSimulator>>;

let simulator: Simulator;
let main: TwilioAccount;

const retry = createRetry({ random: () => 0 });
const connect = () => createTwilio({ apiBaseUrl: simulator.url, timeoutMs: 500, retry });
const credentials = () => ({
  accountSid: simulator.main.accountSid,
  authToken: new Secret(simulator.main.authToken),
});

beforeAll(async () => {
  simulator = await startTwilioSimulator();
  main = connect().account(credentials());
});
afterEach(async () => {
  await fetch(`${simulator.url}/simulator/faults`, { method: "DELETE" });
});
afterAll(() => simulator.close());

async function order(fault: Record<string, unknown>): Promise<void> {
  const body = JSON.stringify(fault);
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${simulator.url}/simulator/faults`, { method: "POST", body, headers });
  expect(answer.ok).toBe(true);
}

async function failureOf(work: Promise<unknown>): Promise<TwilioFailure> {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  if (error instanceof TwilioFailure) return error;
  throw new Error("expected a TwilioFailure", { cause: error });
}

async function buyOne(account = main) {
  const search = { country: "US", type: "local", smsEnabled: true, voiceEnabled: true, limit: 1 } as const;
  const [found] = await account.searchNumbers(search);
  return account.buyNumber({ phoneNumber: found?.phoneNumber ?? "" });
}

/** A recipient of its own for each test, so that lists do not mix. */
let serial = 0;
function message(from: string) {
  serial += 1;
  return {
    to: `+1415555${String(1000 + serial)}`,
    from,
    body: "Your appointment is tomorrow at 10.",
    statusCallback: "http://127.0.0.1:9/webhooks/twilio/status/s1/m1/1",
    validityPeriodSeconds: 3600,
  };
}

describe("accounts", () => {
  test("says who the credentials belong to, with the token masked", async () => {
    const account = await main.fetchAccount();
    expect(account).toMatchObject({ sid: simulator.main.accountSid, status: "active", isTrial: false });
    expect(account.authToken?.reveal()).toBe(simulator.main.authToken);
    expect(JSON.stringify(account)).not.toContain(simulator.main.authToken);
  });

  test("makes a subaccount that can be found by its name and by nothing else", async () => {
    const made = await main.createSubaccount("salon-17");
    expect(made.ownerSid).toBe(simulator.main.accountSid);
    expect((await main.findSubaccountsByName("salon-17")).map(({ sid }) => sid)).toEqual([made.sid]);
    expect(await main.findSubaccountsByName("salon-1")).toEqual([]);
  });

  test("acts on a subaccount with its own token, and with its parent's", async () => {
    const { sid, authToken } = await main.createSubaccount("salon-18");
    const own = connect().account({ accountSid: sid, authToken: authToken ?? new Secret("") });
    const byParent = connect().account({ ...credentials(), actingOn: sid });
    const bought = await buyOne(byParent);
    expect(bought.accountSid).toBe(sid);
    expect((await own.findOwnedNumber(bought.sid))?.phoneNumber).toBe(bought.phoneNumber);
    expect(await main.findOwnedNumber(bought.phoneNumber)).toBeUndefined();
  });

  test("refuses a wrong token as a matter of credentials", async () => {
    const wrong = connect().account({ ...credentials(), authToken: new Secret("f".repeat(32)) });
    const { info } = await failureOf(wrong.fetchAccount());
    expect(info).toEqual({ certainty: "rejected", class: "credential", code: 20003, httpStatus: 401 });
  });
});

describe("numbers", () => {
  test("searches what is for sale", async () => {
    const found = await main.searchNumbers({ country: "US", type: "local", smsEnabled: true, limit: 3 });
    expect(found).toHaveLength(3);
    expect(found[0]).toMatchObject({ country: "US", capabilities: { sms: true } });
  });

  test("finds nothing for sale in a country without such numbers", async () => {
    expect(await main.searchNumbers({ country: "US", type: "national", limit: 3 })).toEqual([]);
  });

  test("does not buy a number twice", async () => {
    const { phoneNumber } = await buyOne();
    expect((await failureOf(main.buyNumber({ phoneNumber }))).info).toMatchObject({ code: 21422 });
  });

  test("finds an owned number by itself or its SID, and no other that looks alike", async () => {
    const { sid, phoneNumber } = await buyOne();
    expect((await main.findOwnedNumber(phoneNumber))?.sid).toBe(sid);
    expect((await main.findOwnedNumber(sid))?.phoneNumber).toBe(phoneNumber);
    expect(await main.findOwnedNumber(phoneNumber.slice(0, -1))).toBeUndefined();
    expect(await main.findOwnedNumber(`PN${"0".repeat(32)}`)).toBeUndefined();
    expect((await main.listOwnedNumbers(50)).map((number) => number.sid)).toContain(sid);
  });

  test("points a number at us, and puts back what it had", async () => {
    const { sid, webhooks: before } = await buyOne();
    const ours = {
      smsUrl: "https://hooks.example.com/webhooks/twilio/sms/s1#rc=3",
      voiceUrl: "https://hooks.example.com/webhooks/twilio/voice/s1",
      voiceFallbackUrl: "https://example.com/fallback.xml",
      statusCallback: "https://hooks.example.com/webhooks/twilio/status/s1",
    };
    expect((await main.configureNumber(sid, ours)).webhooks).toMatchObject({
      ...ours,
      smsMethod: "POST",
      voiceMethod: "POST",
      voiceFallbackMethod: "GET",
      statusCallbackMethod: "POST",
      smsApplicationSid: "",
      voiceApplicationSid: "",
      trunkSid: "",
    });
    expect((await main.restoreNumber(sid, before)).webhooks).toEqual(before);
  });

  test("moves a number to a subaccount", async () => {
    const subaccount = await main.createSubaccount("salon-19");
    const { sid } = await buyOne();
    expect((await main.moveNumber(sid, subaccount.sid)).accountSid).toBe(subaccount.sid);
    expect(await main.findOwnedNumber(sid)).toBeUndefined();
  });
});

describe("messages", () => {
  test("sends one and reads it again", async () => {
    const { phoneNumber } = await buyOne();
    const wanted = message(phoneNumber);
    const sent = await main.sendMessage(wanted);
    const { to, from, body } = wanted;
    expect(sent).toMatchObject({ to, from, body, status: "queued", direction: "outbound", price: undefined });
    expect(sent.accountSid).toBe(simulator.main.accountSid);
    expect(sent.createdAt).toBeInstanceOf(Date);
    expect(await main.fetchMessage(sent.sid)).toMatchObject({ sid: sent.sid, segments: 1, body });
  });

  test("lists what went to a recipient, newest first and queued ones too", async () => {
    const { phoneNumber } = await buyOne();
    const wanted = message(phoneNumber);
    const sids: string[] = [];
    for (const body of ["first", "second"]) sids.push((await main.sendMessage({ ...wanted, body })).sid);
    const createdAfter = new Date(Date.now() - 60_000);
    const found = await main.listMessages({ to: wanted.to, createdAfter, limit: 20 });
    expect(found.map(({ sid }) => sid).sort()).toEqual(sids.sort());
    const later = { to: wanted.to, createdAfter: new Date(Date.now() + 60_000), limit: 20 };
    expect(await main.listMessages(later)).toEqual([]);
  });

  test("looks at no more messages than it is asked to", async () => {
    const { phoneNumber } = await buyOne();
    const wanted = message(phoneNumber);
    for (let count = 0; count < 3; count += 1) await main.sendMessage(wanted);
    expect(await main.listMessages({ to: wanted.to, limit: 2 })).toHaveLength(2);
  });

  test("says what a message cost in whole micros, once Twilio knows", async () => {
    const { phoneNumber } = await buyOne();
    const { sid } = await main.sendMessage(message(phoneNumber));
    await vi.waitFor(async () => expect((await main.fetchMessage(sid)).price).toBeDefined(), 5000);
    const { price } = await main.fetchMessage(sid);
    expect(price?.currency).toBe("USD");
    expect(Number.isInteger(price?.micros)).toBe(true);
    expect(price?.micros).toBeGreaterThan(0);
  });
});

describe("trouble", () => {
  async function sendOne() {
    const { phoneNumber } = await buyOne();
    const wanted = message(phoneNumber);
    return { wanted, count: async () => (await main.listMessages({ to: wanted.to, limit: 10 })).length };
  }

  test("a busy Twilio is asked three times, and sends once", async () => {
    const { wanted, count } = await sendOne();
    await order({ kind: "http_error", status: 429, code: 20429, match: { to: wanted.to }, times: 2 });
    expect((await main.sendMessage(wanted)).status).toBe("queued");
    expect(await count()).toBe(1);
  });

  test("an answer that got lost is not asked for again: the message may be sent, and is", async () => {
    const { wanted, count } = await sendOne();
    await order({ kind: "reset", when: "after", match: { to: wanted.to }, times: 1 });
    const { info } = await failureOf(main.sendMessage(wanted));
    expect(info).toEqual({ certainty: "unclear", class: "uncertain" });
    expect(await count()).toBe(1);
  });

  test.each([
    ["a time-out", { kind: "timeout" }],
    ["a 503", { kind: "http_error", status: 503, code: 20503 }],
    ["a gateway's page", { kind: "http_error", status: 503, as: "html" }],
    ["a refusal without a code", { kind: "http_error", status: 403, as: "html" }],
  ])("%s leaves it unclear, and is not repeated", async (_, fault) => {
    const { wanted, count } = await sendOne();
    await order({ ...fault, match: { to: wanted.to }, times: 1 });
    expect((await failureOf(main.sendMessage(wanted))).info.certainty).toBe("unclear");
    expect(await count()).toBe(0);
  });

  test("an opt-out is a refusal that suppresses the recipient", async () => {
    const { wanted } = await sendOne();
    await order({ kind: "recipient", to: wanted.to, error_code: 21610, surface: "sync" });
    const { info } = await failureOf(main.sendMessage(wanted));
    expect(info).toEqual({ certainty: "rejected", class: "opted_out", code: 21610, httpStatus: 400 });
  });

  test("a request that is not complete is refused before it is sent", async () => {
    const { info } = await failureOf(main.sendMessage({ ...message("+14155550100"), to: "" }));
    expect(info).toMatchObject({ certainty: "rejected", class: "bug" });
  });
});
