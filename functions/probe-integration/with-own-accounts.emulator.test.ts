import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ANJALI,
  type OwnAccountBench,
  type OwnSalon,
  startOwnAccountBench,
} from "#scripts/testing/own-account-bench.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { Secret } from "#shared/core/secret.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createTwilio } from "#shared/twilio/account.ts";

let bench: OwnAccountBench;
let salon: OwnSalon;

beforeAll(async () => {
  bench = await startOwnAccountBench();
});
afterAll(() => bench.stop());

function health() {
  const { database, clock, vault, twilio } = bench;
  const { logger } = bench.logs;
  const audit = createAudit({ database, clock, logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  const api = createTwilio({ apiBaseUrl: twilio.url });
  return connectAccountHealth({ database, changes, vault, twilio: api, clock, logger });
}
const report = () =>
  health().report(salon.salonId, "salon_own", { class: "credential", code: 20003, channel: "sms" });
const probe = () => health().probe(salon.salonId, "salon_own");
const stored = async () => {
  const { status, health: now } = await bench.stored(salon.salonId);
  return { status, trouble: now.salon_own?.class ?? null };
};

test("an owner who saves the account again after Twilio let it go on sending is in no trouble any more", async () => {
  salon = await bench.addOwnSalon();
  const { ownAccounts } = bench.instance();
  await ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
  await bench.twilio.setStatus(salon.accountSid, "suspended");
  expect(await report()).toBe(true);
  expect(await stored()).toEqual({ status: "error", trouble: "credential" });

  await bench.twilio.setStatus(salon.accountSid, "active");
  await ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
  expect(await stored()).toEqual({ status: "active", trouble: null });
  expect(await probe()).toEqual({ healed: true });
  expect(await probe()).toEqual({ healed: false });
});

test("a rotation that replaces a token which Twilio took back ends the trouble", async () => {
  salon = await bench.addOwnSalon();
  const { ownAccounts } = bench.instance();
  await ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
  const owner = bench.at(salon.accountSid, salon.authToken);
  const secondary = await owner.createSecondaryToken();
  await bench.at(salon.accountSid, secondary.reveal()).promoteSecondaryToken();
  expect(await report()).toBe(true);
  const authToken = new Secret(secondary.reveal());
  await ownAccounts.save(salon.salonId, { ...bench.entered(salon), authToken }, ANJALI);
  expect(await stored()).toEqual({ status: "active", trouble: null });
});
