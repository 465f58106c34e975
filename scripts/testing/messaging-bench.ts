import { randomUUID } from "node:crypto";
import { PubSub } from "@google-cloud/pubsub";
import { z } from "zod";
import { createSimulatorClient } from "#scripts/demo/simulator-client.ts";
import { startSecretManagerServer } from "#scripts/local-stack/secret-manager-server.ts";
import { type ReceivedMail, startSmtpSink } from "#scripts/local-stack/smtp-sink.ts";
import { startTwilioSimulator } from "#scripts/twilio-simulator/simulator.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import type { Contacts } from "#shared/contacts/contacts.ts";
import type { Threads } from "#shared/contacts/threads.ts";
import { type MessageId, SalonId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf, E164, type PartyOf } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import type { AccountHealth } from "#shared/health/account-health.ts";
import { createSynchronization, type Synchronized } from "#shared/message-sync/synchronization.ts";
import { type Acceptance, createAcceptance, type SendRequest } from "#shared/messages/acceptance.ts";
import { type BulkAcceptance, createBulkAcceptance } from "#shared/messages/bulk-acceptance.ts";
import { createMessageCosts } from "#shared/messages/cost-store.ts";
import { MessageEvent } from "#shared/messages/events.ts";
import { createInboundIntake } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { createOutboundMessages, type OutboundMessages } from "#shared/messages/outbound-store.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import { createDelivery, type Delivery } from "#shared/routing/delivery.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { createMailer } from "#shared/runtime/mailer.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio, type TwilioAccount } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createAdmission } from "#shared/webhooks/admission.ts";
import { WEBHOOK_POLICIES } from "#shared/webhooks/limits.ts";
import { createPlatformVerification, orOfPlatform } from "#shared/webhooks/platform-accounts.ts";
import { createVerification } from "#shared/webhooks/verification.ts";
import { announceChanges } from "./announced-changes.ts";
import { deliveryParts } from "./delivery-parts.ts";
import { createMovingClock, type MovingClock } from "./moving-clock.ts";
import { type RecordingPublisher, recordPublisher } from "./recording-publisher.ts";
import { openCallbackAddress } from "./status-callbacks.ts";
import { uniqueProjectId, uniqueSalonId } from "./test-project.ts";

export const LEASE_SECONDS = 60;
export const RECHECK_SECONDS = 120;
export const PARTY_KEY = new Secret("a key for tests, of 32 characters or more");

/** Longer than any test: a message stays as Twilio took it, and no callback is tried. */
const FOREVER_MS = 3_600_000;
const TOPICS = ["outbound", "outbound-critical", "provisioning-due", "message-events", "inbound-messages"];

/** A salon with a Twilio account and a number of its own at the simulator. */
export interface BenchSalon {
  readonly id: SalonId;
  readonly number: E164;
  readonly accountSid: string;
  readonly authToken: string;
}

/** A message as it stands at Twilio. */
const TwilioMessage = z.object({
  sid: z.string(),
  account_sid: z.string(),
  to: z.string(),
  from: z.string().nullable(),
  body: z.string(),
  status: z.string(),
  status_callback: z.string().nullable(),
});
export type TwilioMessage = z.infer<typeof TwilioMessage>;

export interface BenchOptions {
  /** From one status of a message to the next at Twilio; left out, a message stays as Twilio took it. */
  readonly stageMs?: number;
  /** Has Twilio live by the bench's clock, so that the two agree however far a test moves it. */
  readonly oneClock?: boolean;
  /** Has the real `receive-status` answer Twilio's callbacks; left out, nobody does. */
  readonly callbacks?: boolean;
}

/** A callback that Twilio has made, and how it was answered; null when it was not. */
const Callback = z.object({ resource_sid: z.string(), event: z.string(), status: z.number().nullable() });

interface WorkerOptions {
  /** How long one request to Twilio may take. */
  readonly timeoutMs?: number;
  /** Another Twilio than the bench's, such as one that is not there. */
  readonly twilioUrl?: string;
  readonly leaseSeconds?: number;
  readonly recheckSeconds?: number;
  readonly random?: () => number;
  /** The store as this worker has it, such as one that dies at some call. */
  readonly messages?: OutboundMessages;
}

export interface MessagingBench {
  readonly projectId: string;
  readonly twilioUrl: string;
  readonly clock: MovingClock;
  readonly database: Database;
  readonly messages: OutboundMessages;
  readonly acceptance: Acceptance;
  readonly bulkAcceptance: BulkAcceptance;
  readonly publisher: RecordingPublisher;
  /** What tells the other services. */
  readonly announcing: RecordingPublisher;
  /** When the message's latest change has been followed: told, and what comes of it is on record. */
  followed(message: OutboundMessage): Promise<void>;
  /** What the other services have been told of a message. */
  news(id: MessageId): MessageEvent[];
  /** Every line logged so far. */
  readonly logLines: readonly string[];
  /** What Twilio truly has for a recipient. */
  atTwilio(to: string): Promise<TwilioMessage[]>;
  /** What Twilio truly has sent for an account. */
  sentBy(accountSid: string): Promise<TwilioMessage[]>;
  /** The last thousand callbacks. */
  callbacks(): Promise<z.infer<typeof Callback>[]>;
  /** Asks the simulator's administrator, see its README. */
  administer(path: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  /** Ends all trouble at the simulator. */
  calm(): Promise<void>;
  /** Ends a message at Twilio, of which no callback tells us. */
  cancelAtTwilio(salon: BenchSalon, sid: string): Promise<void>;
  /** Orders trouble at the simulator, see its faults/fault.ts. */
  fault(order: Readonly<Record<string, unknown>>): Promise<void>;
  /** Gives a secret of the platform's a new version, such as a parent's token. */
  setSecret(name: string, value: string): void;
  /** The platform's own numbers, from which critical messages go when the salon's account fails. */
  readonly defaultNumbers: readonly E164[];
  /** The account of the platform's own that has them. */
  readonly platformAccountSid: string;
  readonly platformToken: string;
  readonly health: AccountHealth;
  readonly contacts: Contacts;
  readonly threads: Threads;
  readonly defaultSenders: DefaultSenders;
  readonly partyOf: PartyOf;
  /** What was mailed so far, oldest first. */
  mails(): ReceivedMail[];
  /** A phone number nobody else writes to. */
  customer(): E164;
  /** An open salon; `platform` of its integration is active unless told otherwise. */
  salon(options?: {
    readonly integration?: "active" | "none";
    readonly document?: object;
  }): Promise<BenchSalon>;
  /** Gives the salon an active subaccount, as provisioning does at its end. */
  activate(salon: BenchSalon): Promise<void>;
  accept(
    salon: BenchSalon,
    message: { readonly to: E164; readonly key?: string } & Partial<SendRequest>,
  ): Promise<OutboundMessage>;
  /** An instance of deliver-message: with empty caches of its own, on the same Firestore, KMS and Twilio. */
  worker(options?: WorkerOptions): Delivery;
  /** An instance of sync-messages. */
  synchronization(): () => Promise<Synchronized>;
  /** The salon's account as the `twilio` package sees it. */
  twilio(salon: BenchSalon): TwilioAccount;
  stop(): Promise<void>;
}

/** All that a message passes through: Firestore, Pub/Sub and KMS of the emulator project, and a Twilio simulator. */
export async function startMessagingBench({
  stageMs = FOREVER_MS,
  oneClock = false,
  callbacks: hasCallbacks = false,
}: BenchOptions = {}): Promise<MessagingBench> {
  const { KMS_ENDPOINT: endpoint, KMS_KEY_NAME: keyName = "" } = process.env;
  const projectId = uniqueProjectId();
  const pubsub = new PubSub({ projectId });
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
  const clock = createMovingClock();
  const simulator = await startTwilioSimulator({ stageMs, ...(oneClock ? { now: clock.now } : {}) });
  const client = createSimulatorClient(simulator.url);
  const { accountSid: mainSid, authToken: mainToken } = simulator.main;
  const defaultNumbers = ["+14155550001", "+14155550002"].map((number) => E164.parse(number));
  for (const number of defaultNumbers) await client.giveNumber(mainSid, number);
  const secretManager = await startSecretManagerServer({
    projectId,
    secrets: {
      "twilio-account-sid": mainSid,
      "twilio-auth-token": mainToken,
      "twilio-phone-number": defaultNumbers.join(", "),
    },
  });
  const secrets = createSecrets({ projectId, endpoint: secretManager.endpoint });
  const mailSink = await startSmtpSink();
  const mailer = createMailer({
    smtpUrl: new Secret(mailSink.url),
    from: "Salon Flow <mail@salonflow.example>",
  });
  const logLines: string[] = [];
  const logger = createLogger({ write: (line) => logLines.push(line) });
  const database = createDatabase(projectId);
  const messages = createOutboundMessages(database, clock);
  const publisher = recordPublisher(createPublisher(projectId));
  const vault = createVault({ kms: createKms({ keyName, endpoint }), clock, cache: VAULT_CACHE });
  const audit = createAudit({ database, clock, logger });
  const salons = createSalons(database);
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  const partyOf = createPartyOf(PARTY_KEY);
  const acceptance = createAcceptance({ salons, messages, publisher, partyOf, clock, logger });
  const retry = createRetry({ random: () => 0 });
  const twilioAt = (apiBaseUrl: string, timeoutMs = 5_000) =>
    createTwilio({ apiBaseUrl, timeoutMs, retry, logger });
  const twilio = twilioAt(simulator.url);
  const parts = deliveryParts({ database, changes, partyOf, secrets, vault, twilio, clock, logger });
  const callbacks = hasCallbacks ? await openCallbackAddress() : undefined;
  const urls = createWebhookUrls(callbacks?.url ?? "http://127.0.0.1:9");
  if (callbacks !== undefined) {
    const { defaultSenders } = parts;
    const integrations = createIntegrations(database);
    const admission = createAdmission({
      urls,
      policy: WEBHOOK_POLICIES["receive-status"],
      clock,
      allowedFrom: undefined,
      trustedProxyHops: 0,
    });
    const verify = createVerification({ database, integrations, vault, admission, clock, logger });
    const verifyPlatform = createPlatformVerification({ defaultSenders, admission, clock });
    await callbacks.serve({
      verify,
      verifyPlatform,
      verifyMessageStatus: orOfPlatform(verify, verifyPlatform),
      messages,
      calls: createCalls(database, clock),
      salons,
      partyOf,
      logger,
    });
  }
  const announcing = await announceChanges({
    projectId,
    database,
    partyOf,
    vault,
    twilio,
    clock,
    logger,
  });
  const news = (id: MessageId) =>
    announcing.publisher.published.flatMap(({ topic, data }) =>
      topic === "message-events" && data.message_id === id ? [MessageEvent.parse(data)] : [],
    );
  let serial = 1_000;
  const nextNumber = () => E164.parse(`+1415555${(serial++).toString()}`);

  async function account(friendly_name: string) {
    const body = JSON.stringify({ friendly_name });
    await fetch(`${simulator.url}/simulator/accounts`, { method: "POST", body });
    const made = await client.accountCalled(friendly_name);
    if (made === undefined) throw new Error("the simulator made no account");
    return { accountSid: made.sid, authToken: made.auth_token };
  }

  async function truth(filter: Record<string, string>) {
    const answer = await fetch(`${simulator.url}/simulator/messages?${new URLSearchParams(filter)}`);
    return z.object({ messages: z.array(TwilioMessage) }).parse(await answer.json()).messages;
  }

  async function activate({ id, number, accountSid, authToken }: BenchSalon) {
    const seal = (kind: "account_sid" | "auth_token", value: string) =>
      vault.seal({ salonId: id, kind, secret: new Secret(value) });
    const platform = {
      parent: "default",
      account_sid: await seal("account_sid", accountSid),
      auth_token: await seal("auth_token", authToken),
      phone_number: number,
      is_active: true,
    };
    const integration = database.firestore.doc(`salon_integrations/${id}`);
    await integration.set({ salon_id: id, platform, status: "active" }, { merge: true });
  }

  return {
    projectId,
    twilioUrl: simulator.url,
    clock,
    database,
    messages,
    acceptance,
    bulkAcceptance: createBulkAcceptance({ salons, messages, slots: parts.slots, partyOf, clock }),
    publisher,
    announcing: announcing.publisher,
    news,
    async followed({ id, state, attempts }) {
      await until(() => news(id).some((each) => each.state === state && each.attempt === attempts.length));
      await announcing.idle();
    },
    atTwilio: (to) => truth({ to }),
    sentBy: (account_sid) => truth({ account_sid }),
    async callbacks() {
      const answer = await fetch(`${simulator.url}/simulator/webhooks`);
      return z.object({ webhooks: z.array(Callback) }).parse(await answer.json()).webhooks;
    },
    async administer(path, body) {
      const sent = { method: "POST", body: JSON.stringify(body) };
      const answer = await fetch(`${simulator.url}/simulator/${path}`, sent);
      if (!answer.ok) throw new Error(`the simulator refused ${path}: ${await answer.text()}`);
    },
    async calm() {
      await fetch(`${simulator.url}/simulator/faults`, { method: "DELETE" });
    },
    async cancelAtTwilio({ accountSid, authToken }, sid) {
      const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
      const body = new URLSearchParams({ Status: "canceled" });
      const url = `${simulator.url}/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`;
      const answer = await fetch(url, { method: "POST", headers: { authorization }, body });
      if (!answer.ok) throw new Error(`the simulator refused to cancel: ${await answer.text()}`);
    },
    fault: client.fault,
    logLines,
    defaultNumbers,
    setSecret: secretManager.setSecret,
    platformAccountSid: mainSid,
    platformToken: mainToken,
    health: parts.health,
    contacts: parts.contacts,
    threads: parts.threads,
    defaultSenders: parts.defaultSenders,
    partyOf,
    mails: mailSink.messages,
    customer: nextNumber,
    async salon({ integration = "active", document = {} } = {}) {
      const id = SalonId.parse(uniqueSalonId());
      const number = nextNumber();
      const { accountSid, authToken } = await account(id);
      await client.giveNumber(accountSid, number);
      const salon = { id, number, accountSid, authToken };
      await database.firestore.doc(`salons/${id}`).set({ name: "Anjali's Salon", ...document });
      if (integration === "active") await activate(salon);
      return salon;
    },
    activate,
    async accept(salon, { key = uniqueSalonId(), ...wanted }) {
      const words = wanted.template === undefined ? { body: "See you tomorrow at 10." } : {};
      const request = {
        salonId: salon.id,
        idempotencyKey: key,
        channel: "sms",
        ...words,
        ...wanted,
      } as const;
      return (await acceptance.accept(request)).message;
    },
    worker: ({ timeoutMs, twilioUrl, ...changes } = {}) =>
      createDelivery({
        messages,
        salons: createSalons(database),
        integrations: createIntegrations(database),
        vault,
        twilio: twilioAt(twilioUrl ?? simulator.url, timeoutMs),
        urls,
        ...parts,
        mailer,
        clock,
        logger,
        random: () => 0.5,
        leaseSeconds: LEASE_SECONDS,
        recheckSeconds: RECHECK_SECONDS,
        ...changes,
      }),
    synchronization() {
      const inbound = createInboundMessages(database);
      return createSynchronization({
        database,
        integrations: createIntegrations(database),
        salons,
        vault,
        twilio,
        defaultSenders: parts.defaultSenders,
        threads: parts.threads,
        health: parts.health,
        calls: createCalls(database, clock),
        partyOf,
        messages,
        costs: createMessageCosts(database, clock),
        intake: createInboundIntake({ inbound, publisher, acceptance, partyOf, clock, logger }),
        newHolder: randomUUID,
        clock,
        logger,
      });
    },
    twilio: ({ accountSid, authToken }) => twilio.account({ accountSid, authToken: new Secret(authToken) }),
    async stop() {
      await simulator.close();
      await announcing.stop();
      await callbacks?.stop();
      await Promise.all([secretManager.stop(), mailSink.stop(), pubsub.close()]);
    },
  };
}
