import { expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createCalls } from "./call-store.ts";
import { createVoicemails } from "./voicemails.ts";

const ACCOUNT = "fingerprint-of-the-subaccount";
const CALLER = E164.parse("+14155550199");
const database = createDatabase(uniqueProjectId());
const clock = createMovingClock();
const calls = createCalls(database, clock);
const voicemails = createVoicemails(database, 2);
const newSalon = () => SalonId.parse(uniqueSalonId());

let serial = 0;
/** A call at which so many messages were left; their SIDs. */
async function left(salonId: SalonId, times = 1, from?: E164, forged?: string): Promise<string[]> {
  serial += 1;
  const callSid = `CA${String(serial).padStart(32, "0")}`;
  await calls.report({
    salonId,
    callSid,
    account: ACCOUNT,
    direction: "inbound",
    party: "party",
    state: "completed",
    durationSeconds: 61,
    timeZone: "Asia/Kolkata",
    billedTo: "platform",
    heard: { language: "en", from },
  });
  const sids = Array.from({ length: times }, (_, index) => forged ?? `RE${index}${callSid.slice(3)}`);
  for (const sid of sids) {
    clock.pass(60);
    const message = { salonId, callSid, account: ACCOUNT, recording: { sid, duration_seconds: 9 } };
    expect(await calls.listRecording(message)).toBe("listed");
  }
  return sids;
}

test("what callers left is listed newest first, page by page, with who can be called back", async () => {
  const salonId = newSalon();
  const [oldest] = await left(salonId, 1, CALLER);
  const [hidden] = await left(salonId);
  const [first, second = ""] = await left(salonId, 2);
  await left(newSalon());
  await left(salonId, 0, CALLER);
  const page = await voicemails.list(salonId);
  expect(page?.voicemails.map(({ sid }) => sid)).toEqual([second, first, hidden]);
  expect(page?.voicemails[2]).toEqual({
    sid: hidden,
    duration_seconds: 9,
    received_at: expect.any(Date),
    from: null,
  });
  expect(page?.next).toBe(hidden);
  const last = await voicemails.list(salonId, hidden);
  expect(last).toMatchObject({ voicemails: [{ sid: oldest, from: CALLER }], next: null });
});

test("another salon's recording is none of the salon's, to listen to and to go on after", async () => {
  const salonId = newSalon();
  const [own = ""] = await left(salonId);
  const [others = ""] = await left(newSalon());
  expect(await voicemails.accountOf(salonId, own)).toBe(ACCOUNT);
  expect(await voicemails.accountOf(salonId, others)).toBeUndefined();
  expect(await voicemails.list(salonId, others)).toBeUndefined();
  expect(await voicemails.list(salonId, "RE")).toBeUndefined();
});

test("a salon that claims another's recording hides it from nobody", async () => {
  const salonId = newSalon();
  const mallory = newSalon();
  const target = "RE".padEnd(34, "f");
  await left(mallory, 1, undefined, target);
  await left(salonId, 1, undefined, target);
  await left(mallory, 1, undefined, target);
  expect(await voicemails.accountOf(salonId, target)).toBe(ACCOUNT);
});
