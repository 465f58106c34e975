import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { startSimulatedTwilio } from "#scripts/testing/simulated-twilio.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { accountFingerprint, SalonId } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createApprovals } from "#shared/templates/approvals.ts";
import { createTemplateSync } from "#shared/templates/sync.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createTemplateDuty, TEMPLATE_FIELDS, usesWhatsApp } from "./templates.ts";

const ALL = 18;
const HOUR = 3_600;
const NUMBER = "+14155550123";

const database = createDatabase(uniqueProjectId());
afterAll(() => database.firestore.terminate());
const { KMS_KEY_NAME: keyName = "", KMS_ENDPOINT: endpoint } = process.env;
const kms = createKms({ keyName, endpoint });

const Requests = z.object({ requests: z.array(z.looseObject({ path: z.string() })) });
const Listed = z.object({ contents: z.array(z.object({ sid: z.string(), account_sid: z.string() })) });

async function start() {
  const simulator = await startSimulatedTwilio({ approvalMs: HOUR * 1_000 });
  onTestFinished(simulator.stop);
  const retry = createRetry({ random: () => 0 });
  const twilio = createTwilio({ apiBaseUrl: simulator.url, timeoutMs: 2_000, retry });
  const clock = createMovingClock();
  const logs = createLogBook();
  const vault = createVault({ kms, clock, cache: VAULT_CACHE });
  const approvals = createApprovals(database, clock);
  const duty = createTemplateDuty({
    database,
    integrations: createIntegrations(database),
    vault,
    twilio,
    syncTemplates: createTemplateSync({ approvals, clock }),
    clock,
    logger: logs.logger,
  });
  const ask = async (path: string, body?: unknown) => {
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const value: unknown = await (await fetch(`${simulator.url}/simulator/${path}`, sent)).json();
    return value;
  };
  const salonId = SalonId.parse(uniqueSalonId());
  const sealed = async (accountSid: string, authToken: string) => ({
    account_sid: await vault.seal({ salonId, kind: "account_sid", secret: new Secret(accountSid) }),
    auth_token: await vault.seal({ salonId, kind: "auth_token", secret: new Secret(authToken) }),
  });
  const { accountSid, authToken } = simulator.main;
  return {
    simulator,
    clock,
    logs,
    vault,
    sealed,
    accountSid,
    authToken,
    duty: () => duty(salonId),
    requests: async () =>
      Requests.parse(await ask("requests")).requests.filter(({ path }) => path.includes("/v1/Content")),
    contents: async () => Listed.parse(await ask("contents")).contents,
    async decide(status: string) {
      for (const { sid } of Listed.parse(await ask("contents")).contents)
        await ask(`contents/${sid}/approval`, { status });
    },
    approved: () =>
      createApprovals(database).approvedContent(accountFingerprint(accountSid), {
        name: "booking_reminder",
        language: "te",
      }),
    /** The salon's integration, and what maintenance reads of it in its pass. */
    async integration(document: Record<string, unknown>) {
      const collection = database.firestore.collection("salon_integrations");
      await collection.doc(salonId).set({ salon_id: salonId, ...document });
      const read = await collection
        .where("salon_id", "==", salonId)
        .select(...TEMPLATE_FIELDS)
        .get();
      return usesWhatsApp(read.docs[0]?.data());
    },
  };
}

describe("the templates of a salon with a WhatsApp number", () => {
  test("are brought to its own account, and once WhatsApp agrees they may be sent", async () => {
    const { duty, integration, sealed, accountSid, authToken, contents, decide, approved, clock } =
      await start();
    const own = { ...(await sealed(accountSid, authToken)), is_active: true, whatsapp_number: NUMBER };
    expect(await integration({ twilio: own })).toBe(true);
    expect(await duty()).toBe(true);
    expect(await contents()).toHaveLength(ALL);
    expect(await approved()).toBeUndefined();
    await decide("approved");
    clock.pass(HOUR);
    expect(await duty()).toBe(true);
    expect(await approved()).toBeDefined();
    expect(await contents()).toHaveLength(ALL);
  });

  test("are looked at hourly while WhatsApp has to decide, then once a day, and else nothing is asked or opened", async () => {
    const { duty, integration, sealed, accountSid, authToken, decide, requests, clock, vault } =
      await start();
    const platform = { ...(await sealed(accountSid, authToken)), parent: "default" };
    await integration({ platform: { ...platform, is_active: true, whatsapp_number: NUMBER } });
    const turns: boolean[] = [];
    const turn = async (seconds: number) => {
      clock.pass(seconds);
      turns.push(await duty());
    };
    await turn(0);
    await turn(0);
    await turn(HOUR);
    await decide("approved");
    await turn(HOUR);
    expect(turns).toEqual([true, false, true, true]);
    const [asked, opened] = [JSON.stringify(await requests()), vault.stats()];
    expect(asked).toContain("ContentAndApprovals");
    await turn(HOUR);
    await turn(21 * HOUR);
    expect(JSON.stringify(await requests())).toBe(asked);
    expect(vault.stats()).toEqual(opened);
    await turn(2 * HOUR);
    expect(turns.slice(4)).toEqual([false, false, true]);
  });

  test("are one worker's when two have the same salon", async () => {
    const { duty, integration, sealed, accountSid, authToken, contents } = await start();
    const own = { ...(await sealed(accountSid, authToken)), is_active: true, whatsapp_number: NUMBER };
    await integration({ twilio: own });
    const done = await Promise.all([duty(), duty(), duty()]);
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await contents()).toHaveLength(ALL);
  });

  test("are the subaccount's with its own token, not the parent's", async () => {
    const { simulator, duty, integration, sealed, contents } = await start();
    const parent = { accountSid: simulator.main.accountSid, authToken: new Secret(simulator.main.authToken) };
    const made = await createTwilio({ apiBaseUrl: simulator.url }).account(parent).createSubaccount("salon");
    const credentials = await sealed(made.sid, made.authToken?.reveal() ?? "");
    const platform = { ...credentials, parent: "default", is_active: true, whatsapp_number: NUMBER };
    await integration({ platform });
    expect(await duty()).toBe(true);
    expect(new Set((await contents()).map(({ account_sid }) => account_sid))).toEqual(new Set([made.sid]));
  });

  test("wait for the next pass after trouble, which is told, with no credential in the log", async () => {
    const { simulator, duty, integration, sealed, accountSid, authToken, clock, logs, contents } =
      await start();
    const own = { ...(await sealed(accountSid, authToken)), is_active: true, whatsapp_number: NUMBER };
    await integration({ twilio: own });
    await simulator.fault({ kind: "http_error", status: 503, match: { path: "/v1/Content" } });
    await expect(duty()).rejects.toMatchObject({ code: "unavailable" });
    expect(await duty()).toBe(false);
    await simulator.calm();
    clock.pass(HOUR);
    expect(await duty()).toBe(true);
    expect(await contents()).toHaveLength(ALL);
    expect(logs.lines.join()).toContain('"count":18');
    expect(logs.leaked([accountSid, authToken, NUMBER])).toEqual([]);
  });

  test("go by the current token while the next one is not yet taken by Twilio", async () => {
    const { duty, integration, sealed, accountSid, authToken, contents } = await start();
    const { auth_token } = await sealed(accountSid, "a token that Twilio does not know");
    const twilio = {
      ...(await sealed(accountSid, authToken)),
      next_auth_token: { auth_token, origin: "pasted", stored_at: new Date() },
      is_active: true,
      whatsapp_number: NUMBER,
    };
    await integration({ twilio });
    expect(await duty()).toBe(true);
    expect(await contents()).toHaveLength(ALL);
  });
});

test.each([
  ["no document", undefined],
  ["no WhatsApp number", { is_active: true, whatsapp_number: null }],
  ["the sandbox, which takes no templates", { is_active: true, whatsapp_number: "+14155238886" }],
  ["an account that it does not use", { is_active: false, whatsapp_number: NUMBER }],
])("a salon with %s has no templates brought to Twilio", async (_, account) => {
  const { duty, integration, sealed, accountSid, authToken, requests } = await start();
  const twilio = account === undefined ? undefined : { ...(await sealed(accountSid, authToken)), ...account };
  if (twilio !== undefined) expect(await integration({ twilio })).toBe(false);
  expect(await duty()).toBe(false);
  expect(await requests()).toEqual([]);
});

test("a salon that has switched messaging off is left alone", async () => {
  const { duty, integration, sealed, accountSid, authToken, requests } = await start();
  const own = { ...(await sealed(accountSid, authToken)), is_active: true, whatsapp_number: NUMBER };
  const requested = { messaging: "off", by: "anjali", at: new Date() };
  expect(await integration({ twilio: own, requested })).toBe(false);
  expect(await duty()).toBe(false);
  expect(await requests()).toEqual([]);
});
