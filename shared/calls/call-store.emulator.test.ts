import { beforeEach, describe, expect, test } from "vitest";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { ACCEPTED_AT } from "#scripts/testing/outbound-message.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { type CallReport, createCalls } from "./call-store.ts";

const database = createDatabase(uniqueProjectId());
const clock = createMovingClock(ACCEPTED_AT);
const calls = createCalls(database, clock);

let salonId: SalonId;
let callSid: string;
let serial = 0;
beforeEach(() => {
  salonId = SalonId.parse(uniqueSalonId());
  serial += 1;
  callSid = `CA${String(serial).padStart(32, "0")}`;
});

const report = (state: CallReport["state"], changes: Partial<CallReport> = {}) =>
  calls.report({
    salonId,
    callSid,
    account: "fingerprint-of-the-subaccount",
    direction: "inbound",
    party: "party-of-the-customer",
    state,
    durationSeconds: state === "completed" ? 61 : undefined,
    timeZone: "Asia/Kolkata",
    billedTo: "platform",
    ...changes,
  });
const call = async () => (await database.firestore.doc(`calls/${callSid}`).get()).data();
async function ledger(): Promise<Record<string, [quantity: number, cost: number]>> {
  const rows = await database.firestore.collection(`salons/${salonId}/usage_ledger`).get();
  return Object.fromEntries(rows.docs.map((row) => [row.id, [row.get("quantity"), row.get("cost_micros")]]));
}

describe("a call", () => {
  test("goes forward, and its started minutes are charged at the end", async () => {
    expect(await report("ringing")).toBe("moved");
    expect(await report("in-progress")).toBe("moved");
    expect(await ledger()).toEqual({});
    expect(await report("completed")).toBe("moved");
    expect(await call()).toMatchObject({ salon_id: salonId, state: "completed", duration_seconds: 61 });
    expect(await ledger()).toEqual({ [`${callSid}_voice_inbound`]: [2, 200_000] });
  });

  test("is spoken of by its own account alone, and keeps who called whom", async () => {
    await report("ringing");
    expect(await report("completed", { account: "fingerprint-of-another" })).toBe("forbidden");
    expect(await report("completed", { direction: "outbound", party: "party-of-our-own-number" })).toBe(
      "moved",
    );
    expect(await call()).toMatchObject({ direction: "inbound", party: "party-of-the-customer" });
    expect(await ledger()).toEqual({ [`${callSid}_voice_inbound`]: [2, 200_000] });
  });

  test("stays completed when an older callback arrives late", async () => {
    await report("completed");
    const before = await call();
    clock.pass(5);
    expect(await report("ringing")).toBe("stale");
    expect(await report("in-progress")).toBe("stale");
    expect(await call()).toEqual(before);
  });

  test("whose end was told of without its length is charged when that is told, once", async () => {
    expect(await report("completed", { durationSeconds: undefined })).toBe("moved");
    expect(await ledger()).toEqual({});
    expect([await report("completed"), await report("completed")]).toEqual(["moved", "stale"]);
    expect(await report("completed", { durationSeconds: 600 })).toBe("stale");
    expect(await ledger()).toEqual({ [`${callSid}_voice_inbound`]: [2, 200_000] });
  });

  test("is charged once, although its end is told ten times at the same moment", async () => {
    const outcomes = tally(await atOnce(10, () => report("completed")));
    printCount(`end of a call at once: 10 callbacks, outcomes ${JSON.stringify(outcomes)}`);
    expect(outcomes).toEqual({ moved: 1, stale: 9 });
    expect(await ledger()).toEqual({ [`${callSid}_voice_inbound`]: [2, 200_000] });
  });

  test("costs nothing when nobody took it", async () => {
    await report("ringing");
    await report("no-answer");
    expect(await ledger()).toEqual({});
  });

  test("of the salon's own is charged by the dearer card, and to nobody on an own account", async () => {
    await report("completed", { direction: "outbound" });
    expect(await ledger()).toEqual({ [`${callSid}_voice_outbound`]: [2, 300_000] });
    const own = `${callSid.slice(0, -3)}own`;
    await report("completed", { callSid: own, billedTo: "own_account" });
    expect(await ledger()).toMatchObject({ [`${own}_voice_inbound`]: [2, 0] });
  });

  test("of one salon cannot be reported on by another", async () => {
    await report("ringing");
    const before = await call();
    const mallory = SalonId.parse(uniqueSalonId());
    expect(await report("completed", { salonId: mallory })).toBe("forbidden");
    expect(await call()).toEqual(before);
    const rows = await database.firestore.collection(`salons/${mallory}/usage_ledger`).get();
    expect(rows.size).toBe(0);
  });

  test("keeps when it began", async () => {
    await report("ringing");
    const began = clock.now();
    clock.pass(90);
    await report("completed");
    const { started_at, updated_at } = (await call()) ?? expect.fail("no call");
    expect([started_at.toDate(), updated_at.toDate()]).toEqual([began, clock.now()]);
  });
});
