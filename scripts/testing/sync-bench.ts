import { randomUUID } from "node:crypto";
import { PubSub } from "@google-cloud/pubsub";
import { startSecretManagerServer } from "#scripts/local-stack/secret-manager-server.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { accountFingerprint, type MessageId, messageIdOf, SalonId } from "#shared/core/ids.ts";
import { createPartyOf, E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import {
  createSynchronization,
  LIMITS,
  type SynchronizationLimits,
} from "#shared/message-sync/synchronization.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createMessageCosts } from "#shared/messages/cost-store.ts";
import { createInboundIntake } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import type { Attempt } from "#shared/messages/message.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { twilioState } from "#shared/messages/state.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createPublisher, type TopicName } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createLogBook } from "./log-book.ts";
import { createMovingClock } from "./moving-clock.ts";
import { outboundMessage } from "./outbound-message.ts";
import { recordPublisher } from "./recording-publisher.ts";
import { startSimulatedTwilio } from "./simulated-twilio.ts";
import { uniqueProjectId, uniqueSalonId } from "./test-project.ts";

const TOPICS: readonly TopicName[] = ["outbound", "inbound-messages", "message-events"];
/** Where nobody listens: the callbacks of these tests are lost. */
const NOWHERE = "http://127.0.0.1:9/status";
const HOUR_SECONDS = 3_600;

export interface SyncSalon {
  readonly salonId: SalonId;
  readonly number: E164;
  readonly accountSid: string;
  readonly authToken: Secret;
  readonly source: Attempt["source"];
}

export interface SentMessage {
  readonly id: MessageId;
  readonly sid: string;
}

/** Salons whose Twilio is simulated and whose callbacks and webhooks never arrive, and the reader of its list. */
export async function startSyncBench() {
  const { KMS_KEY_NAME: keyName = "", KMS_ENDPOINT: endpoint } = process.env;
  const projectId = uniqueProjectId();
  const pubsub = new PubSub({ projectId });
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
  const simulator = await startSimulatedTwilio();
  const database = createDatabase(projectId);
  const { firestore } = database;
  const clock = createMovingClock();
  const logs = createLogBook();
  const { logger } = logs;
  const vault = createVault({ kms: createKms({ keyName, endpoint }), clock, cache: VAULT_CACHE });
  const twilio = createTwilio({ apiBaseUrl: simulator.url, retry: createRetry({ attempts: 1 }), logger });
  const publisher = recordPublisher(createPublisher(projectId));
  const partyOf = createPartyOf(new Secret("a key for tests, of no value elsewhere"));
  const salons = createSalons(database);
  const messages = createOutboundMessages(database, clock);
  const acceptance = createAcceptance({ salons, messages, publisher, partyOf, clock, logger });
  const inbound = createInboundMessages(database);
  const intake = createInboundIntake({ inbound, publisher, acceptance, partyOf, clock, logger });
  const threads = createThreads({ database, clock, partyOf });
  const calls = createCalls(database, clock);
  const sharedNumber = E164.parse("+14155559801");
  await simulator.giveNumber(simulator.main.accountSid, sharedNumber);
  const secretManager = await startSecretManagerServer({
    projectId,
    secrets: {
      "twilio-account-sid": simulator.main.accountSid,
      "twilio-auth-token": simulator.main.authToken,
      "twilio-phone-number": sharedNumber,
    },
  });
  const secrets = createSecrets({ projectId, endpoint: secretManager.endpoint });
  const audit = createAudit({ database, clock, logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  const accountOf = (salon: SyncSalon) => twilio.account(salon);
  let serial = 1_000;
  const nextNumber = () => E164.parse(`+1415555${(serial++).toString()}`);

  return {
    simulator,
    database,
    clock,
    logs,
    vault,
    publisher,
    intake,
    salons,
    messages,
    threads,
    calls,
    partyOf,
    secretManager,
    accountOf,
    customer: nextNumber,

    /** The salon as it sends by the platform's own number, in an emergency. */
    throughParent: (salon: SyncSalon): SyncSalon => ({
      ...salon,
      number: sharedNumber,
      accountSid: simulator.main.accountSid,
      authToken: new Secret(simulator.main.authToken),
      source: "platform_default",
    }),

    /** An open salon whose account has been connected for a day. */
    async salon(owner: "platform" | "own" = "platform", document: object = {}): Promise<SyncSalon> {
      const salonId = SalonId.parse(uniqueSalonId());
      const number = nextNumber();
      const { sid: accountSid, auth_token } = await simulator.addAccount();
      await simulator.giveNumber(accountSid, number);
      const authToken = new Secret(auth_token);
      const salon = {
        salonId,
        number,
        accountSid,
        authToken,
        source: owner === "own" ? "salon_own" : "platform_subaccount",
      } as const;
      await firestore.doc(`salons/${salonId}`).set({ name: "Anjali's Salon", ...document });
      const account = {
        ...(await this.sealed(salonId, accountSid, authToken)),
        phone_number: number,
        webhook_status: "configured",
        is_active: true,
        configured_at: plusSeconds(clock.now(), -24 * HOUR_SECONDS),
      };
      const integration =
        owner === "own" ? { twilio: account } : { platform: { ...account, parent: "default" } };
      await firestore
        .doc(`salon_integrations/${salonId}`)
        .set(SalonIntegration.parse({ salon_id: salonId, ...integration }));
      return salon;
    },

    async sealed(salonId: SalonId, accountSid: string, authToken: Secret) {
      const [account_sid, auth_token] = await Promise.all([
        vault.seal({ salonId, kind: "account_sid", secret: new Secret(accountSid) }),
        vault.seal({ salonId, kind: "auth_token", secret: authToken }),
      ]);
      return { account_sid, auth_token };
    },

    /**
     * A message that Twilio has taken, as we know it then; `charged` when we counted other segments than Twilio. Of one
     * that is not `answered` the SID never came to us.
     */
    async send(
      salon: SyncSalon,
      { to = nextNumber(), body = "See you tomorrow at 10.", charged = 1, answered = true } = {},
    ): Promise<SentMessage> {
      const { salonId: salon_id, number: sender, source } = salon;
      const idempotency_key = randomUUID();
      const accepted_at = clock.now();
      const id = messageIdOf(salon_id, idempotency_key);
      const message = outboundMessage({
        salon_id,
        idempotency_key,
        to,
        body,
        segments: charged,
        accepted_at,
      });
      await messages.create({ ...message, expires_at: plusSeconds(accepted_at, 24 * HOUR_SECONDS) });
      const account = accountFingerprint(salon.accountSid);
      const attempt = {
        source,
        channel: "sms",
        account,
        sender,
        content_sid: null,
        segments: charged,
      } as const;
      await messages.claim(id, attempt, 60);
      const validityPeriodSeconds = HOUR_SECONDS;
      const { sid, status } = await accountOf(salon).sendMessage({
        to,
        from: sender,
        body,
        statusCallback: NOWHERE,
        validityPeriodSeconds,
      });
      if (answered) await messages.report(id, 1, { sid, state: twilioState(status) ?? "queued" });
      return { id, sid };
    },

    /** Waits until the message has come to its end at Twilio, and has been rated unless it failed. */
    async ended(salon: SyncSalon, { sid }: Pick<SentMessage, "sid">, { rated = true } = {}): Promise<void> {
      for (;;) {
        const { status, price } = await accountOf(salon).fetchMessage(sid);
        const isEnded = ["delivered", "undelivered", "failed", "received"].includes(status);
        if (isEnded && (price !== undefined || !rated || status === "failed")) return;
      }
    },

    /** A customer writes, and no webhook tells of it. */
    async write(
      salon: SyncSalon,
      message: Record<string, unknown> = {},
    ): Promise<{ sid: string; from: string }> {
      const from = nextNumber();
      const { message_sid: sid } = await simulator.write({
        to: salon.number,
        from,
        body: "Are you open?",
        ...message,
      });
      return { sid, from };
    },

    /** An instance of sync-messages, with empty caches of its own; it reads the parents of these labels. */
    reader: (limits: Partial<SynchronizationLimits> = {}, parents: readonly string[] = []) =>
      createSynchronization(
        {
          database,
          integrations: createIntegrations(database),
          salons: createSalons(database),
          vault,
          twilio,
          defaultSenders: createDefaultSenders(secrets, parents, logger),
          threads,
          health: connectAccountHealth({ database, changes, vault, twilio, clock, logger }),
          calls,
          partyOf,
          messages,
          costs: createMessageCosts(database, clock),
          intake,
          newHolder: randomUUID,
          clock,
          logger,
        },
        { ...LIMITS, ...limits },
      ),

    /** What of `message_syncs` concerns a salon. */
    async progress({ salonId }: SyncSalon) {
      const found = await firestore.collection("message_syncs").where("salon_id", "==", salonId).get();
      return found.docs.map((document) => document.data());
    },
    async rows({ salonId }: SyncSalon, twilioSid: string) {
      const rows = firestore
        .collection(`salons/${salonId}/usage_ledger`)
        .where("twilio_sid", "==", twilioSid);
      return (await rows.get()).docs.map((row) => ({ id: row.id, ...row.data() }));
    },
    async inboundOf({ salonId }: SyncSalon) {
      const all = firestore
        .collection("messages")
        .where("salon_id", "==", salonId)
        .where("direction", "==", "inbound");
      return (await all.get()).docs.map((document) => document.data());
    },
    publishedOf: (sid: string) =>
      publisher.published.filter(({ topic, key }) => topic === "inbound-messages" && key === sid),

    async stop(): Promise<void> {
      await Promise.all([simulator.stop(), secretManager.stop(), pubsub.close(), firestore.terminate()]);
    },
  };
}

export type SyncBench = Awaited<ReturnType<typeof startSyncBench>>;
