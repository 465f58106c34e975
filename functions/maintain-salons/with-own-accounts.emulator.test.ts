import { afterAll, expect, test } from "vitest";
import { verifyChains } from "#scripts/audit/verify-chains.ts";
import { startSalonDataBench } from "#scripts/testing/salon-data-bench.ts";
import { createOwnAccounts } from "#shared/own-account/create-own-accounts.ts";
import { rotationReminder } from "#shared/reminders/rotation.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault } from "#shared/vault/connect.ts";
import { createMaintenance } from "./maintenance.ts";
import { sendsNoTest } from "./sends-no-test.ts";

const bench = await startSalonDataBench();
afterAll(() => bench.stop());

test("one tick forgets expired credentials, audited, and goes on with an erasure that is due", async () => {
  const { database, clock, audit, logs } = bench;
  const { logger } = logs;
  const { KMS_ENDPOINT, KMS_KEY_NAME = "" } = process.env;
  const kms = { KMS_ENDPOINT, KMS_KEY_NAME, CREDENTIALS_ACCEPT_UNVERSIONED: false };
  const vault = connectVault({ ...kms, CREDENTIALS_UNVERSIONED_KEY_NAME: undefined }, { clock, logger });
  const ownAccounts = createOwnAccounts({
    database,
    integrations: createIntegrations(database),
    salons: createSalons(database),
    audit,
    vault,
    twilio: createTwilio({ apiBaseUrl: "http://127.0.0.1:9" }),
    urls: createWebhookUrls("http://127.0.0.1:9"),
    rotationReminder,
    sendTest: sendsNoTest,
    clock,
    logger,
  });
  const [kept, erased] = [await bench.fullSalon(), await bench.fullSalon()];
  const erasures = bench.erasures();
  await erasures.request(erased.id, { actor: { kind: "operator", id: "op-1" } });
  clock.pass(60);

  const nothingDue = async () => false;
  const duties = { ownAccounts, erasures, checkWebhooks: nothingDue, syncTemplates: nothingDue };
  const maintained = await createMaintenance({ ...duties, database, clock, logger })();
  expect(maintained).toEqual({ done: 1, failed: 0, erasures: 1, finished: true });
  const twilio = (await database.firestore.doc(`salon_integrations/${kept.id}`).get()).get("twilio");
  expect(twilio).toMatchObject({ previous: null, auth_token: { version: "2" } });
  expect(await erasures.get(erased.id)).toMatchObject({ step: "delete", redaction: { redacted: 3 } });
  expect((await verifyChains(database, {})).problems).toEqual([]);
});
