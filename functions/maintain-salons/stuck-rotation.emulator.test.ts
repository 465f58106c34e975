import { afterAll, beforeAll, expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { ANJALI, type OwnAccountBench, startOwnAccountBench } from "#scripts/testing/own-account-bench.ts";
import { createMaintenance } from "./maintenance.ts";
import { createWebhookDuty } from "./webhook-check.ts";

const HOUR = 3_600;

let bench: OwnAccountBench;
beforeAll(async () => {
  bench = await startOwnAccountBench();
});
afterAll(() => bench.stop());

/** A salon whose worker died in a rotation, behind the promotion, and maintain-salons. */
async function interrupted() {
  const salon = await bench.addOwnSalon();
  const { salonId, accountSid } = salon;
  await bench.instance().ownAccounts.save(salonId, bench.entered(salon), ANJALI);
  const { promise: death, resolve } = Promise.withResolvers<"dead">();
  const { ownAccounts } = bench.instance({
    after: async (effect) => {
      if (effect !== "twilio.promoteSecondaryToken") return;
      resolve("dead");
      await new Promise(() => {});
    },
  });
  const work = ownAccounts.rotate(salonId, { method: "rotate_for_me" }, ANJALI);
  expect(await Promise.race([death, work])).toBe("dead");

  const clock = createMovingClock();
  const { database, logs } = bench;
  const parts = { database, ownAccounts: bench.instance({ clock }).ownAccounts, clock, logger: logs.logger };
  const maintain = createMaintenance({
    ...parts,
    checkWebhooks: createWebhookDuty(parts),
    syncTemplates: async () => false,
    erasures: { due: async () => [], proceed: async () => undefined },
  });
  return {
    salonId,
    setStatus: (status: "active" | "suspended") => bench.twilio.setStatus(accountSid, status),
    /** The first tick of the hour after so many hours. */
    tick: (hours: number) => {
      clock.pass(hours * HOUR);
      return maintain();
    },
    stored: () => bench.stored(salonId),
    told: async () =>
      (await bench.documents("notifications", salonId)).filter(({ kind }) => kind === "integration_failed"),
  };
}

test("ticks end a rotation once the account is no longer suspended, and tell its owner of it once", async () => {
  const { setStatus, tick, stored, told } = await interrupted();
  await setStatus("suspended");
  for (const hours of [1, 1, 24]) expect(await tick(hours)).toMatchObject({ finished: true });
  expect(await stored()).toMatchObject({ status: "error", twilio: { verification_status: "failed" } });
  expect(await told()).toHaveLength(1);

  await setStatus("active");
  expect(await tick(1)).toMatchObject({ failed: 0 });
  expect(await stored()).toMatchObject({
    status: "active",
    status_reason: null,
    twilio: { next_auth_token: null, is_verified: true, verification_status: "verified" },
  });
  expect(await told()).toHaveLength(1);
});
