import { PubSub } from "@google-cloud/pubsub";
import { z } from "zod";
import { createSimulatorClient } from "#scripts/demo/simulator-client.ts";
import { startTwilioSimulator } from "#scripts/twilio-simulator/simulator.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf, E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { type Acceptance, createAcceptance } from "#shared/messages/acceptance.ts";
import { createAnnouncer } from "#shared/messages/announcer.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { createOutboundMessages, type OutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDelivery, type Delivery } from "#shared/routing/delivery.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio, type TwilioAccount } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createMovingClock, type MovingClock } from "./moving-clock.ts";
import { type RecordingPublisher, recordPublisher } from "./recording-publisher.ts";
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
  from: z.string().nullable(),
  body: z.string(),
  status: z.string(),
  status_callback: z.string().nullable(),
});
export type TwilioMessage = z.infer<typeof TwilioMessage>;

interface WorkerOptions {
  /** How long one request to Twilio may take. */
  readonly timeoutMs?: number;
  /** Another Twilio than the bench's, such as one that is not there. */
  readonly twilioUrl?: string;
  readonly leaseSeconds?: number;
  readonly recheckSeconds?: number;
  readonly random?: () => number;
}

export interface MessagingBench {
  readonly projectId: string;
  readonly clock: MovingClock;
  readonly database: Database;
  readonly messages: OutboundMessages;
  readonly acceptance: Acceptance;
  readonly publisher: RecordingPublisher;
  /** Every line logged so far. */
  readonly logLines: readonly string[];
  /** What Twilio truly has for a recipient. */
  atTwilio(to: string): Promise<TwilioMessage[]>;
  /** Ends a message at Twilio, of which no callback tells us. */
  cancelAtTwilio(salon: BenchSalon, sid: string): Promise<void>;
  /** Orders trouble at the simulator, see its faults/fault.ts. */
  fault(order: Readonly<Record<string, unknown>>): Promise<void>;
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
    message: {
      readonly to: E164;
      readonly body?: string;
      readonly critical?: boolean;
      readonly key?: string;
    },
  ): Promise<OutboundMessage>;
  /** An instance of deliver-message: with empty caches of its own, on the same Firestore, KMS and Twilio. */
  worker(options?: WorkerOptions): Delivery;
  /** The salon's account as the `twilio` package sees it. */
  twilio(salon: BenchSalon): TwilioAccount;
  stop(): Promise<void>;
}

/** All that a message passes through: Firestore, Pub/Sub and KMS of the emulator project, and a Twilio simulator. */
export async function startMessagingBench(): Promise<MessagingBench> {
  const { KMS_ENDPOINT: endpoint, KMS_KEY_NAME: keyName = "" } = process.env;
  const projectId = uniqueProjectId();
  const pubsub = new PubSub({ projectId });
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
  const simulator = await startTwilioSimulator({ stageMs: FOREVER_MS });
  const client = createSimulatorClient(simulator.url);
  const logLines: string[] = [];
  const logger = createLogger({ write: (line) => logLines.push(line) });
  const clock = createMovingClock();
  const database = createDatabase(projectId);
  const messages = createOutboundMessages(database, clock);
  const publisher = recordPublisher(createPublisher(projectId));
  const vault = createVault({ kms: createKms({ keyName, endpoint }), clock, cache: VAULT_CACHE });
  const audit = createAudit({ database, clock, logger });
  const salons = createSalons(database);
  const partyOf = createPartyOf(PARTY_KEY);
  const acceptance = createAcceptance({ salons, messages, publisher, partyOf, clock, logger });
  const retry = createRetry({ random: () => 0 });
  const twilioAt = (apiBaseUrl: string, timeoutMs = 5_000) =>
    createTwilio({ apiBaseUrl, timeoutMs, retry, logger });
  const twilio = twilioAt(simulator.url);
  let serial = 1_000;
  const nextNumber = () => E164.parse(`+1415555${(serial++).toString()}`);

  async function account(friendly_name: string) {
    const body = JSON.stringify({ friendly_name });
    await fetch(`${simulator.url}/simulator/accounts`, { method: "POST", body });
    const made = await client.accountCalled(friendly_name);
    if (made === undefined) throw new Error("the simulator made no account");
    return { accountSid: made.sid, authToken: made.auth_token };
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
    clock,
    database,
    messages,
    acceptance,
    publisher,
    async atTwilio(to) {
      const answer = await fetch(`${simulator.url}/simulator/messages?to=${encodeURIComponent(to)}`);
      return z.object({ messages: z.array(TwilioMessage) }).parse(await answer.json()).messages;
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
    async accept(salon, { to, body = "See you tomorrow at 10.", critical = false, key = uniqueSalonId() }) {
      const request = { salonId: salon.id, idempotencyKey: key, channel: "sms", to, body, critical } as const;
      return (await acceptance.accept(request)).message;
    },
    worker: ({ timeoutMs, twilioUrl, ...pace } = {}) =>
      createDelivery({
        messages,
        salons: createSalons(database),
        integrations: createIntegrations(database),
        vault,
        twilio: twilioAt(twilioUrl ?? simulator.url, timeoutMs),
        urls: createWebhookUrls("http://127.0.0.1:9"),
        announcer: createAnnouncer(publisher),
        requestPlatform: createIntegrationChanges({ database, audit, clock, logger }).requestPlatform,
        clock,
        logger,
        random: () => 0.5,
        leaseSeconds: LEASE_SECONDS,
        recheckSeconds: RECHECK_SECONDS,
        ...pace,
      }),
    twilio: ({ accountSid, authToken }) => twilio.account({ accountSid, authToken: new Secret(authToken) }),
    async stop() {
      await Promise.all([simulator.close(), pubsub.close()]);
    },
  };
}
