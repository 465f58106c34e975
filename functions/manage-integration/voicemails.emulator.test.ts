import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startDashboardBench } from "#scripts/testing/dashboard-bench.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "#scripts/testing/simulated-twilio.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createVoicemails } from "#shared/calls/voicemails.ts";
import { systemClock } from "#shared/core/clock.ts";
import { accountFingerprint, type SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createListenTo } from "./voicemail-sound.ts";

const CALLER = E164.parse("+14155550199");
const Made = z.object({ sid: z.string() });
const Listed = z.object({ recordings: z.array(Made) });

let twilio: SimulatedTwilio;
let bench: Awaited<ReturnType<typeof startDashboardBench>>;
let serial = 100;
beforeAll(async () => {
  twilio = await startSimulatedTwilio();
  bench = await startDashboardBench({ twilioUrl: twilio.url });
});
afterAll(async () => {
  await bench.stop();
  await twilio.stop();
});

/** A salon with an account at Twilio, where a caller left a message. */
async function salonWithVoicemail() {
  const salonId = await bench.salon();
  const { sid: accountSid, auth_token: token } = await twilio.addAccount();
  serial += 1;
  const number = `+14155550${serial}`;
  await twilio.giveNumber(accountSid, number);
  await setPlatform(salonId, accountSid, token, number);
  const account = `${twilio.url}/2010-04-01/Accounts/${accountSid}`;
  const headers = { authorization: `Basic ${btoa(`${accountSid}:${token}`)}` };
  const body = new URLSearchParams({
    To: CALLER,
    From: number,
    Twiml: "<Response><Record action='http://127.0.0.1:9/recorded'/></Response>",
  });
  const placed = await fetch(`${account}/Calls.json`, { method: "POST", headers, body });
  const { sid: callSid } = Made.parse(await placed.json());
  const recordings = async () =>
    Listed.parse(await (await fetch(`${account}/Calls/${callSid}/Recordings.json`, { headers })).json())
      .recordings;
  await until(async () => (await recordings()).length === 1);
  const [{ sid: recordingSid } = expect.fail("nothing was recorded")] = await recordings();
  const calls = createCalls(bench.database, systemClock);
  const known = { salonId, callSid, account: accountFingerprint(accountSid) };
  await calls.report({
    ...known,
    direction: "inbound",
    party: "party",
    state: "completed",
    durationSeconds: 9,
    timeZone: "Asia/Kolkata",
    billedTo: "platform",
    heard: { language: "en", from: CALLER },
  });
  await calls.listRecording({ ...known, recording: { sid: recordingSid, duration_seconds: 5 } });
  const { as } = await bench.member(salonId, "staff");
  const forget = () =>
    fetch(`${account}/Calls/${callSid}/Recordings/${recordingSid}.json`, { method: "DELETE", headers });
  const path = `/v1/salons/${salonId}/voicemails`;
  return { salonId, as, path, recordingSid, accountSid, number, forget };
}

async function setPlatform(salonId: SalonId, accountSid: string, token: string, number: string) {
  const platform = {
    account_sid: await bench.seal(salonId, "account_sid", accountSid),
    auth_token: await bench.seal(salonId, "auth_token", token),
    parent: "default",
    phone_number: number,
    is_active: true,
    webhook_status: "configured",
  };
  const integration = SalonIntegration.parse({ salon_id: salonId, platform });
  await bench.database.firestore.doc(`salon_integrations/${salonId}`).set(integration);
}

test("staff find what a caller left, and listen to it", async () => {
  const { as, path, recordingSid } = await salonWithVoicemail();
  const { body } = await bench.ask("GET", path, { as });
  const received_at = expect.stringMatching(/Z$/);
  const voicemail = { recording_sid: recordingSid, from: CALLER, seconds: 5, received_at };
  expect(body).toEqual({ voicemails: [voicemail], next: null });
  const sound = await bench.open(`${path}/${recordingSid}`, as);
  expect([sound.status, sound.headers.get("content-type")]).toEqual([200, "audio/mpeg"]);
  const bytes = await sound.bytes();
  expect(Buffer.from(bytes).toString()).toContain(recordingSid);
  expect(bytes.length).toBeGreaterThan(20_000);
  expect(bench.logs.leaked([CALLER, CALLER.slice(1)])).toEqual([]);
});

test("another salon's voicemail is one that does not exist, to listen to and to page after", async () => {
  const mine = await salonWithVoicemail();
  const others = await salonWithVoicemail();
  const nobodys = await bench.ask("GET", `${mine.path}/RE0`, { as: mine.as });
  const theirs = await bench.ask("GET", `${mine.path}/${others.recordingSid}`, { as: mine.as });
  expect(theirs.status).toBe(404);
  expect(theirs.text).toBe(nobodys.text);
  const after = await bench.ask("GET", `${mine.path}?after=${others.recordingSid}`, { as: mine.as });
  expect(after).toMatchObject({ status: 400, body: { error: { field: "after" } } });
});

test("a voicemail that Twilio no longer has is not found", async () => {
  const { as, path, recordingSid, forget } = await salonWithVoicemail();
  await forget();
  expect((await bench.ask("GET", `${path}/${recordingSid}`, { as })).status).toBe(404);
});

test("a voicemail whose account takes no token of ours is refused, and the token stays secret", async () => {
  const { salonId, as, path, recordingSid, accountSid, number } = await salonWithVoicemail();
  const dead = "dead7e75ec7e75ec7e75ec7e75ec7edd";
  await setPlatform(salonId, accountSid, dead, number);
  const refused = await bench.ask("GET", `${path}/${recordingSid}`, { as });
  expect(refused.body.error.code).toBe("failed-precondition");
  expect(bench.logs.leaked([dead, accountSid])).toEqual([]);
});

test("a voicemail is to be asked for again while Cloud KMS is away", async () => {
  const { salonId, recordingSid } = await salonWithVoicemail();
  const kms = createKms({ keyName: process.env.KMS_KEY_NAME ?? "", endpoint: "127.0.0.1:9" });
  const listenTo = createListenTo({
    voicemails: createVoicemails(bench.database),
    integrations: createIntegrations(bench.database),
    vault: createVault({ kms, clock: systemClock, cache: VAULT_CACHE }),
    twilio: createTwilio({ apiBaseUrl: twilio.url }),
    clock: systemClock,
  });
  await expect(listenTo(salonId, recordingSid).next()).rejects.toMatchObject({ code: "unavailable" });
}, 30_000);
