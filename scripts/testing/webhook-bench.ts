import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { PubSub } from "@google-cloud/pubsub";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { z } from "zod";
import { listenTo } from "#scripts/demo/topic-listener.ts";
import { startGateway } from "#scripts/local-stack/gateway.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import { systemClock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { type Handler, httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher, type TopicName } from "#shared/runtime/publisher.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";
import { createVerification } from "#shared/webhooks/verification.ts";
import { createLogBook } from "./log-book.ts";
import { recordPublisher } from "./recording-publisher.ts";
import { startSimulatedTwilio } from "./simulated-twilio.ts";
import { uniqueProjectId, uniqueSalonId } from "./test-project.ts";

const TOPICS: readonly TopicName[] = ["outbound", "outbound-critical", "inbound-messages", "message-events"];
const FIREBASE = new URL("../../firebase.json", import.meta.url);
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

/**
 * The webhooks as they are in production, but for Google: Hosting's rewrites, functions-framework, the Firestore and
 * Pub/Sub emulators, Cloud KMS and Twilio as local servers.
 */
export async function startWebhookBench() {
  const projectId = uniqueProjectId();
  const { KMS_KEY_NAME: keyName = "", KMS_ENDPOINT: endpoint } = process.env;
  const twilio = await startSimulatedTwilio();
  const pubsub = new PubSub({ projectId });
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
  const inboundMessages = await listenTo(pubsub, "inbound-messages");
  const messageEvents = await listenTo(pubsub, "message-events");
  const targets: Record<string, string> = {};
  const { rewrites } = Hosting.parse(JSON.parse(readFileSync(FIREBASE, "utf8"))).hosting;
  const gateway = await startGateway({ rewrites, targets });
  const servers: { close(): Promise<void> }[] = [];

  const clock = systemClock;
  const logs = createLogBook();
  const database = createDatabase(projectId);
  const vault = createVault({ kms: createKms({ keyName, endpoint }), clock, cache: VAULT_CACHE });
  const urls = createWebhookUrls(gateway.url);
  const partyOf = createPartyOf(new Secret("a key for tests, of no value elsewhere"));
  const integrations = createIntegrations(database);
  const publisher = recordPublisher(createPublisher(projectId));
  const runtime = {
    projectId,
    clock,
    logger: logs.logger,
    database,
    salons: createSalons(database),
    urls,
    partyOf,
    verify: createVerification({ integrations, vault, urls, clock }),
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
    twilio,
    vault,
    gateway,
    logs,
    inboundMessages,
    messageEvents,
    credentials,

    /** Runs a handler under functions-framework, where the gateway finds it by its name. */
    async serve(name: string, handler: Handler): Promise<void> {
      http(name, httpFunction(handler, { name, logger: logs.logger, maxBodyBytes: MAX_WEBHOOK_BYTES }));
      const server: Server = getTestServer(name);
      const listening = await listen(server, 0, name);
      servers.push(listening);
      targets[name] = `http://${listening.host}`;
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

    documents: async (collection: string, salonId: string) => {
      const query = database.firestore.collection(collection).where("salon_id", "==", salonId);
      return (await query.get()).docs.map((document) => document.data());
    },

    async stop(): Promise<void> {
      await Promise.all([...servers, inboundMessages, messageEvents].map((part) => part.close()));
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
