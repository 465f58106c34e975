import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { createLogBook, type LogBook } from "#scripts/testing/log-book.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { Notification } from "#shared/notifications/notification.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createReminders } from "./reminders.ts";

const DAY_MS = 86_400_000;
const ROTATED = new Date("2026-08-24T10:00:00Z");
const SEALED = {
  ciphertext: Buffer.alloc(32).toString("base64"),
  data_key: Buffer.alloc(32).toString("base64"),
  nonce: Buffer.alloc(12).toString("base64"),
};
const database = createDatabase(uniqueProjectId());
const { firestore } = database;
const clock = { time: ROTATED, now: () => clock.time };
let logs: LogBook;
beforeEach(async () => {
  logs = createLogBook();
  for (const name of ["salon_integrations", "salons", "notifications", "reminders"])
    await firestore.recursiveDelete(firestore.collection(name));
});
afterAll(() => firestore.terminate());

/** A tick so many days after the rotation. */
function tick(days: number, limits = { pageSize: 2, budgetSeconds: 240 }) {
  clock.time = new Date(ROTATED.getTime() + days * DAY_MS);
  return createReminders({ database, clock, logger: logs.logger }, limits)();
}

async function salon(id: string, twilio: object = { configured_at: ROTATED }, status = "open") {
  await firestore.doc(`salons/${id}`).set({ name: id, status });
  const document = SalonIntegration.parse({ salon_id: id, twilio: { auth_token: SEALED, ...twilio } });
  await firestore.doc(`salon_integrations/${id}`).set(document);
}

const bannerOf = async (id: string) =>
  SalonIntegration.parse((await firestore.doc(`salon_integrations/${id}`).get()).data()).rotation;
async function told(): Promise<string[]> {
  const { docs } = await firestore.collection("notifications").get();
  return docs
    .map((document) => Notification.parse(document.data()))
    .map((each) => `${each.salon_id} ${each.kind === "rotation_due" ? each.facts.threshold_days : each.kind}`)
    .toSorted();
}

describe("the reminders", () => {
  test("tell a salon once at 75, 85 and 90 days, and its banner goes along", async () => {
    await salon("anjali");
    const levels: (string | undefined)[] = [];
    for (const days of [1, 74, 75, 76, 84, 85, 89, 90, 91, 120]) {
      for (const _tick of [1, 2]) await tick(days);
      levels.push((await bannerOf("anjali"))?.level);
    }
    expect(levels.join(" ")).toBe("none none soon soon soon due due overdue overdue overdue");
    expect(await told()).toEqual(["anjali 75", "anjali 85", "anjali 90"]);
    expect(await bannerOf("anjali")).toEqual({
      last_rotated_at: ROTATED,
      due_at: new Date("2026-11-22T10:00:00Z"),
      level: "overdue",
    });
  });

  test("tell once when five ticks come at once", async () => {
    await salon("anjali");
    await salon("bloom");
    await salon("chandra");
    await atOnce(5, () => tick(75));
    expect(await told()).toEqual(["anjali 75", "bloom 75", "chandra 75"]);
  });

  test("that come late tell the last threshold alone", async () => {
    await salon("anjali");
    await tick(95);
    expect(await told()).toEqual(["anjali 90"]);
  });

  test("begin anew with new credentials, and end with them", async () => {
    await salon("anjali");
    await tick(90);
    const rotated_at = new Date(ROTATED.getTime() + 91 * DAY_MS);
    await firestore.doc("salon_integrations/anjali").update({ "twilio.rotated_at": rotated_at });
    await tick(92);
    expect(await bannerOf("anjali")).toMatchObject({ level: "none", last_rotated_at: rotated_at });
    await tick(91 + 75);
    expect(await told()).toEqual(["anjali 75", "anjali 90"]);
    await firestore.doc("salon_integrations/anjali").update({ "twilio.auth_token": null });
    await tick(91 + 90);
    expect(await bannerOf("anjali")).toBeNull();
    expect(await told()).toHaveLength(2);
  });

  test("tell once at 7 and 60 days that a pasted token waits for its promotion", async () => {
    const configured_at = new Date(ROTATED.getTime() + 30 * DAY_MS);
    const times = { rotated_at: ROTATED, expires_at: new Date(ROTATED.getTime() + DAY_MS) };
    const previous = { account_sid: SEALED, auth_token: SEALED, same_account: true, ...times };
    await salon("anjali", { configured_at, previous });
    await salon("bloom", { configured_at, previous, token_signs_since: ROTATED });
    const counts: number[] = [];
    for (const days of [6, 7, 8, 59, 60, 61, 89]) {
      for (const _tick of [1, 2]) await tick(days);
      counts.push((await told()).length);
    }
    expect(counts).toEqual([0, 1, 1, 1, 2, 2, 2]);
    expect(await told()).toEqual(["anjali attention_needed", "anjali attention_needed"]);
  });

  test("leave alone salons without an own account, and closed ones", async () => {
    await salon("platform", { auth_token: null, configured_at: ROTATED });
    await salon("closed", {}, "closed");
    await salon("closed-too", { configured_at: ROTATED }, "closed");
    await tick(90);
    expect(await told()).toEqual([]);
    expect(await bannerOf("closed-too")).toBeNull();
  });

  test("change nothing of the integration but its banner", async () => {
    await salon("anjali");
    const before = (await firestore.doc("salon_integrations/anjali").get()).data();
    await tick(75);
    const after = (await firestore.doc("salon_integrations/anjali").get()).data();
    expect({ ...after, rotation: null }).toEqual({ ...before, rotation: null });
  });

  test("pass over a malformed document, and say so without its values", async () => {
    await salon("anjali");
    await salon("bloom");
    await firestore.doc("salon_integrations/anjali").update({ twilio: { auth_token: "canary-7f3a9c" } });
    await tick(75);
    expect(await told()).toEqual(["bloom 75"]);
    expect(logs.lines.join()).toContain('"salonId":"anjali"');
    expect(logs.leaked(["canary-7f3a9c", SEALED.ciphertext])).toEqual([]);
  });
});

describe("a run", () => {
  const FIVE = ["anjali", "bloom", "chandra", "devi", "esha"];
  const onePage = { pageSize: 2, budgetSeconds: 0 };

  test("that runs out of time goes on with the next tick, and once finished does nothing that day", async () => {
    for (const id of FIVE) await salon(id);
    expect(await tick(75, onePage)).toEqual({ reminded: 2, finished: false });
    expect(await tick(75, onePage)).toEqual({ reminded: 2, finished: false });
    expect(await tick(75, onePage)).toEqual({ reminded: 1, finished: true });
    await salon("farah");
    expect(await tick(75, onePage)).toEqual({ reminded: 0, finished: true });
    expect(await tick(76)).toEqual({ reminded: 1, finished: true });
  });

  test("that did not get through yesterday begins where it stopped, so that nobody is always left out", async () => {
    for (const id of FIVE) await salon(id);
    await tick(75, onePage);
    expect(await tick(76)).toEqual({ reminded: 3, finished: true });
    expect((await firestore.doc("reminders/rotation").get()).data()).toMatchObject({
      period: "2026-11-08",
      finished: true,
    });
  });

  test("reads as many pages as there are, also when the last one is full", async () => {
    for (const id of FIVE.slice(0, 4)) await salon(id);
    expect(await tick(75)).toEqual({ reminded: 4, finished: true });
  });
});
