import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DashboardParts, startDashboardBench } from "#scripts/testing/dashboard-bench.ts";
import { deliveryParts } from "#scripts/testing/delivery-parts.ts";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "#scripts/testing/simulated-twilio.ts";
import { systemClock } from "#shared/core/clock.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createOwnAccounts } from "#shared/own-account/create-own-accounts.ts";
import { rotationReminder } from "#shared/reminders/rotation.ts";
import { createDelivery } from "#shared/routing/delivery.ts";
import { createTestMessage } from "#shared/routing/test-message.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createTwilio } from "#shared/twilio/account.ts";

const PHONE = "+14155550188";
const OWNER_PHONE = "+14155550142";
const TOPICS = ["outbound", "outbound-critical", "message-events", "provisioning-due"];

let twilio: SimulatedTwilio;
let hooks: Awaited<ReturnType<typeof startRecordingServer>>;
let bench: Awaited<ReturnType<typeof startDashboardBench>>;
beforeAll(async () => {
  twilio = await startSimulatedTwilio();
  hooks = await startRecordingServer();
  bench = await startDashboardBench({ webhookBase: hooks.url, ownAccounts });
  const pubsub = new PubSub({ projectId: bench.projectId });
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
});
afterAll(async () => {
  await bench.stop();
  await twilio.stop();
  await hooks.stop();
});

/** The real ones, as index.ts puts them together, with the simulator for Twilio. */
function ownAccounts({ projectId, ...parts }: DashboardParts) {
  const clock = systemClock;
  const api = createTwilio({ apiBaseUrl: twilio.url, logger: parts.logger });
  const publisher = createPublisher(projectId);
  const messages = createOutboundMessages(parts.database, clock);
  const partyOf = createPartyOf(new Secret("a key for tests, of 32 characters or more"));
  const acceptance = createAcceptance({ ...parts, messages, publisher, partyOf, clock });
  const secrets = createSecrets({ projectId, endpoint: "127.0.0.1:9" });
  const delivery = createDelivery({
    ...parts,
    messages,
    twilio: api,
    ...deliveryParts({
      ...parts,
      changes: createIntegrationChanges({ ...parts, clock }),
      partyOf,
      secrets,
      twilio: api,
      clock,
    }),
    clock,
    random: Math.random,
    leaseSeconds: 60,
    recheckSeconds: 120,
  });
  const sendTest = createTestMessage({ acceptance, delivery, logger: parts.logger });
  return createOwnAccounts({ ...parts, rotationReminder, twilio: api, sendTest, clock });
}

async function salon(phoneNumber = PHONE) {
  const account = await twilio.addAccount();
  await twilio.giveNumber(account.sid, phoneNumber);
  const id = await bench.salon({ owner: { phone: OWNER_PHONE } });
  const { as, uid, email } = await bench.member(id, "owner");
  const answers: string[] = [];
  const ask = async (method: string, path: string, body?: object) => {
    const asked = { as, ...(body === undefined ? {} : { body }) };
    const answer = await bench.ask(method, `/v1/salons/${id}${path}`, asked);
    answers.push(JSON.stringify([...answer.headers]), answer.text);
    return answer;
  };
  return {
    id,
    uid,
    email,
    account,
    ask,
    /** Which of these stand in an answer that was given so far, as they are or as HTTP's basic credentials. */
    told: (tokens: readonly string[]) => {
      const basic = tokens.map((token) => Buffer.from(`${account.sid}:${token}`).toString("base64"));
      const secrets = [account.sid, ...tokens, ...basic];
      return secrets.filter((secret) => answers.some((answer) => answer.includes(secret)));
    },
    view: async () => (await ask("GET", "/integration")).body,
    entered: {
      account_sid: account.sid,
      auth_token: account.auth_token,
      phone_number: phoneNumber,
      mode: "production",
    },
  };
}

/** All that stands in the envelopes of a salon. */
async function sealedOf(salonId: string): Promise<string[]> {
  const stored = (await bench.database.firestore.doc(`salon_integrations/${salonId}`).get()).data();
  const parts = JSON.stringify(stored).matchAll(/"(?:ciphertext|data_key|nonce)":"([^"]+)"/g);
  return [...parts].flatMap(([, part]) => part ?? []);
}

/** The salon's audit, in its order. */
async function actions(salonId: string): Promise<string[]> {
  const entries = bench.database.firestore.collection("integration_audit").where("salon_id", "==", salonId);
  const all = (await entries.get()).docs.map((entry) => entry.data());
  return all
    .toSorted((left, right) => left.seq - right.seq)
    .map(({ action, outcome }) => `${action} ${outcome.result}`);
}

describe("a salon's own Twilio account, from the first visit to the last", () => {
  test("is checked, connected, rotated, switched and forgotten, with nothing secret told on the way", async () => {
    const { id, account, ask, view, told, entered } = await salon();
    const saved = await ask("PUT", "/own-account", entered);
    expect(saved.status, saved.text).toBe(200);
    expect(
      saved.body.steps.map(({ step, outcome }: { step: string; outcome: string }) => `${step} ${outcome}`),
    ).toEqual(["validate done", "save done", "webhooks done", "test_message done"]);
    const [message] = await twilio.messagesTo(OWNER_PHONE);
    expect(message).toMatchObject({ account_sid: account.sid, from: PHONE });
    expect(await view()).toMatchObject({
      requested: "own_account",
      status: "active",
      own_account: {
        account_sid_last4: account.sid.slice(-4),
        phone_number: PHONE,
        is_active: true,
        verification_status: "verified",
        webhook_status: "configured",
        rotation_under_way: false,
        previous: null,
      },
    });
    expect((await ask("GET", "/webhooks")).body).toEqual({ status: "configured", reasons: [] });
    expect((await ask("POST", "/webhooks/repair")).body.status).toBe("configured");
    expect((await ask("POST", "/test-message")).body).toMatchObject({
      step: "test_message",
      outcome: "done",
    });

    const rotated = await ask("POST", "/own-account/rotate", { method: "rotate_for_me" });
    expect(rotated.status, rotated.text).toBe(200);
    const tokens = [account.auth_token, await twilio.tokenOf(account.sid)];
    expect(new Set(tokens).size).toBe(2);
    expect((await view()).own_account.previous.expires_at).toBe(rotated.body.rollback_until);
    const rolledBack = await ask("POST", "/own-account/rollback");
    expect(rolledBack).toMatchObject({
      status: 422,
      body: { error: { reason: "previous_no_longer_valid" } },
    });

    expect((await ask("POST", "/use", { which: "platform" })).status).toBe(204);
    expect(await view()).toMatchObject({ requested: "platform", own_account: { is_active: false } });
    expect((await ask("POST", "/use", { which: "own_account" })).status).toBe(204);
    expect((await view()).own_account.is_active).toBe(true);

    const copy = await ask("GET", "/export");
    expect(copy.text).toContain(`"id":"${id}"`);
    const sealed = await sealedOf(id);
    expect(sealed.length).toBeGreaterThan(5);

    expect((await ask("DELETE", "/own-account")).status).toBe(200);
    expect((await view()).own_account).toBeNull();
    expect(told([...tokens, ...sealed])).toEqual([]);
    const stored = (await bench.database.firestore.doc(`salon_integrations/${id}`).get()).data();
    expect(JSON.stringify(stored?.twilio)).not.toContain("ciphertext");
    expect(await actions(id)).toEqual(
      expect.arrayContaining([
        "own_account_saved succeeded",
        "webhooks_repaired succeeded",
        "test_message_sent succeeded",
        "credentials_rotated succeeded",
        "switched succeeded",
        "disconnected succeeded",
      ]),
    );
    expect(
      bench.logs.leaked([...tokens, ...sealed, account.sid, PHONE.slice(1), OWNER_PHONE.slice(1)]),
    ).toEqual([]);
  });

  test("with a token that Twilio does not take is refused in the owner's words, and nothing is saved", async () => {
    const { id, account, ask, told, entered } = await salon("+14155550189");
    const wrong = `${account.auth_token.slice(0, -4)}dead`;
    const answer = await ask("PUT", "/own-account", { ...entered, auth_token: wrong });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: "invalid-argument", field: "auth_token", reason: "credentials_rejected" } },
    });
    expect(told([wrong, account.auth_token])).toEqual([]);
    const stored = await bench.database.firestore.doc(`salon_integrations/${id}`).get();
    expect(stored.data()?.twilio?.auth_token ?? null).toBeNull();
    expect(bench.logs.leaked([wrong])).toEqual([]);
  });

  test("tells its owner by whose address it was changed, and nobody else: the audit has the uid alone", async () => {
    const { id, uid, email, ask, entered } = await salon("+14155550190");
    expect((await ask("PUT", "/own-account", entered)).status).toBe(200);
    expect((await ask("POST", "/own-account/rotate", { method: "rotate_for_me" })).status).toBe(200);
    expect((await ask("DELETE", "/own-account")).status).toBe(200);
    const of = async (collection: string) =>
      (await bench.database.firestore.collection(collection).where("salon_id", "==", id).get()).docs.map(
        (document) => document.data(),
      );
    const told = await of("notifications");
    expect(told.map(({ kind }) => kind).toSorted()).toEqual([
      "credentials_changed",
      "credentials_changed",
      "integration_disconnected",
    ]);
    for (const { facts } of told) {
      expect(facts).toMatchObject({ by: `A member of the salon (${uid})`, by_name: email });
    }
    const audit = await of("integration_audit");
    expect(audit.map(({ actor }) => actor.id)).toContain(uid);
    const elsewhere = [audit, await of("integration_audit_salts"), await of("salon_integrations")];
    expect(JSON.stringify(elsewhere)).not.toContain(email);
    expect(bench.logs.leaked([email])).toEqual([]);
  });
});
