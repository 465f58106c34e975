import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { startSimulatedTwilio } from "#scripts/testing/simulated-twilio.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createApprovals } from "./approvals.ts";
import { allTwilioTexts } from "./registry.ts";
import { createTemplateSync, friendlyNameOf } from "./sync.ts";

const TEXTS = allTwilioTexts();
const ALL = 18;
const CONFIRMATION = { name: "booking_confirmation", language: "en" };
const NOTHING_NEW = { created: 0, submitted: 0 };

const database = createDatabase(uniqueProjectId());
afterAll(() => database.firestore.terminate());

const Listed = z.object({
  contents: z.array(
    z.object({
      sid: z.string(),
      friendly_name: z.string(),
      language: z.string(),
      types: z.record(z.string(), z.object({ body: z.string() })),
      approval_requests: z.object({ name: z.string(), category: z.string(), status: z.string() }),
    }),
  ),
});

/** A Twilio of its own, whose WhatsApp decides nothing by itself. */
async function start({ approvalMs = 3_600_000 } = {}) {
  const simulator = await startSimulatedTwilio({ approvalMs });
  onTestFinished(simulator.stop);
  const { accountSid, authToken } = simulator.main;
  const retry = createRetry({ random: () => 0 });
  const twilio = createTwilio({ apiBaseUrl: simulator.url, timeoutMs: 2_000, retry });
  const account = twilio.account({ accountSid, authToken: new Secret(authToken) });
  const fingerprint = accountFingerprint(accountSid);
  const clock = createMovingClock();
  const approvals = createApprovals(database, clock);
  const admin = async (path: string, body?: unknown) => {
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${simulator.url}/simulator/${path}`, sent);
    const value: unknown = await answer.json();
    return value;
  };
  const contents = async () => Listed.parse(await admin("contents")).contents;
  const stored = async (name: string, language = "en") =>
    (await database.firestore.doc(`template_approvals/${fingerprint}_${name}_${language}`).get()).data();
  return {
    simulator,
    account,
    fingerprint,
    clock,
    contents,
    stored,
    sync: () => createTemplateSync({ approvals, clock })(account, fingerprint),
    /** WhatsApp decides on one text, or on all of them. */
    async decide(status: string, name?: string, reason = "") {
      for (const { sid, friendly_name } of await contents()) {
        if (name !== undefined && !friendly_name.startsWith(`salonflow_${name}`)) continue;
        await admin(`contents/${sid}/approval`, { status, rejection_reason: reason });
      }
    },
    /** As another instance reads it, without this one's cache. */
    approved: (text: { name: string; language: string } = CONFIRMATION) =>
      createApprovals(database, clock).approvedContent(fingerprint, text),
    cached: () => approvals.approvedContent(fingerprint, CONFIRMATION),
  };
}

describe("a sync", () => {
  test("makes every text in every language and submits it under its category", async () => {
    const { sync, contents, stored, approved } = await start();
    expect(await sync()).toEqual({ created: ALL, submitted: ALL, approved: 0, waiting: ALL, refused: 0 });
    const made = await contents();
    expect(made.map(({ friendly_name }) => friendly_name).toSorted()).toEqual(
      TEXTS.map(friendlyNameOf).toSorted(),
    );
    const offers = made.filter(({ approval_requests }) => approval_requests.category === "MARKETING");
    expect(offers.map(({ language }) => language)).toEqual(["en", "hi", "te"]);
    const first = made.find(({ friendly_name }) => friendly_name.includes("booking_confirmation_en"));
    expect(first?.types["twilio/text"]?.body).toBe(
      "Hello {{1}}, your booking at {{2}} for {{3}} is confirmed. Date: {{4}}, time: {{5}}. We look forward to seeing you.",
    );
    expect(await stored("booking_confirmation")).toMatchObject({
      content_sid: first?.sid,
      status: "received",
      rejection_reason: null,
    });
    expect(await approved()).toBeUndefined();
  });

  test("sees approvals, refusals and pauses, and asks for nothing again", async () => {
    const { sync, decide, stored, approved, contents } = await start();
    await sync();
    await decide("approved");
    await decide("rejected", "offer_en", "PROMOTIONAL");
    await decide("paused", "offer_hi");
    expect(await sync()).toEqual({ ...NOTHING_NEW, approved: ALL - 2, waiting: 0, refused: 2 });
    const sid = (await contents()).find(({ friendly_name }) =>
      friendly_name.includes("booking_confirmation_en"),
    )?.sid;
    expect(await approved()).toEqual({ contentSid: sid });
    expect(await stored("offer")).toMatchObject({ status: "rejected", rejection_reason: "PROMOTIONAL" });
    expect(await approved({ name: "offer", language: "en" })).toBeUndefined();
    expect(await approved({ name: "offer", language: "hi" })).toBeUndefined();
    await decide("disabled", "booking_confirmation_en");
    await sync();
    expect(await approved()).toBeUndefined();
  });

  test.each(["Content$", "ApprovalRequests/whatsapp$"])(
    "that lost Twilio's answer to %s goes on the next time, and nothing is there twice",
    async (path) => {
      const { simulator, sync, contents } = await start();
      for (let turn = 0; turn < 3; turn += 1) {
        const match = { path, method: "POST" };
        await simulator.fault({
          kind: "http_error",
          status: 502,
          as: "html",
          when: "after",
          times: 1,
          match,
        });
        await expect(sync()).rejects.toMatchObject({ info: { certainty: "unclear" } });
      }
      expect(await sync()).toMatchObject({ approved: 0, waiting: ALL, refused: 0 });
      const names = (await contents()).map(({ friendly_name }) => friendly_name);
      expect(names).toHaveLength(ALL);
      expect(new Set(names).size).toBe(ALL);
    },
  );

  test("goes on with the one that two workers' later runs agree on when both made a text", async () => {
    const { sync, account, decide, contents, approved } = await start();
    await Promise.all([sync(), sync()]);
    const before = (await contents()).length;
    expect(before).toBeLessThanOrEqual(2 * ALL);
    await decide("approved");
    await Promise.all([sync(), sync()]);
    expect(await contents()).toHaveLength(before);
    const sids = (await account.listContents()).filter(({ friendlyName }) =>
      friendlyName.includes("booking_confirmation_en"),
    );
    const chosen = await approved();
    expect(sids.map(({ sid }) => sid)).toContain(chosen?.contentSid);
    await sync();
    expect(await approved()).toEqual(chosen);
  });

  test("one refused text keeps no other from its turn, and the trouble is told", async () => {
    const { simulator, sync, contents } = await start();
    const match = { path: "ApprovalRequests/whatsapp$" };
    await simulator.fault({ kind: "http_error", status: 400, code: 20001, times: 1, match });
    await expect(sync()).rejects.toMatchObject({ info: { code: 20001 } });
    expect((await contents()).filter((each) => each.approval_requests.status === "received")).toHaveLength(
      ALL - 1,
    );
    expect(await sync()).toMatchObject({ created: 0, submitted: 1, waiting: ALL });
  });

  test("stops at once when the account is the trouble", async () => {
    const { simulator, account, sync, contents } = await start();
    await account.createContent({ friendlyName: "another's", language: "en", body: "Hi", samples: {} });
    const match = { path: "Content$", method: "POST" };
    await simulator.fault({ kind: "http_error", status: 401, code: 20003, match });
    await expect(sync()).rejects.toMatchObject({ info: { class: "credential" } });
    expect(await contents()).toHaveLength(1);
  });

  test("takes a template for none that Twilio no longer has, and makes it anew", async () => {
    const { simulator, sync, decide, contents, approved } = await start();
    await sync();
    await decide("approved");
    await sync();
    const gone = (await approved())?.contentSid;
    const { accountSid, authToken } = simulator.main;
    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
    await fetch(`${simulator.url}/v1/Content/${gone}`, { method: "DELETE", headers: { authorization } });
    // WhatsApp does not take the name again yet.
    const match = { path: "ApprovalRequests/whatsapp$" };
    await simulator.fault({ kind: "http_error", status: 400, code: 20001, times: 1, match });
    await expect(sync()).rejects.toMatchObject({ info: { code: 20001 } });
    expect(await approved()).toBeUndefined();
    expect(await sync()).toMatchObject({ created: 0, submitted: 1, approved: ALL - 1 });
    expect(await contents()).toHaveLength(ALL);
  });
});

describe("an approval", () => {
  test("is of one text: a changed one has none", async () => {
    const { sync, decide, stored, approved, fingerprint } = await start();
    await sync();
    await decide("approved");
    await sync();
    const document = `template_approvals/${fingerprint}_booking_confirmation_en`;
    await database.firestore
      .doc(document)
      .set({ ...(await stored("booking_confirmation")), text_hash: "old" });
    expect(await approved()).toBeUndefined();
    expect(await approved({ ...CONFIRMATION, language: "hi" })).toBeDefined();
  });

  test("is of one account", async () => {
    const { sync, decide } = await start();
    await sync();
    await decide("approved");
    await sync();
    const other = createApprovals(database).approvedContent(accountFingerprint("AC-other"), CONFIRMATION);
    expect(await other).toBeUndefined();
  });

  test("is read again after a minute, and no sooner", async () => {
    const { sync, decide, cached, approved, clock, fingerprint } = await start();
    await sync();
    await decide("approved");
    await sync();
    const known = await cached();
    expect(known).toBeDefined();
    await database.firestore
      .doc(`template_approvals/${fingerprint}_booking_confirmation_en`)
      .update({ status: "paused" });
    clock.pass(60);
    expect(await cached()).toEqual(known);
    clock.pass(1);
    expect(await cached()).toBeUndefined();
    expect(await approved()).toBeUndefined();
  });

  test("that was seen earlier does not overwrite what was seen later", async () => {
    const { sync, decide, clock, approved } = await start();
    await sync();
    await decide("approved");
    await sync();
    await decide("paused");
    clock.pass(-10);
    await sync();
    expect(await approved()).toBeDefined();
  });

  test("of an unknown template or language is a caller's error", async () => {
    const { approved } = await start();
    await expect(approved({ name: "greeting", language: "en" })).rejects.toMatchObject({
      context: { field: "template.name" },
    });
    await expect(approved({ ...CONFIRMATION, language: "ta" })).rejects.toMatchObject({
      context: { field: "template.language" },
    });
  });
});
