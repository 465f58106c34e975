import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { createLogBook, type LogBook } from "#scripts/testing/log-book.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import { createMaintenance, type MaintenanceDeps } from "./maintenance.ts";

const START = new Date("2026-11-22T10:00:00Z");
const HOUR_MS = 3_600_000;
const database = createDatabase(uniqueProjectId());
const { firestore } = database;
const clock = { time: START, now: () => clock.time };
let logs: LogBook;
let calls: string[];
let isDailyDue: boolean;
beforeEach(async () => {
  isDailyDue = true;
  logs = createLogBook();
  calls = [];
  clock.time = START;
  for (const name of ["salon_integrations", "maintenance", "erasures"])
    await firestore.recursiveDelete(firestore.collection(name));
});
afterAll(() => firestore.terminate());

const LIMITS = { pageSize: 2, erasures: 20, budgetSeconds: 240 };

/** The own accounts as far as this function knows them: what they are asked for, and trouble where `fail` says so. */
function tick(
  limits = LIMITS,
  fail: (call: string) => Error | undefined = () => undefined,
  due: string[] = [],
) {
  const asked = async (call: string) => {
    calls.push(call);
    const error = fail(call);
    if (error !== undefined) throw error;
  };
  const ownAccounts: MaintenanceDeps["ownAccounts"] = {
    async purgeExpired(salonId) {
      await asked(`purge ${salonId}`);
      return true;
    },
    resumeRotation: (salonId) => asked(`resume ${salonId}`),
  };
  const erasures: MaintenanceDeps["erasures"] = {
    due: async (limit) => due.slice(0, limit).map((id) => SalonId.parse(id)),
    async proceed(salonId) {
      await asked(`erase ${salonId}`);
      return undefined;
    },
  };
  const daily = (name: string) => async (salonId: SalonId) => {
    await asked(`${name} ${salonId}`);
    return isDailyDue;
  };
  const duties = { ownAccounts, erasures, checkWebhooks: daily("check"), syncTemplates: daily("sync") };
  return createMaintenance({ ...duties, database, clock, logger: logs.logger }, limits)();
}

/** A salon whose previous credentials expired so many minutes ago, or whose rotation began then. */
async function salon(id: string, minutes: { expired?: number; rotating?: number }, own: object = {}) {
  const ago = (since: number) => new Date(START.getTime() - since * 60_000);
  const { expired, rotating } = minutes;
  const previous = expired === undefined ? null : { expires_at: ago(expired), auth_token: "canary-sealed" };
  const next_auth_token = rotating === undefined ? null : { stored_at: ago(rotating), origin: "pasted" };
  await firestore
    .doc(`salon_integrations/${id}`)
    .set({ salon_id: id, twilio: { previous, next_auth_token, ...own } });
}

describe("a tick", () => {
  test("purges what has expired and resumes what stalled, and leaves the rest alone", async () => {
    await salon("anjali", { expired: 1 });
    await salon("bloom", { rotating: 6 });
    await salon("chandra", { expired: -60, rotating: 4 });
    await salon("devi", { expired: 1, rotating: 6 });
    await firestore.doc("salon_integrations/esha").set({ salon_id: "esha" });
    expect(await tick()).toEqual({ done: 4, failed: 0, erasures: 0, finished: true });
    expect(calls).toEqual(["purge anjali", "resume bloom", "resume devi", "purge devi"]);
  });

  test("has webhooks checked and templates synced, and counts only what was due", async () => {
    const own = { is_active: true, phone_number_sid: "PN1", whatsapp_number: "+14155550123" };
    await salon("anjali", { expired: 1 }, own);
    expect(await tick()).toMatchObject({ done: 3, failed: 0 });
    expect(calls).toEqual(["purge anjali", "check anjali", "sync anjali"]);
    clock.time = new Date(START.getTime() + HOUR_MS);
    isDailyDue = false;
    expect(await tick()).toMatchObject({ done: 1, failed: 0 });
  });

  test("goes on with the other salons when one has trouble, and says which and why", async () => {
    for (const id of ["anjali", "bloom", "chandra"]) await salon(id, { rotating: 6 });
    await firestore.doc("salon_integrations/amber").set({ twilio: { previous: { expires_at: "canary" } } });
    const away = new TwilioFailure({ certainty: "unclear", class: "uncertain" });
    const fail = (call: string) => (call === "resume bloom" ? away : undefined);
    expect(await tick(LIMITS, fail)).toEqual({ done: 2, failed: 2, erasures: 0, finished: true });
    expect(logs.lines.filter((line) => line.includes("not maintained"))).toHaveLength(2);
    expect(logs.lines.join()).toContain('"salonId":"bloom","step":"resume_rotation"');
    expect(logs.leaked(["canary"])).toEqual([]);
  });

  test("stops while the database is away, and the next one begins behind the last page", async () => {
    for (const id of ["anjali", "bloom", "chandra"]) await salon(id, { expired: 1 });
    const gone = new AppError("unavailable", "away", { context: { service: "Firestore" } });
    const fail = (call: string) => (call === "purge chandra" ? gone : undefined);
    await expect(tick(LIMITS, fail)).rejects.toThrow("away");
    calls = [];
    await tick();
    expect(calls).toEqual(["purge chandra"]);
  });

  test("that runs out of time stops behind a salon, and once finished rests until the next hour", async () => {
    const oneSalon = { ...LIMITS, budgetSeconds: 0 };
    const ids = ["anjali", "bloom", "chandra", "devi", "esha"];
    for (const id of ids) await salon(id, { expired: 1 });
    const turns: boolean[] = [];
    for (let turn = 0; turn < 6; turn += 1) turns.push((await tick(oneSalon)).finished);
    expect(turns).toEqual([false, false, false, false, true, true]);
    expect(calls).toEqual(ids.map((id) => `purge ${id}`));
    clock.time = new Date(START.getTime() + HOUR_MS);
    expect(await tick()).toMatchObject({ done: 5, finished: true });
    printCount(`maintenance: ${calls.length} duties in ${turns.length + 1} ticks`);
  });

  test("goes on with the erasures that are due, each on its own", async () => {
    const stuck = new Error("odd");
    const fail = (call: string) => (call === "erase bloom" ? stuck : undefined);
    await tick(LIMITS, fail, ["anjali", "bloom", "chandra"]);
    expect(calls).toEqual(["erase anjali", "erase bloom", "erase chandra"]);
    expect(logs.lines.join()).toContain("erasure not gone on with");
  });
});
