import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHandler as createCallHandler } from "#functions/receive-call/handler.ts";
import { createHandler as createStatusHandler } from "#functions/receive-status/handler.ts";
import { callerParts } from "#scripts/testing/caller-parts.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { outboundCall } from "#scripts/testing/outbound-call.ts";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { startWebhookSink, type WebhookSink } from "#scripts/twilio-simulator/testing/webhook-sink.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { type Calls, createCalls } from "#shared/calls/call-store.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createMessageCosts } from "#shared/messages/cost-store.ts";
import { createInboundIntake } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSynchronization, type Synchronized } from "./synchronization.ts";

const SALONS_PHONE = "+14155550177";
const SPEAKS_ENGLISH = {
  communication: { supported_languages: ["en"], voice_transfer_number: SALONS_PHONE },
};
/** Where nobody listens. */
const NOWHERE = "http://127.0.0.1:9/";
const EVER = new Date(0);

const clock = createMovingClock();
let bench: WebhookBench;
let calls: Calls;
/** The owner's other software. */
let elsewhere: WebhookSink;
let serial = 100;
const nextNumber = () => E164.parse(`+1415555${(serial++).toString().padStart(4, "0")}`);

beforeAll(async () => {
  [bench, elsewhere] = await Promise.all([startWebhookBench({ clock }), startWebhookSink()]);
  elsewhere.reply(({ path }) =>
    path === "/voice" ? { body: `<Response><Dial>${SALONS_PHONE}</Dial></Response>` } : {},
  );
  calls = createCalls(bench.database, clock);
  const messages = createOutboundMessages(bench.database, clock);
  await bench.serve("receive-call", createCallHandler({ ...bench, ...callerParts(bench), calls }));
  await bench.serve("receive-status", createStatusHandler({ ...bench, calls, messages }));
});
afterAll(() => Promise.all([bench.stop(), elsewhere.close()]));
beforeEach(async () => {
  clock.restart();
  const { firestore } = bench.database;
  for (const name of ["message_syncs", "message_sync_passes", "salon_integrations"])
    await firestore.recursiveDelete(firestore.collection(name));
});

/** An instance of sync-messages, with empty caches of its own, some minutes later. */
async function readLists(): Promise<Synchronized["counts"]> {
  clock.pass(300);
  const { database, vault, logger, partyOf, api: twilio } = bench;
  const messages = createOutboundMessages(database, clock);
  const inbound = createInboundMessages(database);
  const acceptance = createAcceptance({ ...bench, messages });
  const audit = createAudit({ database, clock, logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  const synchronize = createSynchronization({
    ...{ database, vault, logger, partyOf, twilio, clock, calls, messages },
    salons: bench.salons,
    defaultSenders: bench.defaultSenders,
    integrations: createIntegrations(database),
    threads: createThreads({ database, clock, partyOf }),
    health: connectAccountHealth({ database, changes, vault, twilio, clock, logger }),
    costs: createMessageCosts(database, clock),
    intake: createInboundIntake({ ...bench, inbound, acceptance }),
    newHolder: randomUUID,
  });
  return (await synchronize()).counts;
}

const accountOf = ({ accountSid, authToken }: BenchSalon) =>
  bench.api.account({ accountSid, authToken: new Secret(authToken) });
const listed = (salon: BenchSalon) => accountOf(salon).callsSince({ startedAfter: EVER, limit: 10 });

/** A customer calls; whoever answers by TwiML puts them through. Gives both calls, once Twilio has rated what it charges. */
async function putThrough(
  salon: BenchSalon,
  { number = salon.number, ...more }: Record<string, unknown> = {},
) {
  const answers = [{ digits: "1" }];
  const dial = { status: "completed", seconds: 61 };
  const { call_sid: sid } = await bench.twilio.call({
    ...{ to: number, from: nextNumber(), answers, duration_seconds: 130, dial },
    ...more,
  });
  const leg = await until(async () => {
    const records = await listed(salon);
    const found = records.find(({ parentSid }) => parentSid === sid);
    const isRated = records.every(({ status, price }) => status !== "completed" || price !== undefined);
    return isRated && found;
  });
  return { sid, leg };
}

async function configure(salon: BenchSalon, changes: { voiceUrl?: string; statusCallback?: string }) {
  const account = accountOf(salon);
  const number = await account.findOwnedNumber(E164.parse(salon.number));
  const settings = { ...bench.urls.ofNumber(salon.salonId), ...changes };
  await account.configureNumber(number?.sid ?? "", settings);
}

/** A salon with an account of its own, whose number leads to us. */
async function ownAccountSalon(): Promise<BenchSalon> {
  const { sid: accountSid, auth_token: authToken } = await bench.twilio.addAccount();
  const { salonId } = await bench.addSalon(nextNumber(), SPEAKS_ENGLISH);
  const salon = { salonId, accountSid, authToken, number: nextNumber() };
  await bench.twilio.giveNumber(accountSid, salon.number);
  await configure(salon, {});
  await bench.setIntegration(salonId, {
    twilio: {
      ...(await bench.credentials(salonId, accountSid, authToken)),
      phone_number: salon.number,
      webhook_status: "configured",
      is_active: true,
      configured_at: plusSeconds(clock.now(), -3_600),
    },
  });
  return salon;
}

async function rowsOf({ salonId }: BenchSalon) {
  const rows = await bench.database.firestore.collection(`salons/${salonId}/usage_ledger`).get();
  return Object.fromEntries(rows.docs.map((row) => [row.id, row.data()]));
}

const platformSalon = () => bench.addSalon(nextNumber(), SPEAKS_ENGLISH);

describe("a customer's call that is put through to the salon", () => {
  test("is charged as two calls, each by its own minutes and with what it costs Twilio, once", async () => {
    const salon = await platformSalon();
    const { sid, leg } = await putThrough(salon);
    expect(leg).toMatchObject({ direction: "leg", to: SALONS_PHONE, durationSeconds: 61 });
    expect(Object.keys(await rowsOf(salon))).toEqual([`${sid}_voice_inbound`]);
    const moved = [];
    for (const _ of [1, 2, 3]) moved.push((await readLists()).moved);
    expect(moved).toEqual([1, 0, 0]);
    const rows = await rowsOf(salon);
    expect(Object.keys(rows).toSorted()).toEqual(
      [
        `${sid}_voice_inbound`,
        `${sid}_voice_inbound_price`,
        `${leg.sid}_voice_outbound`,
        `${leg.sid}_voice_outbound_price`,
      ].toSorted(),
    );
    expect(rows[`${sid}_voice_inbound`]).toMatchObject({ events: 1, quantity: 3, cost_micros: 300_000 });
    expect(rows[`${leg.sid}_voice_outbound`]).toMatchObject({
      salon_id: salon.salonId,
      events: 1,
      quantity: 2,
      cost_micros: 300_000,
      billed_to: "platform",
      account: accountFingerprint(salon.accountSid),
      twilio_sid: leg.sid,
      time_zone: "Asia/Kolkata",
    });
    expect(rows[`${leg.sid}_voice_outbound_price`]).toMatchObject({
      quantity: 0,
      cost_micros: 0,
      twilio_price_micros: leg.price?.micros,
      twilio_currency: "USD",
    });
    expect((await bench.database.firestore.doc(`calls/${leg.sid}`).get()).exists).toBe(false);
  });

  test("through the salon's own account is noted with both calls, at no charge of ours", async () => {
    const salon = await ownAccountSalon();
    const { sid, leg } = await putThrough(salon);
    await readLists();
    const rows = await rowsOf(salon);
    const own = { billed_to: "own_account", cost_micros: 0, account: accountFingerprint(salon.accountSid) };
    expect(rows[`${sid}_voice_inbound`]).toMatchObject({ ...own, quantity: 3 });
    expect(rows[`${leg.sid}_voice_outbound`]).toMatchObject({ ...own, quantity: 2 });
    expect(rows[`${leg.sid}_voice_outbound_price`]).toMatchObject({ twilio_currency: "USD" });
  });

  test.each(["busy", "no-answer", "failed", "canceled"])(
    "is charged as one where the salon's phone is %s",
    async (status) => {
      const salon = await platformSalon();
      const { sid, leg } = await putThrough(salon, { dial: { status, seconds: 0 } });
      expect(leg.status).toBe(status);
      expect(await readLists()).toMatchObject({ moved: 0, unknown: 0 });
      expect(
        Object.keys(await rowsOf(salon))
          .filter((id) => id.includes("voice"))
          .toSorted(),
      ).toEqual([`${sid}_voice_inbound`, `${sid}_voice_inbound_price`]);
    },
  );

  test("is charged as two in one reading where its end was told by nobody", async () => {
    const salon = await ownAccountSalon();
    await configure(salon, { statusCallback: NOWHERE });
    const { sid, leg } = await putThrough(salon);
    expect(await rowsOf(salon)).toEqual({});
    expect(await readLists()).toMatchObject({ moved: 2, priced: 2, unknown: 0 });
    expect(Object.keys(await rowsOf(salon))).toEqual(
      expect.arrayContaining([`${sid}_voice_inbound`, `${leg.sid}_voice_outbound`]),
    );
  });

  test("does not come back while the salon's data is being erased", async () => {
    const salon = await platformSalon();
    const { sid } = await putThrough(salon);
    const integration = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
    await integration.set({ erasing: true }, { merge: true });
    expect((await readLists()).moved).toBe(0);
    expect(Object.keys(await rowsOf(salon)).every((id) => id.startsWith(sid))).toBe(true);
  });
});

test("a call that the owner's other software puts through is none of ours, and counted as such", async () => {
  const salon = await ownAccountSalon();
  const theirs = nextNumber();
  await bench.twilio.giveNumber(salon.accountSid, theirs);
  await configure(
    { ...salon, number: theirs },
    { voiceUrl: `${elsewhere.url}/voice`, statusCallback: NOWHERE },
  );
  await putThrough(salon, { number: theirs });
  expect(await readLists()).toMatchObject({ moved: 0, priced: 0, unknown: 1 });
  expect(await rowsOf(salon)).toEqual({});
});

test("a call that the salon makes is charged once, and the list brings its price alone", async () => {
  const salon = await platformSalon();
  const call = outboundCall({ salon_id: salon.salonId, idempotency_key: randomUUID() });
  const account = accountFingerprint(salon.accountSid);
  const sender = E164.parse(salon.number);
  const times = { due_at: clock.now(), expires_at: plusSeconds(clock.now(), 3_600) };
  await calls.outbound.create({ ...call, ...times });
  await calls.outbound.claim(call.id, { source: "platform_subaccount", account, sender }, 60);
  const { sid } = await accountOf(salon).createCall({
    ...{ to: call.to, from: salon.number, url: NOWHERE, statusCallback: NOWHERE },
    ...{ ringSeconds: 30, limitSeconds: 300 },
  });
  await until(async () => (await listed(salon)).every(({ price }) => price !== undefined));
  await calls.outbound.report(call.id, 1, { sid, state: "completed", durationSeconds: 30 });
  expect([await readLists(), await readLists()]).toMatchObject([
    { moved: 0, priced: 1, unknown: 0 },
    { moved: 0, priced: 0, unknown: 0 },
  ]);
  expect(Object.keys(await rowsOf(salon))).toEqual([`${sid}_voice_outbound`, `${sid}_voice_outbound_price`]);
});
