import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { PubSub } from "@google-cloud/pubsub";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { z } from "zod";
import { listenTo } from "#scripts/demo/topic-listener.ts";
import { startGateway } from "#scripts/local-stack/gateway.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import { startSecretManagerServer } from "#scripts/local-stack/secret-manager-server.ts";
import { createAddressList } from "#shared/core/address-list.ts";
import { type Clock, systemClock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { type Handler, httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher, type TopicName } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createAdmission } from "#shared/webhooks/admission.ts";
import { MAX_WEBHOOK_BYTES, WEBHOOK_POLICIES, type WebhookFunction } from "#shared/webhooks/limits.ts";
import { createPlatformVerification, orOfPlatform } from "#shared/webhooks/platform-accounts.ts";
import { createVerification } from "#shared/webhooks/verification.ts";
import { announceChanges } from "./announced-changes.ts";
import { createLogBook } from "./log-book.ts";
import { recordPublisher } from "./recording-publisher.ts";
import { startSimulatedTwilio } from "./simulated-twilio.ts";
import { uniqueProjectId, uniqueSalonId } from "./test-project.ts";

const TOPICS: readonly TopicName[] = [
  "outbound",
  "outbound-critical",
  "inbound-messages",
  "message-events",
  "call-events",
];
/** What stands in for salons, of each of the platform's two parents. */
export const PLATFORM_NUMBERS = { default: "+14155559801", second: "+14155559802" } as const;
const FIREBASE = new URL("../../firebase.json", import.meta.url);
const PUBLIC_FOLDER = fileURLToPath(new URL("../../public", import.meta.url));
const Hosting = z.object({ hosting: z.object({ rewrites: z.unknown() }) });

/** A salon whose subaccount and number the simulated Twilio has. */
export interface BenchSalon {
  readonly salonId: SalonId;
  readonly number: string;
  readonly accountSid: string;
  readonly authToken: string;
}

export interface SignedPost {
  /** Signs; nothing does when left out. */
  readonly token?: string;
  readonly form: Record<string, string> | [string, string][];
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

export interface WebhookBenchOptions {
  readonly allowedCidrs?: readonly string[];
  /** The real time when left out. */
  readonly clock?: Clock;
}

/**
 * The webhooks as they are in production, but for Google: Hosting's rewrites, functions-framework, the Firestore and
 * Pub/Sub emulators, Cloud KMS and Twilio as local servers.
 */
export async function startWebhookBench({ allowedCidrs, clock = systemClock }: WebhookBenchOptions = {}) {
  const projectId = uniqueProjectId();
  const { KMS_KEY_NAME: keyName = "", KMS_ENDPOINT: endpoint } = process.env;
  const twilio = await startSimulatedTwilio();
  const pubsub = new PubSub({ projectId });
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
  const inboundMessages = await listenTo(pubsub, "inbound-messages");
  const messageEvents = await listenTo(pubsub, "message-events");
  const targets: Record<string, string> = {};
  const { rewrites } = Hosting.parse(JSON.parse(readFileSync(FIREBASE, "utf8"))).hosting;
  const gateway = await startGateway({ rewrites, targets, publicFolder: PUBLIC_FOLDER });
  const servers: { close(): Promise<void> }[] = [];

  const logs = createLogBook();
  const database = createDatabase(projectId);
  const vault = createVault({ kms: createKms({ keyName, endpoint }), clock, cache: VAULT_CACHE });
  const urls = createWebhookUrls(gateway.url);
  const partyOf = createPartyOf(new Secret("a key for tests, of no value elsewhere"));
  const integrations = createIntegrations(database);
  const publisher = recordPublisher(createPublisher(projectId));
  const second = await twilio.addAccount();
  const secretManager = await startSecretManagerServer({
    projectId,
    secrets: {
      "twilio-account-sid": twilio.main.accountSid,
      "twilio-auth-token": twilio.main.authToken,
      "twilio-phone-number": PLATFORM_NUMBERS.default,
      "twilio-account-sid-second": second.sid,
      "twilio-auth-token-second": second.auth_token,
      "twilio-phone-number-second": PLATFORM_NUMBERS.second,
    },
  });
  const secrets = createSecrets({ projectId, endpoint: secretManager.endpoint });
  const defaultSenders = createDefaultSenders(secrets, ["default", "second"], logs.logger);
  const admissionOf = (name: WebhookFunction) =>
    createAdmission({
      urls,
      policy: WEBHOOK_POLICIES[name],
      clock,
      allowedFrom: allowedCidrs === undefined ? undefined : createAddressList(allowedCidrs),
      trustedProxyHops: 0,
    });
  /** As the function of this name verifies, with limits that nobody has used yet. */
  const verifiersOf = (name: WebhookFunction) => {
    const admission = admissionOf(name);
    const verify = createVerification({
      database,
      integrations,
      vault,
      admission,
      clock,
      logger: logs.logger,
    });
    const verifyPlatform = createPlatformVerification({ defaultSenders, admission, clock });
    return { verify, verifyPlatform, verifyMessageStatus: orOfPlatform(verify, verifyPlatform) };
  };
  const api = createTwilio({ apiBaseUrl: twilio.url, timeoutMs: 5_000 });
  const announcing = await announceChanges({
    projectId,
    database,
    partyOf,
    vault,
    twilio: api,
    clock,
    logger: logs.logger,
  });
  const runtime = {
    projectId,
    clock,
    logger: logs.logger,
    database,
    salons: createSalons(database),
    urls,
    partyOf,
    publisher,
  };

  const seal = (salonId: string, kind: "account_sid" | "auth_token", value: string) =>
    vault.seal({ salonId, kind, secret: new Secret(value) });

  async function credentials(salonId: string, accountSid: string, authToken: string) {
    const [account_sid, auth_token] = await Promise.all([
      seal(salonId, "account_sid", accountSid),
      seal(salonId, "auth_token", authToken),
    ]);
    return { account_sid, auth_token };
  }

  return {
    ...runtime,
    ...verifiersOf("receive-status"),
    admissionOf,
    verifiersOf,
    integrations,
    twilio,
    /** Twilio as our code uses it. */
    api,
    /** Another parent account of the platform's, beside `twilio.main`. */
    second,
    defaultSenders,
    secretManager,
    vault,
    gateway,
    logs,
    inboundMessages,
    messageEvents,
    announcing: announcing.publisher,
    credentials,

    /** Runs a handler under functions-framework, where the gateway finds it by its name; gives where it is itself. */
    async serve(name: string, handler: Handler): Promise<string> {
      http(name, httpFunction(handler, { name, logger: logs.logger, maxBodyBytes: MAX_WEBHOOK_BYTES }));
      const server: Server = getTestServer(name);
      const listening = await listen(server, 0, name);
      servers.push(listening);
      targets[name] = `http://${listening.host}`;
      return listening.host;
    },

    /** An open salon that the platform has set up; `number` is pointed at the gateway. */
    async addSalon(number: string, document: Record<string, unknown> = {}): Promise<BenchSalon> {
      const salonId = SalonId.parse(uniqueSalonId());
      const api = createTwilio({ apiBaseUrl: twilio.url });
      const parent = { accountSid: twilio.main.accountSid, authToken: new Secret(twilio.main.authToken) };
      const { sid: accountSid, authToken } = await api.account(parent).createSubaccount(salonId);
      if (authToken === undefined) throw new Error("The simulator told no token.");
      const { sid } = await twilio.giveNumber(accountSid, number);
      await api.account({ accountSid, authToken }).configureNumber(sid, urls.ofNumber(salonId));
      const token = authToken.reveal();
      await database.firestore
        .doc(`salons/${salonId}`)
        .set({ name: "Anjali's Salon", status: "open", time_zone: "Asia/Kolkata", ...document });
      const platform = {
        ...(await credentials(salonId, accountSid, token)),
        parent: "default",
        phone_number: number,
        is_active: true,
        webhook_status: "configured",
      };
      await this.setIntegration(salonId, { platform });
      return { salonId, number, accountSid, authToken: token };
    },

    async setIntegration(salonId: string, integration: Record<string, unknown>): Promise<void> {
      const document = SalonIntegration.parse({ salon_id: salonId, ...integration });
      await database.firestore.doc(`salon_integrations/${salonId}`).set(document);
    },

    /** POSTs a form to a webhook's path and query, signed by Twilio's own library. */
    post(path: string, { token, form, headers = {}, method = "POST" }: SignedPost): Promise<Response> {
      const url = `${gateway.url}${path}`;
      const body = new URLSearchParams(form);
      const signature =
        token === undefined ? undefined : getExpectedTwilioSignature(token, url, grouped(body));
      const signed = signature === undefined ? {} : { "x-twilio-signature": signature };
      const content = { "content-type": "application/x-www-form-urlencoded; charset=UTF-8" };
      const sent = method === "POST" || method === "PUT" ? { body: body.toString() } : {};
      return fetch(url, { method, headers: { ...content, ...signed, ...headers }, ...sent });
    },

    /** Sends a webhook whose parameters are in the query, or are a JSON object, as Twilio signs those. */
    async send(kind: "query" | "json", path: string, { token, form, headers = {} }: SignedPost) {
      const parameters = new URLSearchParams(form);
      const body = kind === "json" ? JSON.stringify(Object.fromEntries(parameters)) : undefined;
      const digest = createHash("sha256")
        .update(body ?? "")
        .digest("hex");
      const url = `${gateway.url}${path}?${kind === "json" ? `bodySHA256=${digest}` : parameters}`;
      const signature = token === undefined ? undefined : getExpectedTwilioSignature(token, url, {});
      const signed = signature === undefined ? {} : { "x-twilio-signature": signature };
      const content = kind === "json" ? { "content-type": "application/json" } : {};
      const method = kind === "json" ? "POST" : "GET";
      return fetch(url, {
        method,
        headers: { ...content, ...signed, ...headers },
        ...(body === undefined ? {} : { body }),
      });
    },

    documents: async (collection: string, salonId: string) => {
      const query = database.firestore.collection(collection).where("salon_id", "==", salonId);
      return (await query.get()).docs.map((document) => document.data());
    },

    async stop(): Promise<void> {
      await announcing.stop();
      await Promise.all([...servers, inboundMessages, messageEvents].map((part) => part.close()));
      await secretManager.stop();
      await Promise.all([gateway.stop(), twilio.stop(), pubsub.close(), database.firestore.terminate()]);
    },
  };
}

export type WebhookBench = Awaited<ReturnType<typeof startWebhookBench>>;

/** As the library wants them: repeated names as a list, and no prototype for a name such as `__proto__`. */
function grouped(body: URLSearchParams): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = Object.create(null);
  for (const name of new Set(body.keys())) {
    const values = body.getAll(name);
    parameters[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return parameters;
}
