import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createWebhookDuty } from "#functions/maintain-salons/webhook-check.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import {
  ANJALI,
  type OwnAccountBench,
  type OwnSalon,
  startOwnAccountBench,
} from "#scripts/testing/own-account-bench.ts";
import type { NumberWebhooks } from "#shared/twilio/number-schemas.ts";

const CRM = "https://crm.example.org";
const APPLICATION = `AP${"a".repeat(32)}`;
const HOUR = 3_600;
const Sid = z.object({ sid: z.string() });

let bench: OwnAccountBench;
beforeAll(async () => {
  bench = await startOwnAccountBench();
});
afterAll(() => bench.stop());

/** A salon with a connected account, its owner past us, and the duty of every hour. */
async function connected() {
  const salon = await bench.addOwnSalon();
  const { salonId, numberSid } = salon;
  const { ownAccounts } = bench.instance();
  await ownAccounts.save(salonId, bench.entered(salon), ANJALI);
  const account = bench.at(salon.accountSid, salon.authToken);
  const clock = createMovingClock();
  const { database, logs } = bench;
  const duty = createWebhookDuty({ database, ownAccounts, clock, logger: logs.logger });
  const has = async () =>
    (await account.findOwnedNumber(numberSid))?.webhooks ?? expect.fail("the number is gone");
  return {
    salon,
    ownAccounts,
    ours: bench.urls.ofNumber(salonId),
    has,
    change: async (webhooks: Partial<NumberWebhooks>) =>
      account.restoreNumber(numberSid, { ...(await has()), ...webhooks }),
    stored: () => bench.stored(salonId),
    /** The hourly duty, so many seconds after the last one. */
    duty: (seconds = 0) => {
      clock.pass(seconds);
      return duty(salonId);
    },
    audit: async (after: number) => (await bench.auditOf(salonId)).slice(after),
    told: async () =>
      (await bench.documents("notifications", salonId)).filter(({ kind }) => kind === "attention_needed"),
  };
}

/** What only the owner does, past our own operations. */
async function ask({ accountSid, authToken }: OwnSalon, path: string, form: Record<string, string>) {
  const url = new URL(path, bench.twilio.url);
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form),
  });
  expect(response.ok).toBe(true);
  const body: unknown = await response.json();
  return body;
}

describe("the daily check of an own account's webhooks", () => {
  test("changes nothing that is as it should be, and looks once a day", async () => {
    const own = await connected();
    const before = await own.stored();
    const turns: boolean[] = [];
    for (const hours of [0, 1, 21, 2, 1]) turns.push(await own.duty(hours * HOUR));
    expect(turns).toEqual([true, false, false, true, false]);
    expect(await own.stored()).toEqual(before);
    expect(await own.told()).toEqual([]);
  });

  test("leaves the number of a salon that has closed to its owner", async () => {
    const own = await connected();
    const { firestore } = bench.database;
    await firestore.doc(`salons/${own.salon.salonId}`).update({ status: "closed" });
    await own.change({ smsUrl: `${CRM}/sms`, voiceUrl: `${CRM}/voice` });
    const [has, before] = [await own.has(), await own.stored()];
    for (const hours of [0, 24]) await own.duty(hours * HOUR);
    expect(await own.has()).toEqual(has);
    expect(await own.stored()).toEqual(before);
    expect(await own.told()).toEqual([]);
  });

  test("points an address that was changed at us again, audited as ours", async () => {
    const own = await connected();
    const { length } = await own.audit(0);
    await own.change({ smsUrl: `${CRM}/sms`, voiceMethod: "GET", statusCallback: "" });
    expect(await own.duty()).toBe(true);
    expect(await own.has()).toMatchObject({ ...own.ours, voiceMethod: "POST" });
    expect(await own.stored()).toMatchObject({ status: "active", twilio: { webhook_status: "configured" } });
    expect((await own.audit(length)).filter((each) => each !== "settings_changed")).toEqual([
      "webhooks_repaired",
    ]);
    expect((await bench.documents("integration_audit", own.salon.salonId)).at(-1)?.actor).toEqual({
      kind: "service",
      id: "maintain-salons",
    });
    expect(await own.told()).toEqual([]);
  });

  test.each<[string, Partial<NumberWebhooks>]>([
    ["overridden_by_application", { smsApplicationSid: APPLICATION }],
    ["overridden_by_trunk", { trunkSid: `TK${"b".repeat(32)}`, smsUrl: `${CRM}/sms` }],
  ])(
    "leaves a number that its owner has bound: %s, told once, and well again when it is undone",
    async (reason, bound) => {
      const own = await connected();
      const { length } = await own.audit(0);
      await own.change(bound);
      const has = await own.has();
      for (const hours of [0, 24, 24]) expect(await own.duty(hours * HOUR)).toBe(true);
      expect(await own.has()).toEqual(has);
      expect(await own.stored()).toMatchObject({ status: "partial", twilio: { webhook_status: "error" } });
      expect(await own.audit(length)).toEqual([`status_changed: ${reason}`]);
      expect(await own.told()).toHaveLength(1);
      await own.change({ smsApplicationSid: "", trunkSid: "", smsUrl: own.ours.smsUrl });
      await own.duty(24 * HOUR);
      expect(await own.stored()).toMatchObject({
        status: "active",
        twilio: { webhook_status: "configured" },
      });
      expect((await own.audit(length)).at(-1)).toBe("status_changed");
      expect(await own.told()).toHaveLength(1);
    },
  );

  test("repairs what a Messaging Service leaves to the number, and leaves the service", async () => {
    const own = await connected();
    const made = await ask(own.salon, "/v1/Services", {
      FriendlyName: "theirs",
      InboundRequestUrl: `${CRM}/service`,
      UseInboundWebhookOnNumber: "false",
    });
    const { sid } = Sid.parse(made);
    await ask(own.salon, `/v1/Services/${sid}/PhoneNumbers`, { PhoneNumberSid: own.salon.numberSid });
    await own.change({ voiceUrl: `${CRM}/voice` });
    for (const hours of [0, 24]) await own.duty(hours * HOUR);
    expect(await own.has()).toMatchObject(own.ours);
    expect((await own.ownAccounts.webhookStatus(own.salon.salonId)).reasons).toMatchObject([
      { reason: "service_overrides_number" },
    ]);
    expect(await own.stored()).toMatchObject({ status: "partial" });
    expect(await own.told()).toHaveLength(1);
  });

  test("finishes a connecting that never came to its end, whatever the number was bound to", async () => {
    const own = await connected();
    await own.change({ smsApplicationSid: APPLICATION });
    await bench.database.firestore
      .doc(`salon_integrations/${own.salon.salonId}`)
      .update({ "twilio.webhook_status": "not_configured" });
    await own.duty();
    expect(await own.has()).toMatchObject({ ...own.ours, smsApplicationSid: "" });
    expect((await own.stored()).twilio.webhook_status).toBe("configured");
  });

  test("tries again in an hour when Twilio was away, and in a day when it refuses", async () => {
    const own = await connected();
    const match = { account_sid: own.salon.accountSid };
    await bench.twilio.fault({ kind: "http_error", status: 503, match });
    await expect(own.duty()).rejects.toMatchObject({ code: "unavailable" });
    await bench.twilio.calm();
    expect(await own.duty(HOUR)).toBe(true);
    await bench.twilio.setStatus(own.salon.accountSid, "suspended");
    await expect(own.duty(24 * HOUR)).rejects.toMatchObject({ context: { service: "Twilio" } });
    expect(await own.duty(HOUR)).toBe(false);
    expect(await own.stored()).toMatchObject({ twilio: { webhook_status: "configured" } });
  });
});
