import { describe, expect, test, vi } from "vitest";
import { field, startBench } from "#scripts/twilio-simulator/testing/bench.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "./account.ts";
import { createRetry } from "./retry.ts";

async function connect(options: Parameters<typeof startBench>[0] = {}) {
  const bench = await startBench(options);
  const twilio = createTwilio({
    apiBaseUrl: bench.url,
    timeoutMs: 500,
    retry: createRetry({ random: () => 0 }),
  });
  const { accountSid } = bench.main;
  const withToken = (authToken: Secret) => twilio.account({ accountSid, authToken });
  const account = withToken(new Secret(bench.main.authToken));
  const service = async (form: Record<string, string> = {}) => {
    const { body } = await bench.api("POST", "/v1/Services", { FriendlyName: "Reminders", ...form });
    return field(body, "sid");
  };
  return { bench, twilio, account, withToken, service };
}

describe("auth tokens", () => {
  test("both authenticate until the secondary is promoted, and then only the new one", async () => {
    const { account, withToken } = await connect();
    const secondary = await account.createSecondaryToken();
    expect((await withToken(secondary).fetchAccount()).status).toBe("active");
    expect((await account.fetchAccount()).status).toBe("active");

    const primary = await account.promoteSecondaryToken();
    expect(primary.reveal()).toBe(secondary.reveal());
    await expect(account.fetchAccount()).rejects.toMatchObject({ info: { code: 20003 } });
    expect((await withToken(primary).fetchAccount()).authToken?.reveal()).toBe(primary.reveal());
  });

  test("a deleted secondary no longer authenticates, and deleting none is done as well", async () => {
    const { account, withToken } = await connect();
    const secondary = await account.createSecondaryToken();
    await account.deleteSecondaryToken();
    await account.deleteSecondaryToken();
    await expect(withToken(secondary).fetchAccount()).rejects.toMatchObject({ info: { code: 20003 } });
    await expect(account.promoteSecondaryToken()).rejects.toMatchObject({ info: { code: 20404 } });
  });

  test("print as a mask", async () => {
    const { account } = await connect();
    expect(`${await account.createSecondaryToken()}`).toBe("[redacted]");
  });

  test("of a parent are never rotated in place of its subaccount's", async () => {
    const { bench, twilio, account } = await connect();
    const { sid } = await account.createSubaccount("salon-7");
    const byParent = twilio.account({
      accountSid: bench.main.accountSid,
      authToken: new Secret(bench.main.authToken),
      actingOn: sid,
    });
    await expect(byParent.createSecondaryToken()).rejects.toThrow("the subaccount's own credentials");
    await expect(byParent.listWhatsAppSenders()).rejects.toThrow("the subaccount's own credentials");
    await expect(account.promoteSecondaryToken()).rejects.toMatchObject({ info: { code: 20404 } });
  });
});

describe("WhatsApp senders", () => {
  test("are those of the account, by their numbers", async () => {
    const { bench, account } = await connect();
    const { accountSid: account_sid } = bench.main;
    const sender = { account_sid, phone_number: "+14155550177", status: "OFFLINE" };
    const { body } = await bench.admin("POST", "/whatsapp-senders", sender);
    const other = field((await bench.admin("POST", "/accounts", {})).body, "account_sid");
    await bench.admin("POST", "/whatsapp-senders", { account_sid: other, phone_number: "+14155550178" });
    expect(await account.listWhatsAppSenders()).toEqual([
      expect.objectContaining({ sid: field(body, "sid"), number: "+14155550177", status: "OFFLINE" }),
    ]);
  });
});

describe("the Messaging Service of a number", () => {
  test("is found among others, with where it takes messages", async () => {
    const { bench, account, service } = await connect();
    const number = await bench.own("+14155550123");
    // More than are asked at once.
    for (let count = 0; count < 12; count += 1) await service();
    const sid = await service({ InboundRequestUrl: "https://crm.example.org/in", InboundMethod: "GET" });
    await service();
    await bench.api("POST", `/v1/Services/${sid}/PhoneNumbers`, { PhoneNumberSid: number });
    expect(await account.findServiceOf(number)).toEqual({
      sid,
      inboundRequestUrl: "https://crm.example.org/in",
      inboundMethod: "GET",
      useInboundWebhookOnNumber: false,
    });
  });

  test("is none when no service has it", async () => {
    const { bench, account, service } = await connect();
    const number = await bench.own("+14155550123");
    expect(await account.findServiceOf(number)).toBeUndefined();
    await service();
    expect(await account.findServiceOf(number)).toBeUndefined();
  });

  test("is not guessed when Twilio is down", async () => {
    const { bench, account, service } = await connect();
    const number = await bench.own("+14155550123");
    await service();
    await bench.admin("POST", "/faults", {
      kind: "http_error",
      status: 500,
      match: { path: "PhoneNumbers/" },
    });
    await expect(account.findServiceOf(number)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("erasing a message", () => {
  async function sent(options: Parameters<typeof startBench>[0] = {}) {
    const { bench, account } = await connect(options);
    await bench.own("+14155550123");
    const { sid } = await account.sendMessage({
      to: "+14155550199",
      from: "+14155550123",
      body: "Hello Priya",
      statusCallback: "http://127.0.0.1:9/x",
      validityPeriodSeconds: 60,
    });
    const delivered = async () => expect((await account.fetchMessage(sid)).status).toBe("delivered");
    return { account, sid, delivered: () => vi.waitFor(delivered, 5000) };
  }

  test("redacting empties its body and keeps its record", async () => {
    const { account, sid, delivered } = await sent();
    await delivered();
    await account.redactMessage(sid);
    expect(await account.fetchMessage(sid)).toMatchObject({ sid, body: "", status: "delivered" });
  });

  test("deleting leaves nothing, and both are done when there is nothing", async () => {
    const { account, sid, delivered } = await sent();
    await delivered();
    await account.deleteMessage(sid);
    await expect(account.fetchMessage(sid)).rejects.toMatchObject({ info: { httpStatus: 404 } });
    await account.deleteMessage(sid);
    await account.redactMessage(sid);
  });

  test("one that is on its way is refused for now", async () => {
    // An hour from one state to the next: it stays on its way.
    const { account, sid } = await sent({ stageMs: 3_600_000 });
    const passing = { info: { code: 20009, class: "transient" } };
    await expect(account.redactMessage(sid)).rejects.toMatchObject(passing);
    await expect(account.deleteMessage(sid)).rejects.toMatchObject(passing);
  });
});
