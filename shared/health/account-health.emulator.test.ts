import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHandler } from "#functions/probe-integration/handler.ts";
import { createLogBook, type LogBook } from "#scripts/testing/log-book.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { recordPublisher } from "#scripts/testing/recording-publisher.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "#scripts/testing/simulated-twilio.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import { createHeldMessages } from "#shared/messages/held.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { dueDocuments } from "#shared/runtime/due-work.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createAccountCheck } from "./account-check.ts";
import { createAccountHealth } from "./account-health.ts";
import { createIncidents } from "./incidents.ts";

const { KMS_ENDPOINT: endpoint, KMS_KEY_NAME: keyName = "" } = process.env;
const OWNER = { actor: { kind: "member", id: "anjali" } } as const;
const projectId = uniqueProjectId();
const database = createDatabase(projectId);
const { firestore } = database;
const clock = createMovingClock();
const kms = createKms({ keyName, endpoint });
const vault = createVault({ kms, clock, cache: VAULT_CACHE });
const publisher = recordPublisher(createPublisher(projectId));
let logs: LogBook;
let twilio: SimulatedTwilio;
let salonId: SalonId;
let own: { sid: string; auth_token: string };
let sub: { sid: string; auth_token: string };
let serial = 100;
const phone = () => `+1415555${String(serial++).padStart(4, "0")}`;

beforeAll(async () => {
  twilio = await startSimulatedTwilio();
  const pubsub = new PubSub({ projectId });
  await pubsub.createTopic("outbound");
  await pubsub.close();
});
afterAll(async () => {
  await twilio.stop();
  await firestore.terminate();
});

/** An instance, with caches of its own. */
function instance() {
  const audit = createAudit({ database, clock, logger: logs.logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger: logs.logger });
  const incidents = createIncidents({ database, changes, clock, logger: logs.logger });
  const api = createTwilio({ apiBaseUrl: twilio.url, retry: createRetry({ random: () => 0 }) });
  const health = createAccountHealth({
    incidents,
    integrations: createIntegrations(database),
    check: createAccountCheck({ vault, twilio: api }),
    logger: logs.logger,
  });
  const held = createHeldMessages(database, publisher, clock);
  return { changes, incidents, health, probeIntegration: createHandler({ health, held }) };
}

async function seal(account: { sid: string; auth_token: string }) {
  const [account_sid, auth_token] = await Promise.all([
    vault.seal({ salonId, kind: "account_sid", secret: new Secret(account.sid) }),
    vault.seal({ salonId, kind: "auth_token", secret: new Secret(account.auth_token) }),
  ]);
  return { account_sid, auth_token };
}

/** A salon with an own account in use, and a subaccount beside it. */
beforeEach(async () => {
  logs = createLogBook();
  clock.restart();
  salonId = SalonId.parse(uniqueSalonId());
  [own, sub] = [await twilio.addAccount(), await twilio.addAccount()];
  const [ownNumber, subNumber] = [phone(), phone()];
  await twilio.giveNumber(own.sid, ownNumber);
  await twilio.giveNumber(sub.sid, subNumber);
  const integration = SalonIntegration.parse({
    salon_id: salonId,
    requested: { messaging: "own_account", by: "anjali", at: clock.now() },
    twilio: {
      ...(await seal(own)),
      phone_number: ownNumber,
      mode: "production",
      is_active: true,
      verified_at: clock.now(),
      webhook_status: "configured",
    },
    platform: { ...(await seal(sub)), parent: "default", phone_number: subNumber, is_active: true },
    status: "active",
  });
  await firestore.doc(`salon_integrations/${salonId}`).set(integration);
});

const CREDENTIAL = { class: "credential", code: 20003, channel: "sms" } as const;
const report = (source: "salon_own" | "platform_subaccount" = "salon_own") =>
  instance().health.report(salonId, source, CREDENTIAL);
const integration = async () =>
  SalonIntegration.parse((await firestore.doc(`salon_integrations/${salonId}`).get()).data());
const incident = async (source = "salon_own") =>
  (await firestore.doc(`incidents/${salonId}_${source}`).get()).data();
const notices = async () => {
  const all = await firestore.collection("notifications").where("salon_id", "==", salonId).get();
  return all.docs.map((document) => `${document.get("kind")} to ${document.get("audience").join(" and ")}`);
};
const audited = async () => {
  const all = await firestore.collection("integration_audit").where("salon_id", "==", salonId).get();
  return all.docs
    .map((document) => document.data())
    .toSorted((one, other) => one.seq - other.seq)
    .map(({ action, outcome }) => `${action} ${outcome.code ?? ""}`.trim());
};
const hold = (id: string) =>
  firestore.doc(`messages/${id}`).set({
    salon_id: salonId,
    hold_reason: "account_trouble",
    paced: false,
    due_at: plusSeconds(clock.now(), 3_600),
  });
/** What `wake-due-work` publishes for this salon is worked on. */
async function wake(): Promise<number> {
  const due = await dueDocuments(database, "incidents", clock.now(), { limit: 100 });
  const ours = due.filter((document) => document.get("salon_id") === salonId);
  for (const document of ours) {
    const data = { salon_id: document.get("salon_id"), source: document.get("source") };
    await instance().probeIntegration({ kind: "message", data });
  }
  return ours.length;
}

describe("an account that Twilio has suspended", () => {
  test("makes messages wait, and its owner is told once although five of them fail at once", async () => {
    await twilio.setStatus(own.sid, "suspended");
    const waits = await Promise.all([1, 2, 3, 4, 5].map(() => report()));
    expect(waits).toEqual([true, true, true, true, true]);
    const { status, status_reason, health } = await integration();
    expect([status, health.salon_own?.class, health.salon_own?.channel]).toEqual([
      "error",
      "credential",
      null,
    ]);
    expect(status_reason).toContain("look at the account in the Twilio Console");
    expect(await incident()).toMatchObject({
      state: "open",
      class: "credential",
      twilio_code: 20003,
      probes: 0,
    });
    expect(await notices()).toEqual(["integration_failed to owner"]);
    expect(await audited()).toEqual(["status_changed credential-20003"]);
  });

  test("heals by the probe: the status is back, the owner is told once, and what waited goes", async () => {
    await twilio.setStatus(own.sid, "suspended");
    await report();
    await hold(`waiting-${salonId}`);
    expect(await wake()).toBe(0);
    clock.pass(60);
    expect(await wake()).toBe(1);
    expect(await incident()).toMatchObject({ state: "open", probes: 1 });
    await twilio.setStatus(own.sid, "active");
    clock.pass(239);
    expect(await wake()).toBe(0);
    clock.pass(1);
    const before = publisher.published.length;
    expect(await wake()).toBe(1);
    const { status, status_reason, health } = await integration();
    expect({ status, status_reason, health }).toEqual({
      status: "active",
      status_reason: null,
      health: { salon_own: null, platform_subaccount: null },
    });
    expect(await incident()).toMatchObject({ state: "closed", probes: 2 });
    expect(await incident()).not.toHaveProperty("due_at");
    expect((await notices()).toSorted()).toEqual([
      "integration_failed to owner",
      "integration_recovered to owner",
    ]);
    expect(await audited()).toEqual(["status_changed credential-20003", "status_changed"]);
    expect(publisher.published.slice(before).map(({ key }) => key)).toEqual([`waiting-${salonId}`]);
    clock.pass(86_400);
    expect(await wake()).toBe(0);
  });

  test("is not taken for healed while Twilio does not answer", async () => {
    await twilio.setStatus(own.sid, "suspended");
    await report();
    await twilio.setStatus(own.sid, "active");
    await twilio.fault({ kind: "http_error", status: 500, match: { account_sid: own.sid } });
    clock.pass(60);
    await wake();
    await twilio.calm();
    expect((await incident())?.state).toBe("open");
  });
});

test("a failure that says nothing of the account is the message's alone", async () => {
  expect(await report()).toBe(false);
  expect(
    await instance().health.report(salonId, "salon_own", { class: "account", code: 21408, channel: "sms" }),
  ).toBe(false);
  expect([await incident(), (await integration()).status, await notices()]).toEqual([
    undefined,
    "active",
    [],
  ]);
});

describe("an account that is replaced", () => {
  const renew = () =>
    instance().changes.apply(salonId, OWNER, ({ twilio: known }, now) => ({
      action: "own_account_saved",
      fields: {
        twilio: { ...known, verified_at: now },
        status: "active",
        status_reason: null,
      },
    }));

  test("is forgotten in the same write, and what waited goes within a minute", async () => {
    await twilio.setStatus(own.sid, "suspended");
    await report();
    await hold(`renewed-${salonId}`);
    clock.pass(30);
    await renew();
    expect((await integration()).health.salon_own).toBeNull();
    const before = publisher.published.length;
    expect(await wake()).toBe(1);
    expect((await incident())?.state).toBe("closed");
    expect(publisher.published.slice(before).map(({ key }) => key)).toEqual([`renewed-${salonId}`]);
    expect(await notices()).toEqual(["integration_failed to owner"]);
  });

  test("and fails again is another incident, of which the owner is told", async () => {
    await twilio.setStatus(own.sid, "suspended");
    await report();
    clock.pass(30);
    await renew();
    await report();
    expect((await integration()).status).toBe("error");
    expect(await notices()).toEqual(["integration_failed to owner", "integration_failed to owner"]);
  });
});

describe("a subaccount of the platform's", () => {
  const usePlatform = () =>
    firestore.doc(`salon_integrations/${salonId}`).update({ "twilio.is_active": false });

  test("in trouble is its operators' to mend, so they are told beside the owner", async () => {
    await usePlatform();
    await twilio.setStatus(sub.sid, "suspended");
    expect(await report("platform_subaccount")).toBe(true);
    expect((await integration()).status).toBe("error");
    expect(await notices()).toEqual(["integration_failed to owner and security"]);
  });

  test("that the salon does not send through opens nothing", async () => {
    await twilio.setStatus(sub.sid, "suspended");
    expect(await report("platform_subaccount")).toBe(false);
    expect([await incident("platform_subaccount"), await notices()]).toEqual([undefined, []]);
  });
});

describe("a sender", () => {
  const sender = (code: number, channel: "sms" | "whatsapp") =>
    instance().health.report(salonId, "salon_own", { class: "sender", code, channel });

  test("that WhatsApp does not know leaves SMS alone, until it is registered", async () => {
    expect(await sender(63007, "whatsapp")).toBe(true);
    const { health, twilio: stored } = await integration();
    expect(health.salon_own).toMatchObject({ class: "sender", channel: "whatsapp" });
    await twilio.registerWhatsApp(own.sid, stored.phone_number ?? "", "https://hooks.example.com/whatsapp");
    clock.pass(60);
    await wake();
    expect((await integration()).health.salon_own).toBeNull();
  });

  test("that is no longer in the account is found, and a wider trouble takes its place", async () => {
    await firestore.doc(`salon_integrations/${salonId}`).update({ "twilio.phone_number": phone() });
    expect(await sender(21660, "sms")).toBe(true);
    expect(await incident()).toMatchObject({ class: "sender", channel: "sms", twilio_code: 21660 });
    await twilio.setStatus(own.sid, "suspended");
    clock.pass(1);
    expect(await report()).toBe(true);
    expect(await incident()).toMatchObject({ class: "credential", channel: null, twilio_code: 20003 });
    expect(await sender(21660, "sms")).toBe(true);
    expect((await incident())?.class).toBe("credential");
  });
});

test("nothing opens and nobody is told while the salon's data is being erased", async () => {
  await twilio.setStatus(own.sid, "suspended");
  await report();
  await firestore.doc(`salon_integrations/${salonId}`).update({ erasing: true });
  expect(await report()).toBe(false);
  clock.pass(60);
  await wake();
  expect((await incident())?.state).toBe("closed");
  expect(await notices()).toEqual(["integration_failed to owner"]);
});

test("the log names no account, no token and no number", async () => {
  await twilio.setStatus(own.sid, "suspended");
  await report();
  clock.pass(60);
  await wake();
  const log = logs.lines.join("\n");
  expect(log).toContain("account in trouble");
  for (const secret of [own.sid, own.auth_token, "+1415"]) expect(log).not.toContain(secret);
});

test("a wake-up that names no account is set aside", async () => {
  const { probeIntegration } = instance();
  for (const data of [{}, { salon_id: salonId }, { salon_id: salonId, source: "platform_default" }]) {
    await expect(probeIntegration({ kind: "message", data })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  }
});
