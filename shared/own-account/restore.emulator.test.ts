import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ANJALI,
  type OwnAccountBench,
  type OwnSalon,
  startOwnAccountBench,
} from "#scripts/testing/own-account-bench.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { AppError } from "#shared/core/errors.ts";
import { Secret } from "#shared/core/secret.ts";
import { createErasureRequests } from "#shared/salon-data/erasure-requests.ts";

const THEIRS = "https://crm.example.org/sms";
const NOTHING = { smsUrl: "", voiceUrl: "", voiceFallbackUrl: "", statusCallback: "" };

let bench: OwnAccountBench;
beforeAll(async () => {
  bench = await startOwnAccountBench();
});
afterAll(() => bench.stop());

const accountOf = ({ accountSid, authToken }: OwnSalon) => bench.at(accountSid, authToken);
const smsUrlOf = async (salon: OwnSalon) =>
  (await accountOf(salon).findOwnedNumber(salon.numberSid))?.webhooks.smsUrl;

/** A salon whose number led to its own CRM, and now leads to us. */
async function connected() {
  const salon = await bench.addOwnSalon();
  await accountOf(salon).configureNumber(salon.numberSid, { ...NOTHING, smsUrl: THEIRS });
  const { ownAccounts } = bench.instance();
  await ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
  expect(await smsUrlOf(salon)).not.toBe(THEIRS);
  return { salon, ownAccounts };
}
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof AppError ? (error.context.reason ?? error.code) : "unknown"),
  );

test("puts the number back as it was, forgets nothing, and is done as often as it is asked for", async () => {
  const { salon, ownAccounts } = await connected();
  const before = await bench.stored(salon.salonId);
  for (let time = 0; time < 2; time += 1) {
    expect(await ownAccounts.restoreWebhooks(salon.salonId)).toBe(true);
    expect(await smsUrlOf(salon)).toBe(THEIRS);
  }
  expect(await bench.stored(salon.salonId)).toEqual(before);
});

test("leaves a number alone that its owner has pointed elsewhere meanwhile", async () => {
  const { salon, ownAccounts } = await connected();
  const elsewhere = "https://elsewhere.example.org/sms";
  await accountOf(salon).configureNumber(salon.numberSid, { ...NOTHING, smsUrl: elsewhere });
  expect(await ownAccounts.restoreWebhooks(salon.salonId)).toBe(true);
  expect(await smsUrlOf(salon)).toBe(elsewhere);
});

test("says that there is nothing to put back where nothing is connected", async () => {
  const { salonId } = await bench.addOwnSalon();
  expect(await bench.instance().ownAccounts.restoreWebhooks(salonId)).toBe(false);
});

test("says why when Twilio does not let us, and whether to try again", async () => {
  const { salon, ownAccounts } = await connected();
  const match = { account_sid: salon.accountSid };
  await bench.twilio.fault({ kind: "http_error", status: 500, match, times: 1 });
  await expect(ownAccounts.restoreWebhooks(salon.salonId)).rejects.toMatchObject({ retry: true });
  await bench.twilio.fault({ kind: "http_error", status: 401, code: 20003, match, times: 1 });
  await expect(ownAccounts.restoreWebhooks(salon.salonId)).rejects.toMatchObject({ retry: false });
});

test("what was put back for an erasure is not taken again: every change is refused, and Twilio left as it is", async () => {
  const { salon, ownAccounts } = await connected();
  const { database, clock, logs } = bench;
  const parts = { database, clock, logger: logs.logger };
  const erasures = createErasureRequests({ ...parts, audit: createAudit(parts) });
  await erasures.request(salon.salonId, ANJALI);
  await ownAccounts.restoreWebhooks(salon.salonId);
  const before = await bench.stored(salon.salonId);
  const authToken = new Secret((await accountOf(salon).createSecondaryToken()).reveal());
  const { salonId } = salon;
  const refused = {
    save: await reasonOf(ownAccounts.save(salonId, bench.entered(salon), ANJALI)),
    use: await reasonOf(ownAccounts.use(salonId, "own_account", ANJALI)),
    rotate: await reasonOf(ownAccounts.rotate(salonId, { method: "pasted", authToken }, ANJALI)),
    rotateForMe: await reasonOf(ownAccounts.rotate(salonId, { method: "rotate_for_me" }, ANJALI)),
    repair: await reasonOf(ownAccounts.repairWebhooks(salonId, ANJALI)),
    disconnect: await reasonOf(ownAccounts.disconnect(salonId, ANJALI)),
    purge: await reasonOf(ownAccounts.purgeExpired(salonId)),
  };
  expect([...new Set(Object.values(refused))], JSON.stringify(refused)).toEqual(["erasure_under_way"]);
  expect(await bench.stored(salonId)).toEqual(before);
  expect(await smsUrlOf(salon)).toBe(THEIRS);
});
