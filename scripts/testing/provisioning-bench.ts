import { PubSub } from "@google-cloud/pubsub";
import { startSecretManagerServer } from "#scripts/local-stack/secret-manager-server.ts";
import { createAudit } from "#shared/audit/audit.ts";
import type { Clock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createHeldMessages } from "#shared/messages/held.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createPlatformAccounts } from "#shared/platform/accounts.ts";
import { createNumberPool } from "#shared/provisioning/number-pool.ts";
import { createProgressStore } from "#shared/provisioning/progress-store.ts";
import { createSaga } from "#shared/provisioning/saga.ts";
import { createDelivery } from "#shared/routing/delivery.ts";
import { createTestMessage } from "#shared/routing/test-message.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createPublisher, type TopicName } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio, type Twilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { deliveryParts } from "./delivery-parts.ts";
import { createLogBook } from "./log-book.ts";
import { recordPublisher } from "./recording-publisher.ts";
import { startRecordingServer } from "./recording-server.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "./simulated-twilio.ts";
import { uniqueProjectId, uniqueSalonId } from "./test-project.ts";

const TOPICS: readonly TopicName[] = ["outbound", "outbound-critical", "message-events", "provisioning-due"];

/** Told of everything that has been done for a salon, as it is done; to throw or never to answer is to crash there. */
export type After = (effect: string) => Promise<void>;

export interface WorkerOptions {
  readonly clock: Clock;
  readonly after?: After;
  readonly labels?: readonly string[];
  readonly country?: string;
  readonly purchasesPerHour?: number;
  /** How long one request to Twilio may take. */
  readonly timeoutMs?: number;
}

/** All that a set-up passes through: Firestore, Pub/Sub, Cloud KMS, Secret Manager, and a simulated Twilio. */
export async function startProvisioningBench(options: { subaccountLimit?: number } = {}) {
  const { KMS_ENDPOINT: endpoint, KMS_KEY_NAME: keyName = "" } = process.env;
  const projectId = uniqueProjectId();
  const twilio = await startSimulatedTwilio(options);
  const second = await twilio.addAccount();
  const hooks = await startRecordingServer();
  const secretManager = await startSecretManagerServer({
    projectId,
    secrets: {
      "twilio-account-sid": twilio.main.accountSid,
      "twilio-auth-token": twilio.main.authToken,
      "twilio-account-sid-second": second.sid,
      "twilio-auth-token-second": second.auth_token,
    },
  });
  const pubsub = new PubSub({ projectId });
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
  const database = createDatabase(projectId);
  const { firestore } = database;
  const kms = createKms({ keyName, endpoint });
  const secrets = createSecrets({ projectId, endpoint: secretManager.endpoint });
  const publisher = recordPublisher(createPublisher(projectId));
  const urls = createWebhookUrls(hooks.url);
  const logs = createLogBook();
  const { logger } = logs;
  let serial = 100;

  return {
    twilio,
    second,
    database,
    publisher,
    urls,
    logs,

    /** An open salon whose owner has just asked for messaging. */
    async addSalon(clock: Clock, document: Record<string, unknown> = {}) {
      const salonId = SalonId.parse(uniqueSalonId());
      const owner = `+1650555${String(serial++).padStart(4, "0")}`;
      await firestore
        .doc(`salons/${salonId}`)
        .set({ name: "Anjali's Salon", status: "open", owner: { phone: owner }, ...document });
      await this.ask(salonId, clock);
      return { salonId, owner };
    },

    /** The owner asks for the platform's messaging, or for another thing. */
    async ask(salonId: SalonId, clock: Clock, messaging = "platform"): Promise<void> {
      const requested = { messaging, by: "owner", at: clock.now() };
      await firestore
        .doc(`salon_integrations/${salonId}`)
        .set({ salon_id: salonId, requested }, { merge: true });
    },

    /** Puts numbers of the parent `default` into the pool. */
    async stockPool(...phoneNumbers: string[]): Promise<void> {
      for (const phone_number of phoneNumbers) {
        const { sid } = await twilio.giveNumber(twilio.main.accountSid, phone_number);
        const free = { state: "free", salon_id: null, pick: 0.5, country: "US", parent: "default" };
        await firestore.doc(`phone_numbers/${sid}`).set({ sid, phone_number, ...free });
      }
    },

    /** An instance of provision-salon, with caches of its own. */
    worker({
      clock,
      after = async () => {},
      labels = ["default"],
      country = "US",
      ...limits
    }: WorkerOptions) {
      const watch = <Port extends object>(name: string, port: Port) => watched(name, port, after);
      const api = createTwilio({
        apiBaseUrl: twilio.url,
        timeoutMs: limits.timeoutMs ?? 5_000,
        retry: createRetry({ random: () => 0 }),
      });
      const watchedApi: Twilio = { account: (credentials) => watch("twilio", api.account(credentials)) };
      const salons = createSalons(database);
      const integrations = createIntegrations(database);
      const audit = createAudit({ database, clock, logger });
      const changes = createIntegrationChanges({ database, audit, clock, logger });
      const messages = createOutboundMessages(database, clock);
      const vault = createVault({ kms, clock, cache: VAULT_CACHE });
      const partyOf = createPartyOf(new Secret("a key for tests, of no value elsewhere"));
      const acceptance = createAcceptance({ salons, messages, publisher, partyOf, clock, logger });
      const delivery = createDelivery({
        messages,
        salons,
        integrations,
        vault,
        twilio: watchedApi,
        urls,
        ...deliveryParts({ database, changes, partyOf, secrets, vault, twilio: watchedApi, clock, logger }),
        clock,
        logger,
        random: () => 0.5,
        leaseSeconds: 60,
        recheckSeconds: 120,
      });
      const pool = createNumberPool(database, clock, () => 0.4);
      return createSaga({
        progress: watch("progress", createProgressStore(database, changes, clock)),
        parents: createPlatformAccounts(secrets, watchedApi, labels),
        pool: watch("pool", pool),
        twilio: watchedApi,
        vault,
        held: watch("held", createHeldMessages(database, publisher, clock)),
        webhooksFor: urls.ofNumber,
        sendTest: createTestMessage({ acceptance: watch("acceptance", acceptance), delivery, logger }),
        numbers: { country, purchasesPerHour: limits.purchasesPerHour ?? 1_000 },
        clock,
        logger,
      });
    },

    /** What has become of a salon, at Twilio and in Firestore. */
    async outcome({ salonId, owner }: { salonId: SalonId; owner: string }) {
      const [integration, progress, subaccounts] = await Promise.all([
        firestore.doc(`salon_integrations/${salonId}`).get(),
        firestore.doc(`provisioning/${salonId}`).get(),
        twilio.subaccounts(salonId),
      ]);
      const numbers = await Promise.all(subaccounts.map(({ sid }) => twilio.numbersOf(sid)));
      return {
        integration: integration.data() ?? {},
        progress: progress.data() ?? {},
        subaccounts,
        numbers: numbers.flat(),
        tests: await twilio.messagesTo(owner),
      };
    },

    async stop(): Promise<void> {
      await Promise.all([twilio.stop(), hooks.stop(), secretManager.stop(), pubsub.close()]);
      await firestore.terminate();
    },
  };
}

export type ProvisioningBench = Awaited<ReturnType<typeof startProvisioningBench>>;
export type { SimulatedTwilio };

/** The port as it is, but that `after` hears of everything it has done. */
function watched<Port extends object>(name: string, port: Port, after: After): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, given);
        if (!(result instanceof Promise)) return result;
        return result.then(async (value: unknown) => {
          await after(`${name}.${String(key)}`);
          return value;
        });
      };
    },
  });
}
