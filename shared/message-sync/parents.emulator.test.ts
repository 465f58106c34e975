import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type SyncBench, type SyncSalon, startSyncBench } from "#scripts/testing/sync-bench.ts";
import { accountFingerprint } from "#shared/core/ids.ts";

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
const read = () => bench.reader({}, ["default"])();
/** The account has been read before what the test does next. */
const known = async () => {
  bench.clock.pass(-600);
  await read();
  bench.clock.pass(600);
};
const progressOfParent = async () => {
  const fingerprint = accountFingerprint(bench.simulator.main.accountSid);
  return (await bench.database.firestore.doc(`message_syncs/${fingerprint}_platform_default`).get()).data();
};

async function wroteTo(salon: SyncSalon, party: ReturnType<SyncBench["customer"]>) {
  const { number } = bench.throughParent(salon);
  const { salonId } = salon;
  await bench.threads.claim({ salonId, party: bench.partyOf(party), numbers: [number] });
}

describe("of the platform's own account", () => {
  test("each salon's emergency messages are brought forward, priced and charged to it alone", async () => {
    const salons = [await bench.salon(), await bench.salon()];
    const sent = [];
    for (const salon of salons) {
      const through = bench.throughParent(salon);
      const message = await bench.send(through);
      await bench.ended(through, message);
      sent.push({ salon, ...message });
    }
    const counts = [];
    for (const _ of [1, 2]) {
      counts.push((await read()).counts);
      laterOn();
    }
    expect(counts).toMatchObject([
      { moved: 2, priced: 2, failed: 0 },
      { moved: 0, priced: 0, failed: 0 },
    ]);
    for (const { salon, id, sid } of sent) {
      expect(await bench.messages.get(id)).toMatchObject({ state: "delivered", salon_id: salon.salonId });
      expect((await bench.rows(salon, sid)).map((row) => row.id).sort()).toEqual([
        `${sid}_sms_outbound`,
        `${sid}_sms_outbound_price`,
      ]);
    }
    expect(await progressOfParent()).toMatchObject({ salon_id: null, turn: null, holder: null });
  });

  test("a reply whose webhook never came is brought home to the salon that wrote, once", async () => {
    const [salon, other] = [await bench.salon(), await bench.salon()];
    await known();
    const { number } = bench.throughParent(salon);
    const { sid, from } = await bench.write({ ...salon, number });
    const party = bench.partyOf(from);
    await bench.threads.claim({ salonId: salon.salonId, party, numbers: [number] });
    const received = [];
    for (const _ of [1, 2]) {
      laterOn();
      received.push((await read()).counts.received);
    }
    expect(received).toEqual([1, 0]);
    expect(await bench.inboundOf(salon)).toMatchObject([{ twilio_sid: sid, from, to: number, answer: null }]);
    expect(await bench.inboundOf(other)).toEqual([]);
    expect(bench.publishedOf(sid)).toHaveLength(1);
    const rows = (await bench.rows(salon, sid)).filter(({ id }) => id === `${sid}_sms_inbound`);
    expect(rows).toMatchObject([{ billed_to: "platform", events: 1 }]);
  });

  test("a STOP whose webhook never came holds for that number too", async () => {
    const salon = await bench.salon();
    await known();
    const { number } = bench.throughParent(salon);
    const party = bench.customer();
    await wroteTo(salon, party);
    await bench.write({ ...salon, number }, { from: party, body: "STOP" });
    laterOn();
    await read();
    const { salonId } = salon;
    const claim = bench.threads.claim({ salonId, party: bench.partyOf(party), numbers: [number] });
    expect(await claim).toBeUndefined();
  });

  test("what comes from somebody whom no salon wrote to is left alone", async () => {
    const salon = await bench.salon();
    await known();
    const { sid } = await bench.write({ ...salon, number: bench.throughParent(salon).number });
    laterOn();
    expect((await read()).counts).toMatchObject({ received: 0, failed: 0 });
    expect([await bench.inboundOf(salon), bench.publishedOf(sid)]).toEqual([[], []]);
  });

  test("nothing is read any more when the platform has it no longer", async () => {
    await read();
    expect(await progressOfParent()).toBeDefined();
    laterOn();
    await bench.reader({}, [])();
    expect(await progressOfParent()).toBeUndefined();
  });

  test("no phone number and no words are logged", async () => {
    const salon = await bench.salon();
    await known();
    const { number } = bench.throughParent(salon);
    const { from } = await bench.write({ ...salon, number }, { body: "canary-body" });
    const party = bench.partyOf(from);
    await bench.threads.claim({ salonId: salon.salonId, party, numbers: [number] });
    laterOn();
    await read();
    const { accountSid, authToken } = bench.simulator.main;
    const secrets = [from.slice(1), number.slice(1), "canary-body", accountSid, authToken];
    expect(bench.logs.lines.length).toBeGreaterThan(0);
    expect(bench.logs.leaked(secrets)).toEqual([]);
  });
});

describe("an account that Twilio refuses", () => {
  const incident = async (salon: SyncSalon, source: string) =>
    (await bench.database.firestore.doc(`incidents/${salon.salonId}_${source}`).get()).data();

  test("is an incident although nothing was sent, and one however often it is found", async () => {
    const [refused, other] = [await bench.salon("own"), await bench.salon()];
    const document = bench.database.firestore.doc(`salon_integrations/${refused.salonId}`);
    const sealed = await bench.sealed(refused.salonId, refused.accountSid, other.authToken);
    await document.update({ "twilio.auth_token": sealed.auth_token });
    expect(await bench.reader()()).toMatchObject({ troubled: 1 });
    const first = await incident(refused, "salon_own");
    expect(first).toMatchObject({ state: "open", class: "credential" });
    expect((await document.get()).get("status")).toBe("error");
    bench.clock.pass(1_800);
    expect(await bench.reader()()).toMatchObject({ troubled: 1 });
    expect((await incident(refused, "salon_own"))?.opened_at).toEqual(first?.opened_at);
    expect(await incident(other, "platform_subaccount")).toBeUndefined();
  });

  test("is no incident while the salon's messages go another way", async () => {
    const [refused, other] = [await bench.salon("own"), await bench.salon()];
    const document = bench.database.firestore.doc(`salon_integrations/${refused.salonId}`);
    const sealed = await bench.sealed(refused.salonId, refused.accountSid, other.authToken);
    await document.update({ "twilio.auth_token": sealed.auth_token, "twilio.is_active": false });
    expect(await bench.reader()()).toMatchObject({ troubled: 1 });
    expect(await incident(refused, "salon_own")).toBeUndefined();
  });

  test("and is the platform's own is said to the operators, and no salon suffers for it", async () => {
    const salon = await bench.salon();
    const match = { path: "Messages", account_sid: bench.simulator.main.accountSid };
    await bench.simulator.fault({ kind: "http_error", status: 401, code: 20003, times: 1, match });
    expect(await read()).toMatchObject({ troubled: 1, accounts: 1 });
    expect(bench.logs.lines.filter((line) => line.includes("Twilio refuses a parent account"))).toHaveLength(
      1,
    );
    expect(await incident(salon, "platform_subaccount")).toBeUndefined();
  });
});
