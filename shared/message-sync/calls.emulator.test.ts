import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type SyncBench, type SyncSalon, startSyncBench } from "#scripts/testing/sync-bench.ts";
import { accountFingerprint } from "#shared/core/ids.ts";

/** Where nobody listens: these calls' webhooks and callbacks are lost, and the customer hears Twilio's own words. */
const NOWHERE = "http://127.0.0.1:9/";

let bench: SyncBench;
beforeAll(async () => {
  bench = await startSyncBench();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  await bench.simulator.calm();
  bench.clock.restart();
  bench.logs.lines.splice(0);
  const { firestore } = bench.database;
  for (const name of ["message_syncs", "message_sync_passes", "salon_integrations"])
    await firestore.recursiveDelete(firestore.collection(name));
});

const laterOn = () => bench.clock.pass(300);
const stored = async (sid: string) => (await bench.database.firestore.doc(`calls/${sid}`).get()).data();
const rowsOf = async (salon: SyncSalon, sid: string) =>
  (await bench.rows(salon, sid)).sort((one, other) => one.id.localeCompare(other.id));

async function lostCall(salon: SyncSalon, seconds = 61): Promise<{ sid: string; from: string }> {
  const account = bench.accountOf(salon);
  const number = await account.findOwnedNumber(salon.number);
  const webhooks = { smsUrl: NOWHERE, voiceUrl: NOWHERE, voiceFallbackUrl: NOWHERE, statusCallback: NOWHERE };
  await account.configureNumber(number?.sid ?? "", webhooks);
  const from = bench.customer();
  const call = { to: salon.number, from, duration_seconds: seconds };
  const { call_sid: sid } = await bench.simulator.call(call);
  return { sid, from };
}

const report = (salon: SyncSalon, callSid: string, durationSeconds: number | undefined) =>
  bench.calls.report({
    salonId: salon.salonId,
    callSid,
    account: accountFingerprint(salon.accountSid),
    direction: "inbound",
    party: "party",
    state: "completed",
    durationSeconds,
    timeZone: "Asia/Kolkata",
    billedTo: "platform",
  });

describe("a customer's call", () => {
  test("whose end no callback told of is charged by Twilio's list, and what it costs Twilio is noted, once", async () => {
    const salon = await bench.salon();
    const { sid, from } = await lostCall(salon);
    const moved = [];
    for (const _ of [1, 2, 3]) {
      laterOn();
      moved.push((await bench.reader()()).counts);
    }
    expect(moved.map((counts) => counts.moved)).toEqual([1, 0, 0]);
    expect(moved.reduce((sum, { priced }) => sum + priced, 0)).toBe(1);
    expect(await stored(sid)).toMatchObject({
      salon_id: salon.salonId,
      state: "completed",
      duration_seconds: 61,
      party: bench.partyOf(from),
    });
    expect(await rowsOf(salon, sid)).toMatchObject([
      { id: `${sid}_voice_inbound`, quantity: 2, cost_micros: 200_000, events: 1 },
      { id: `${sid}_voice_inbound_price`, quantity: 0, cost_micros: 0, events: 0, twilio_currency: "USD" },
    ]);
  });

  test("whose callback came is given its price and nothing else", async () => {
    const salon = await bench.salon();
    const { sid } = await lostCall(salon);
    await report(salon, sid, 61);
    laterOn();
    expect((await bench.reader()()).counts).toMatchObject({ moved: 0, priced: 1 });
    expect(await rowsOf(salon, sid)).toHaveLength(2);
  });

  test("whose callback came without its length is charged by what Twilio's list says", async () => {
    const salon = await bench.salon();
    const { sid } = await lostCall(salon);
    await report(salon, sid, undefined);
    expect(await rowsOf(salon, sid)).toEqual([]);
    laterOn();
    expect((await bench.reader()()).counts).toMatchObject({ moved: 1, priced: 1 });
    expect(await rowsOf(salon, sid)).toMatchObject([{ quantity: 2 }, {}]);
  });

  test("is left to its callback for a minute", async () => {
    const salon = await bench.salon();
    const { sid } = await lostCall(salon, 0);
    bench.clock.pass(30);
    expect((await bench.reader()()).counts.moved).toBe(0);
    expect(await stored(sid)).toBeUndefined();
  });

  test("to a number of the owner's other software is none of ours", async () => {
    const salon = await bench.salon("own");
    const elsewhere = bench.customer();
    await bench.simulator.giveNumber(salon.accountSid, elsewhere);
    const { sid } = await lostCall({ ...salon, number: elsewhere });
    laterOn();
    expect((await bench.reader()()).counts).toMatchObject({ moved: 0, priced: 0 });
    expect(await stored(sid)).toBeUndefined();
  });

  test("is charged although the salon has closed", async () => {
    const salon = await bench.salon("platform", { status: "closed" });
    const { sid } = await lostCall(salon);
    laterOn();
    expect((await bench.reader()()).counts.moved).toBe(1);
    expect(await rowsOf(salon, sid)).toMatchObject([{ kind: "voice_inbound", quantity: 2 }, {}]);
  });

  test("does not come back while the salon's data is being erased", async () => {
    const salon = await bench.salon();
    const { sid } = await lostCall(salon);
    await bench.database.firestore
      .doc(`salon_integrations/${salon.salonId}`)
      .set({ erasing: true }, { merge: true });
    laterOn();
    await bench.reader()();
    expect([await stored(sid), await rowsOf(salon, sid)]).toEqual([undefined, []]);
  });
});

test("messages are brought although the calls cannot be read, and the calls the next time", async () => {
  const salon = await bench.salon();
  const sent = await bench.send(salon);
  await bench.ended(salon, sent);
  const { sid } = await lostCall(salon);
  const match = { path: "Calls", account_sid: salon.accountSid };
  await bench.simulator.fault({ kind: "http_error", status: 503, times: 1, match });
  laterOn();
  expect(await bench.reader()()).toMatchObject({ troubled: 0, counts: { moved: 1 } });
  expect(await stored(sid)).toBeUndefined();
  laterOn();
  expect((await bench.reader()()).counts.moved).toBe(1);
  expect(await stored(sid)).toMatchObject({ state: "completed" });
});
