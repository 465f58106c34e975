import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { type SyncBench, type SyncSalon, startSyncBench } from "#scripts/testing/sync-bench.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import { LIMITS } from "./synchronization.ts";

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

/** Past the time in which a webhook may still come, and past the rest between two turns. */
const laterOn = () => bench.clock.pass(300);
const state = async (id: Parameters<typeof bench.messages.get>[0]) => {
  const message = await bench.messages.get(id);
  return {
    state: message?.state,
    code: message?.attempts[0]?.error_code,
    price: message?.attempts[0]?.price,
  };
};
/** A page a run, two messages a page. */
const STEPWISE = { pageSize: { recent: 2, look_back: 2 }, pages: 1 };
const lagged = { kind: "list_lag", ms: 3_600_000 };

describe("what callbacks did not bring", () => {
  test("is brought from the list: delivered, undelivered and failed with their codes", async () => {
    const salon = await bench.salon();
    const [unreachable, refused] = [bench.customer(), bench.customer()];
    await bench.simulator.fault({ kind: "recipient", to: unreachable, error_code: 30003, surface: "async" });
    await bench.simulator.fault({
      kind: "recipient",
      to: refused,
      error_code: 30006,
      surface: "async",
      status: "failed",
    });
    const delivered = await bench.send(salon);
    const undelivered = await bench.send(salon, { to: unreachable });
    const failed = await bench.send(salon, { to: refused });
    for (const sent of [delivered, undelivered, failed]) await bench.ended(salon, sent);
    expect((await bench.reader()()).counts).toMatchObject({ moved: 3, failed: 0, unknown: 0 });
    expect(await state(delivered.id)).toMatchObject({ state: "delivered", code: null });
    const message = await bench.messages.get(undelivered.id);
    expect(message?.attempts[0]).toMatchObject({ state: "undelivered", error_code: 30003 });
    expect(await state(failed.id)).toMatchObject({ state: "failed", code: 30006 });
    const rows = (await bench.rows(salon, failed.sid)).map(({ id }) => id).sort();
    expect(rows).toEqual([`${failed.sid}_sms_outbound`, `${failed.sid}_sms_outbound_reversal`]);
  });

  test("is an attempt that was believed absent: its message is not sent again, or the double is told", async () => {
    const salon = await bench.salon();
    const next = { kind: "retry", retryAt: bench.clock.now() } as const;
    const absent = { kind: "over", state: "absent", errorCode: null, next } as const;
    const [waiting, resent] = [
      await bench.send(salon, { answered: false }),
      await bench.send(salon, { answered: false }),
    ];
    for (const sent of [waiting, resent]) {
      await bench.messages.judge(sent.id, 1, absent);
      await bench.ended(salon, sent);
    }
    const { account, source, channel, sender } =
      (await bench.messages.get(resent.id))?.attempts[0] ?? expect.fail();
    const again = { account, source, channel, sender, content_sid: null, segments: 1 };
    await bench.messages.claim(resent.id, again, 60);
    await bench.messages.report(resent.id, 2, { sid: `SM${"f".repeat(32)}`, state: "sent" });

    expect((await bench.reader()()).counts).toMatchObject({ moved: 2, unknown: 0 });
    expect(await bench.messages.get(waiting.id)).toMatchObject({
      state: "delivered",
      attempts: [{ sid: waiting.sid, state: "delivered" }],
    });
    expect((await bench.messages.get(resent.id))?.attempts).toMatchObject([
      { sid: resent.sid },
      { state: "sent" },
    ]);
    const told = await bench.database.firestore.collection("notifications").get();
    expect(told.docs.map((each) => [each.get("kind"), each.get("facts.message_id")])).toEqual([
      ["message_sent_twice", resent.id],
    ]);
    expect(bench.logs.lines.filter((line) => line.includes("one message was sent twice"))).toHaveLength(1);
    laterOn();
    expect((await bench.reader()()).counts).toMatchObject({ moved: 0, unknown: 0 });
  });

  test("never takes a message back: a list that lags says less than a callback did", async () => {
    const salon = await bench.salon();
    const sent = await bench.send(salon);
    await bench.messages.report(sent.id, 1, { sid: sent.sid, state: "read" });
    await bench.ended(salon, sent);
    expect((await bench.reader()()).counts.moved).toBe(0);
    expect((await state(sent.id)).state).toBe("read");
  });

  test("reads a salon's own account as well as its subaccount, and the one it had before", async () => {
    const [salon, other] = [await bench.salon("own"), await bench.salon()];
    const before = await bench.salon("own");
    const sent = [await bench.send(salon), await bench.send(other)];
    const document = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
    const previous = await bench.sealed(salon.salonId, before.accountSid, before.authToken);
    const now = bench.clock.now();
    await document.update({
      "twilio.previous": {
        ...previous,
        phone_number: before.number,
        whatsapp_number: null,
        rotated_at: now,
        expires_at: plusSeconds(now, 3_600),
        same_account: false,
      },
    });
    const earlier = await bench.send({ ...before, salonId: salon.salonId });
    await bench.ended(salon, sent[0] ?? earlier);
    await bench.ended(other, sent[1] ?? earlier);
    await bench.ended(before, earlier);
    await bench.reader()();
    for (const { id } of [...sent, earlier]) expect((await state(id)).state).toBe("delivered");
    expect((await bench.progress(salon)).map(({ owner }) => owner).sort()).toEqual([
      "salon_own",
      "salon_previous",
    ]);
  });
});

describe("what a message costs", () => {
  test("is recorded once when Twilio names the price late, however often the list is read", async () => {
    const salon = await bench.salon();
    await bench.simulator.fault({ kind: "price_lag", ms: 2_500 });
    const sent = await bench.send(salon);
    await bench.ended(salon, sent, { rated: false });
    await bench.reader()();
    expect(await state(sent.id)).toMatchObject({ state: "delivered", price: null });
    await bench.ended(salon, sent);
    const priced = [];
    for (const _ of [1, 2, 3]) {
      laterOn();
      priced.push((await bench.reader()()).counts.priced);
    }
    expect(priced).toEqual([1, 0, 0]);
    expect((await state(sent.id)).price).toEqual({ micros: 7_900, currency: "USD" });
    const rows = await bench.rows(salon, sent.sid);
    expect(rows.filter(({ id }) => id.endsWith("_price"))).toMatchObject([
      { quantity: 0, cost_micros: 0, events: 0, twilio_price_micros: 7_900, twilio_currency: "USD" },
    ]);
    printCount(`price: ${priced.length} readings, ${priced.join(" + ")} recorded`);
  });

  test("is charged by Twilio's count of segments, and corrected once", async () => {
    const salon = await bench.salon();
    const sent = await bench.send(salon, { body: "₹".repeat(71), charged: 1 });
    await bench.ended(salon, sent);
    const recounted = [];
    for (const _ of [1, 2, 3]) {
      recounted.push((await bench.reader()()).counts.recounted);
      laterOn();
    }
    expect(recounted).toEqual([1, 0, 0]);
    const rows = await bench.rows(salon, sent.sid);
    const sum = (field: string) => rows.reduce((total, row) => total + Number(Reflect.get(row, field)), 0);
    expect([sum("quantity"), sum("cost_micros"), sum("events")]).toEqual([2, 400_000, 1]);
    expect((await bench.messages.get(sent.id))?.segments).toBe(2);
  });

  test("is nothing for a message that failed after it was recounted", async () => {
    const salon = await bench.salon();
    const to = bench.customer();
    await bench.simulator.fault({
      kind: "recipient",
      to,
      error_code: 30006,
      surface: "async",
      status: "failed",
    });
    const sent = await bench.send(salon, { to, body: "₹".repeat(71), charged: 1 });
    const row = (await bench.rows(salon, sent.sid))[0];
    const counted = { ...row, quantity: 1, cost_micros: 200_000, events: 0, corrects: row?.id };
    const rows = bench.database.firestore.collection(`salons/${salon.salonId}/usage_ledger`);
    await rows.doc(`${sent.sid}_sms_outbound_segments`).set(counted);
    await bench.ended(salon, sent);
    for (const _ of [1, 2]) {
      await bench.reader()();
      laterOn();
    }
    const all = await bench.rows(salon, sent.sid);
    const sum = (field: string) => all.reduce((total, each) => total + Number(Reflect.get(each, field)), 0);
    expect([all.length, sum("quantity"), sum("cost_micros"), sum("events")]).toEqual([4, 0, 0, 0]);
  });

  test("is recorded of a customer's message too, and charged to nobody", async () => {
    const salon = await bench.salon();
    const { sid } = await bench.write(salon);
    await bench.ended(salon, { sid });
    laterOn();
    await bench.reader()();
    laterOn();
    expect((await bench.reader()()).counts.priced).toBe(1);
    expect((await bench.rows(salon, sid)).map((row) => Reflect.get(row, "cost_micros"))).toEqual([0, 0]);
  });
});

describe("a customer's message whose webhook never came", () => {
  test("is stored, charged, published and greeted once, although it is found three times", async () => {
    const salon = await bench.salon();
    const { sid, from } = await bench.write(salon, { media_urls: ["https://example.com/hair.jpg"] });
    const writtenAt = bench.clock.now();
    const received = [];
    for (const _ of [1, 2, 3]) {
      laterOn();
      received.push((await bench.reader()()).counts.received);
    }
    expect(received).toEqual([1, 0, 0]);
    const stored = await bench.inboundOf(salon);
    expect(stored).toMatchObject([
      { twilio_sid: sid, from, to: salon.number, body: "Are you open?", answer: { kind: "greet" } },
    ]);
    expect(stored[0]?.media).toMatchObject([{ content_type: "image/jpeg" }]);
    expect(stored[0]?.media[0].url).toMatch(
      /^https:\/\/api\.twilio\.com\/2010-04-01\/.+\/Media\/ME[0-9a-f]{32}$/,
    );
    const receivedAt = stored[0]?.received_at.toDate();
    expect(Math.abs(receivedAt.getTime() - writtenAt.getTime())).toBeLessThan(2_000);
    const published = bench.publishedOf(sid);
    expect(published).toMatchObject([{ data: { event_id: sid, received_at: receivedAt.toISOString() } }]);
    const rows = await bench.rows(salon, sid);
    expect(rows.filter(({ id }) => id === `${sid}_sms_inbound`)).toMatchObject([{ quantity: 1, events: 1 }]);
    printCount(
      `missed message: ${received.length} readings, stored ${stored.length}, published ${published.length}`,
    );
  });

  test("has its ledger row recorded now, where the roll-up finds it, for the day it came", async () => {
    const salon = await bench.salon();
    const { sid } = await bench.write(salon);
    bench.clock.pass(2 * 86_400);
    await bench.reader()();
    const [row] = await bench.rows(salon, sid);
    expect(Reflect.get(row ?? {}, "recorded_at").toDate()).toEqual(bench.clock.now());
    expect(Reflect.get(row ?? {}, "utc_day")).toBe(
      plusSeconds(bench.clock.now(), -2 * 86_400)
        .toISOString()
        .slice(0, 10),
    );
  });

  test("by WhatsApp is found by the bare number, and counts as one message", async () => {
    const salon = await bench.salon();
    const number = bench.customer();
    const document = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
    await document.update({ "platform.whatsapp_number": number });
    await bench.simulator.registerWhatsApp(salon.accountSid, number, "http://127.0.0.1:9/");
    await bench.simulator.fault({ kind: "inbound_lost" });
    const from = bench.customer();
    const { sid } = await bench.write(salon, { to: `whatsapp:${number}`, from: `whatsapp:${from}` });
    laterOn();
    await bench.reader()();
    expect(await bench.inboundOf(salon)).toMatchObject([{ channel: "whatsapp", from, to: number }]);
    expect(await bench.rows(salon, sid)).toMatchObject([{ kind: "whatsapp_inbound", quantity: 1 }]);
  });

  test("is not greeted more than an hour later", async () => {
    const salon = await bench.salon();
    await bench.write(salon);
    bench.clock.pass(3_700);
    await bench.reader()();
    expect(await bench.inboundOf(salon)).toMatchObject([{ answer: null }]);
  });

  test("is left to the webhook for a minute", async () => {
    const salon = await bench.salon();
    await bench.write(salon);
    bench.clock.pass(30);
    expect((await bench.reader()()).counts.received).toBe(0);
    laterOn();
    expect((await bench.reader()()).counts.received).toBe(1);
  });

  test("is stored and charged once when the webhook comes at the same moment after all", async () => {
    const salon = await bench.salon();
    const written = await atOnce(24, () => bench.write(salon));
    laterOn();
    const document = await bench.salons.open(salon.salonId);
    const webhook = ({ sid, from }: { sid: string; from: string }) =>
      bench.intake.take({
        salonId: salon.salonId,
        salon: document,
        account: accountFingerprint(salon.accountSid),
        billedTo: "platform",
        sid,
        from,
        to: salon.number,
        body: "Are you open?",
        segments: 1,
        media: [],
        isShared: false,
        receivedAt: bench.clock.now(),
      });
    const reading = bench.reader()();
    const isTaking = async () => (await bench.progress(salon))[0]?.taking.length;
    await expect.poll(isTaking, { interval: 2 }).toBe(24);
    await Promise.all(written.map(webhook));
    const { counts } = await reading;
    expect(await bench.inboundOf(salon)).toHaveLength(24);
    const published = written.flatMap(({ sid }) => bench.publishedOf(sid));
    expect(new Set(published.map(({ key }) => key)).size).toBe(24);
    for (const { sid } of written) {
      const charged = (await bench.rows(salon, sid)).filter(({ id }) => id === `${sid}_sms_inbound`);
      expect(charged).toHaveLength(1);
    }
    printCount(
      `webhook and list at once: 24 messages, ${counts.received} taken from the list too, 24 stored and charged, ${published.length} publications of 24 event ids`,
    );
  });

  test("is published after all when publishing it failed at first", async () => {
    const salon = await bench.salon();
    const { sid } = await bench.write(salon, { body: "Lost?" });
    laterOn();
    bench.publisher.failOnce();
    expect(await bench.reader()()).toMatchObject({ troubled: 1 });
    expect(bench.publishedOf(sid)).toEqual([]);
    bench.clock.pass(LIMITS.leaseSeconds);
    await bench.reader()();
    laterOn();
    await bench.reader()();
    expect(bench.publishedOf(sid)).toHaveLength(1);
    expect(await bench.inboundOf(salon)).toHaveLength(1);
    expect((await bench.progress(salon))[0]?.taking).toEqual([]);
  });

  test("is not taken while the salon's number leads elsewhere, nor from before it led to us", async () => {
    const salon = await bench.salon("own");
    const document = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
    await document.update({ "twilio.webhook_status": "not_configured" });
    await bench.write(salon);
    laterOn();
    await bench.reader()();
    await document.update({ "twilio.webhook_status": "configured" });
    laterOn();
    await bench.reader()();
    expect(await bench.inboundOf(salon)).toEqual([]);
  });

  test("is not taken to a number of the owner's other software", async () => {
    const salon = await bench.salon("own");
    const elsewhere = bench.customer();
    await bench.simulator.giveNumber(salon.accountSid, elsewhere);
    await bench.write(salon, { to: elsewhere });
    laterOn();
    expect((await bench.reader()()).counts).toMatchObject({ received: 0 });
  });

  test("is not stored for a closed salon, nor again when it was erased", async () => {
    const closed = await bench.salon("platform", { status: "closed" });
    await bench.write(closed);
    const salon = await bench.salon();
    await bench.write(salon);
    laterOn();
    await bench.reader()();
    const erased = await bench.database.firestore
      .collection("messages")
      .where("salon_id", "==", salon.salonId)
      .get();
    await Promise.all(erased.docs.map(({ ref }) => ref.delete()));
    laterOn();
    expect((await bench.reader()()).counts).toMatchObject({ received: 0, failed: 0 });
    expect([await bench.inboundOf(closed), await bench.inboundOf(salon)]).toEqual([[], []]);
  });
});

describe("a reading", () => {
  async function sentMany(salon: SyncSalon, count: number) {
    const sent = [];
    for (let index = 0; index < count; index += 1) sent.push(await bench.send(salon));
    for (const each of sent) await bench.ended(salon, each);
    return sent;
  }
  const states = (sent: readonly { id: Parameters<typeof state>[0] }[]) =>
    Promise.all(sent.map(async ({ id }) => (await state(id)).state));

  test("that is over its share of pages is gone on with where it was, not from the beginning", async () => {
    const salon = await bench.salon();
    const sent = await sentMany(salon, 5);
    const moved = [];
    for (let run = 0; run < 3; run += 1) {
      moved.push((await bench.reader(STEPWISE)()).counts.moved);
      if (run === 0) await bench.send(salon);
    }
    expect(moved).toEqual([2, 2, 1]);
    expect(new Set(await states(sent))).toEqual(new Set(["delivered"]));
    expect(await bench.progress(salon)).toMatchObject([{ turn: null, holder: null, counts: { moved: 5 } }]);
    printCount(`resumed: 5 messages in pages of 2, by runs ${moved.join(" + ")}`);
  });

  test("whose worker died between two pages is gone on with by another when its lease is over", async () => {
    const salon = await bench.salon();
    const sent = await sentMany(salon, 4);
    await bench.reader(STEPWISE)();
    const [known] = await bench.progress(salon);
    const document = bench.database.firestore.doc(`message_syncs/${salon.salonId}_platform_subaccount`);
    await document.update({ holder: "died", due_at: plusSeconds(bench.clock.now(), 300) });
    expect((await bench.reader()()).accounts).toBe(0);
    bench.clock.pass(300);
    expect((await bench.reader()()).counts.moved).toBe(2);
    expect(new Set(await states(sent))).toEqual(new Set(["delivered"]));
    expect((await bench.progress(salon))[0]?.synced_until).toEqual(known?.turn.began_at);
  });

  test("of one account is one worker's, of however many that begin at once", async () => {
    const salons = [await bench.salon(), await bench.salon(), await bench.salon()];
    const sent = [];
    for (const salon of salons) sent.push(...(await sentMany(salon, 3)));
    const results = await atOnce(4, () => bench.reader()());
    const accounts = results.map((result) => result.accounts);
    expect(accounts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(results.reduce((sum, { counts }) => sum + counts.moved, 0)).toBe(9);
    expect(new Set(await states(sent))).toEqual(new Set(["delivered"]));
    printCount(`four workers at once: 3 accounts read, by worker ${accounts.join(" + ")}`);
  });

  test("does not skip what the list shows ten minutes late", async () => {
    const salon = await bench.salon();
    await bench.simulator.fault({ ...lagged, ms: 700, times: 2 });
    const [sent, { sid }] = [await bench.send(salon), await bench.write(salon)];
    bench.clock.pass(120);
    expect((await bench.reader()()).counts).toMatchObject({ moved: 0, received: 0 });
    await bench.ended(salon, sent);
    await expect.poll(async () => (await bench.accountOf(salon).listMessages({ limit: 5 })).length).toBe(2);
    bench.clock.pass(600);
    expect((await bench.reader()()).counts).toMatchObject({ moved: 1, received: 1 });
    expect(bench.publishedOf(sid)).toHaveLength(1);
  });

  test("finds within a day what the list showed hours late", async () => {
    const salon = await bench.salon();
    await bench.simulator.fault({ ...lagged, ms: 2_000, times: 1 });
    const sent = await bench.send(salon);
    await bench.reader()();
    bench.clock.pass(3 * 3_600);
    await bench.reader()();
    const listed = async () => (await bench.accountOf(salon).listMessages({ limit: 5 })).length;
    expect(await listed()).toBe(0);
    await bench.ended(salon, sent);
    await expect.poll(listed, { timeout: 5_000 }).toBe(1);
    laterOn();
    expect((await bench.reader()()).counts.moved).toBe(0);
    bench.clock.pass(21 * 3_600);
    expect((await bench.reader()()).counts.moved).toBe(1);
  });

  test("begins anew with the list when Twilio no longer knows the place", async () => {
    const salon = await bench.salon();
    const sent = await sentMany(salon, 3);
    await bench.reader(STEPWISE)();
    const match = { path: "Messages\\.json", account_sid: salon.accountSid };
    await bench.simulator.fault({ kind: "http_error", status: 400, code: 20001, times: 1, match });
    await bench.reader()();
    expect(new Set(await states(sent))).toEqual(new Set(["delivered"]));
  });

  test("does not know what is not ours, and leaves it alone", async () => {
    const salon = await bench.salon("own");
    const { sid } = await bench.accountOf(salon).sendMessage({
      to: bench.customer(),
      from: salon.number,
      body: "Of other software",
      statusCallback: "http://127.0.0.1:9/",
      validityPeriodSeconds: 60,
    });
    await bench.ended(salon, { sid });
    expect((await bench.reader()()).counts).toMatchObject({ unknown: 1, moved: 0, failed: 0 });
    expect(await bench.rows(salon, sid)).toEqual([]);
  });

  test("is of accounts that are there: one that was disconnected is forgotten", async () => {
    const salon = await bench.salon();
    await bench.reader()();
    await bench.database.firestore.doc(`salon_integrations/${salon.salonId}`).update({ platform: null });
    laterOn();
    await bench.reader()();
    expect(await bench.progress(salon)).toEqual([]);
  });
});

describe("an account in trouble", () => {
  const onlyOf = (salon: SyncSalon) => ({ match: { path: "Messages", account_sid: salon.accountSid } });

  test("that is too busy is left until the next tick, and no other waits for it", async () => {
    const [busy, other] = [await bench.salon(), await bench.salon()];
    const sent = [await bench.send(busy), await bench.send(other)];
    for (const [index, salon] of [busy, other].entries()) {
      const each = sent[index];
      if (each !== undefined) await bench.ended(salon, each);
    }
    await bench.simulator.fault({ kind: "http_error", status: 429, code: 20429, times: 1, ...onlyOf(busy) });
    expect(await bench.reader()()).toMatchObject({ accounts: 1, troubled: 1, counts: { moved: 1 } });
    expect(await bench.reader()()).toMatchObject({ accounts: 1, troubled: 0, counts: { moved: 1 } });
  });

  test("whose credentials Twilio refuses is said once and rests, and no other waits for it", async () => {
    const [refused, other] = [await bench.salon("own"), await bench.salon()];
    const document = bench.database.firestore.doc(`salon_integrations/${refused.salonId}`);
    const sealed = await bench.sealed(refused.salonId, refused.accountSid, other.authToken);
    await document.update({ "twilio.auth_token": sealed.auth_token });
    expect(await bench.reader()()).toMatchObject({ accounts: 1, troubled: 1 });
    laterOn();
    expect(await bench.reader()()).toMatchObject({ accounts: 1, troubled: 0 });
    expect(bench.logs.lines.filter((line) => line.includes("not read to its end"))).toHaveLength(1);
    bench.clock.pass(1_800);
    expect(await bench.reader()()).toMatchObject({ troubled: 1 });
  });

  test("whose place in the list cannot be read keeps no other from its turn", async () => {
    const other = await bench.salon();
    await bench.ended(other, await bench.send(other));
    const broken = bench.database.firestore.doc("message_syncs/broken");
    await broken.set({ due_at: new Date(0) });
    expect(await bench.reader()()).toMatchObject({ accounts: 1, troubled: 1, counts: { moved: 1 } });
    await broken.delete();
  });

  test("is read with the token that Twilio takes while a rotation is under way", async () => {
    const salon = await bench.salon("own");
    const document = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
    const other = await bench.salon();
    const next = await bench.sealed(salon.salonId, salon.accountSid, other.authToken);
    await document.update({
      "twilio.next_auth_token": {
        auth_token: next.auth_token,
        origin: "pasted",
        stored_at: bench.clock.now(),
      },
    });
    const sent = await bench.send(salon);
    await bench.ended(salon, sent);
    await bench.reader()();
    expect((await state(sent.id)).state).toBe("delivered");
  });

  test("says nothing secret and nothing personal in the log", async () => {
    const salon = await bench.salon();
    const { from } = await bench.write(salon, { body: "canary-body" });
    laterOn();
    await bench.simulator.fault({ kind: "http_error", status: 503, times: 1, ...onlyOf(salon) });
    await bench.reader()();
    laterOn();
    await bench.reader()();
    expect(bench.logs.lines.join()).toContain("messages brought forward from Twilio's list");
    const secrets = ["canary-body", from, salon.number, salon.accountSid, salon.authToken.reveal()];
    expect(bench.logs.leaked(secrets)).toEqual([]);
  });
});

test("a long list is read page by page, and what is read twice is mended once", async () => {
  const salon = await bench.salon();
  const sent = [];
  for (let index = 0; index < 40; index += 1) sent.push(await bench.send(salon));
  for (const each of sent) await bench.ended(salon, each);
  const first = await bench.reader({ pageSize: { recent: 7, look_back: 7 } })();
  laterOn();
  const second = await bench.reader({ pageSize: { recent: 7, look_back: 7 } })();
  expect([first.counts.moved, first.counts.priced]).toEqual([40, 40]);
  expect([second.counts.moved, second.counts.priced]).toEqual([0, 0]);
});
