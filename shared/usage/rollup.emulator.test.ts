import { afterAll, describe, expect, it } from "vitest";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import {
  type BillableEvent,
  ledgerRow,
  ledgerRowId,
  priceOf,
  recountOf,
  reversalOf,
} from "#shared/ledger/row.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createRollup } from "./rollup.ts";

const database = createDatabase(uniqueProjectId());
const clock = { time: new Date("2026-11-22T10:00:00Z"), now: () => clock.time };
const rollup = createRollup(database, clock, createLogger({ level: "silent" }));
afterAll(() => database.firestore.terminate());

let count = 0;
async function write(salonId: string, event: Partial<BillableEvent> = {}) {
  count += 1;
  const twilioSid = `SM${String(count).padStart(32, "0")}`;
  const full: BillableEvent = {
    salonId: SalonId.parse(salonId),
    kind: "sms_outbound",
    quantity: 1,
    twilioSid,
    account: "fingerprint",
    billedTo: "platform",
    timeZone: "Asia/Kolkata",
    at: clock.now(),
    ...event,
  };
  const path = `salons/${salonId}/usage_ledger/${ledgerRowId(twilioSid, full.kind)}`;
  await database.firestore.doc(path).set(ledgerRow(full));
  return ledgerRow(full);
}

const month = async (salonId: string, name = "2026-11") =>
  (await database.firestore.doc(`integration_usage/${salonId}_${name}`).get()).data();

describe("the usage roll-up", () => {
  it("shows every row once, however often it runs", async () => {
    const salon = uniqueSalonId();
    await write(salon, { quantity: 2 });
    await write(salon, { kind: "voice_inbound", quantity: 3 });
    for (const _ of [1, 2, 3]) await rollup();
    expect(await month(salon)).toMatchObject({
      totals: {
        sms_outbound: { events: 1, quantity: 2, cost_micros: 400_000 },
        voice_inbound: { events: 1, quantity: 3, cost_micros: 300_000 },
      },
      total_cost_micros: 700_000,
    });
  });

  it("stops at nothing that cannot be read: others are counted, and it is once it is repaired", async () => {
    const [healthy, broken] = [uniqueSalonId(), uniqueSalonId()];
    const [bookkeeper, halved] = [uniqueSalonId(), uniqueSalonId()];
    const document = database.firestore.doc(`integration_usage/${broken}_2026-11`);
    await document.set({ salon_id: broken });
    await write(broken);
    await write(healthy);
    const row = database.firestore.doc(`salons/${bookkeeper}/usage_ledger/by-hand`);
    await row.set({ recorded_at: clock.now() });
    const { twilio_sid } = await write(halved);
    const half = database.firestore.doc(
      `salons/${halved}/usage_ledger/${ledgerRowId(twilio_sid, "sms_outbound")}`,
    );
    await half.update({ quantity: 0.5 });
    await rollup();
    clock.time = new Date(clock.time.getTime() + 24 * 3_600_000);
    await rollup();
    expect(await month(healthy)).toMatchObject({ totals: { sms_outbound: { events: 1 } } });
    expect((await document.get()).data()).toEqual({ salon_id: broken });

    await document.delete();
    await row.delete();
    await half.update({ quantity: 2 });
    await rollup();
    expect(await month(halved)).toMatchObject({ totals: { sms_outbound: { quantity: 2 } } });
    expect(await month(broken)).toMatchObject({ totals: { sms_outbound: { events: 1 } } });
  });

  it("counts a message once, whatever was recounted or priced, and one that was taken back not at all", async () => {
    const salon = uniqueSalonId();
    const rows = database.firestore.collection(`salons/${salon}/usage_ledger`);
    const [kept, failed] = [await write(salon, { quantity: 1 }), await write(salon, { quantity: 2 })];
    await rows.add(recountOf(kept, 3, clock.now()));
    await rows.add(priceOf(kept, { micros: 23_700, currency: "USD" }, clock.now()));
    await rows.add(reversalOf(failed, clock.now()));
    await rollup();
    expect(await month(salon)).toMatchObject({
      totals: { sms_outbound: { events: 1, quantity: 3, cost_micros: 600_000 } },
      twilio_messages: 1,
      total_cost_micros: 600_000,
    });
  });

  it("is right when several run at once", async () => {
    const salon = uniqueSalonId();
    await Promise.all(Array.from({ length: 25 }, () => write(salon)));
    await Promise.all([rollup(), rollup(), rollup()]);
    expect((await month(salon))?.total_cost_micros).toBe(5_000_000);
  });

  it("finds a row that was recorded shortly before the last run ended", async () => {
    const salon = uniqueSalonId();
    await write(salon);
    await rollup();
    await write(salon, { at: new Date(clock.now().getTime() - 9 * 60_000) });
    await rollup();
    expect((await month(salon))?.totals.sms_outbound.events).toBe(2);
  });

  it("keeps salons apart, and the days and months of their own zones", async () => {
    const [india, england] = [uniqueSalonId(), uniqueSalonId()];
    clock.time = new Date("2026-11-30T19:00:00Z");
    await write(india);
    await write(england, { timeZone: "Europe/London", quantity: 2 });
    await rollup();
    expect((await month(india, "2026-12"))?.days["2026-12-01"].sms_outbound.quantity).toBe(1);
    expect((await month(england))?.days["2026-11-30"].sms_outbound.quantity).toBe(2);
    expect(await month(india)).toBeUndefined();
  });

  it("reads more rows than fit one page", async () => {
    const salons = Array.from({ length: 3 }, uniqueSalonId);
    const writer = database.firestore.bulkWriter();
    for (let index = 0; index < 1_101; index += 1) {
      const salonId = SalonId.parse(salons[index % 3]);
      const twilioSid = `SM${String(100_000 + index).padStart(32, "0")}`;
      const row = ledgerRow({
        salonId,
        kind: "sms_outbound",
        quantity: 1,
        twilioSid,
        account: "fingerprint",
        billedTo: "platform",
        timeZone: "Asia/Kolkata",
        at: clock.now(),
      });
      void writer.set(
        database.firestore.doc(`salons/${salonId}/usage_ledger/${twilioSid}_sms_outbound`),
        row,
      );
    }
    await writer.close();
    await rollup();
    for (const salon of salons) expect((await month(salon, "2026-12"))?.totals.sms_outbound.events).toBe(367);
  });
});
