import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { createAdmission } from "#functions/send-message/admission.ts";
import { createHandler, maxBodyBytes } from "#functions/send-message/handler.ts";
import { LOCAL_AUDIENCE, localCallerToken } from "#scripts/local-stack/caller-token.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import { createCallAcceptance } from "#shared/calls/call-acceptance.ts";
import { createOutboundCalls } from "#shared/calls/outbound-call-store.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createAuthenticateCaller } from "#shared/identity/caller.ts";
import { createCallerPolicies } from "#shared/identity/caller-policies.ts";
import { createRateLimit } from "#shared/pacing/rate-limit.ts";
import { createThrottle } from "#shared/pacing/throttle.ts";
import type { Limits } from "#shared/pacing/token-bucket.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { readDescription } from "./described-api.ts";
import { type MessagingBench, startMessagingBench } from "./messaging-bench.ts";
import { uniqueSalonId } from "./test-project.ts";

/** A service that may send anything for every salon. */
export const SERVICE = "booking@salon-flow.iam.gserviceaccount.com";

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  /** The header Idempotency-Key; one of its own unless told otherwise. */
  readonly key?: string | undefined;
  readonly type?: string | undefined;
  readonly authorization?: string | undefined;
  /** As it is sent; an object as JSON. */
  readonly body?: object | string;
}

export interface SendMessageBench extends MessagingBench {
  /** Where it listens. */
  readonly host: string;
  readonly lines: readonly string[];
  /** Asks it as `SERVICE`; the answer to what is described is as described, or this throws. */
  ask(sent: Sent): ReturnType<typeof ask>;
  allow(email: string, policy: object): Promise<void>;
  /** All that a request may leave behind: documents of each kind, and what was published. */
  traces(): Promise<Readonly<Record<string, number>>>;
}

const UNLIMITED: Limits = { perMinute: 1_000_000, burst: 1_000_000 };
const STORED = ["messages", "contacts", "contact_choices", "pacing", "salon_integrations", "salons"];

/** A messaging bench with send-message in front of it, over HTTP. */
export async function startSendMessageBench({ limits = UNLIMITED } = {}): Promise<SendMessageBench> {
  const bench = await startMessagingBench();
  const { database, clock, messages, acceptance, contacts, publisher, partyOf } = bench;
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => lines.push(line) });
  const salons = createSalons(database);
  const policies = createCallerPolicies(database);
  const calls = createOutboundCalls(database, clock);
  const throttle = createThrottle(createRateLimit({ database, clock, logger, limits }));
  const handler = createHandler({
    authenticate: createAuthenticateCaller({
      CALLER_TOKENS: "local",
      SEND_MESSAGE_AUDIENCE: LOCAL_AUDIENCE,
      FIRESTORE_EMULATOR_HOST: process.env.FIRESTORE_EMULATOR_HOST,
    }),
    admission: createAdmission({ policies, salons, throttle, messages }),
    policies,
    calls,
    callAcceptance: createCallAcceptance({ salons, calls, publisher, partyOf, clock, logger }),
    acceptance,
    integrations: createIntegrations(database),
    bulkAcceptance: bench.bulkAcceptance,
    messages,
    contacts,
    publisher,
    partyOf,
    clock,
    logger,
  });
  http("send-message", httpFunction(handler, { name: "send-message", logger, maxBodyBytes }));
  const server = await listen(getTestServer("send-message"), 0, "send-message");
  const allow: SendMessageBench["allow"] = async (email, policy) => {
    await database.firestore.doc(`callers/${email}`).set(policy);
  };
  await allow(SERVICE, { salons: "*", may_send_critical: true });
  const { problemOf } = readDescription(
    (await ask(server.host, { method: "GET", path: "/v1/openapi.json" })).body,
  );

  return {
    ...bench,
    host: server.host,
    lines,
    allow,
    async ask(sent) {
      const answer = await ask(server.host, sent);
      const { method = "POST", path = "/v1/messages" } = sent;
      const problem = problemOf(method, path, answer.status, answer.body);
      if (problem !== undefined)
        throw new Error(`${method} ${path} is not answered as described: ${problem}`);
      return answer;
    },
    async traces() {
      const counts = await Promise.all(
        STORED.map(async (name) => [
          name,
          (await database.firestore.collection(name).count().get()).data().count,
        ]),
      );
      return { ...Object.fromEntries(counts), published: publisher.published.length };
    },
    async stop() {
      await server.close();
      await bench.stop();
    },
  };
}

async function ask(host: string, { method = "POST", path = "/v1/messages", body, ...sent }: Sent) {
  const headers = {
    key: uniqueSalonId(),
    type: "application/json",
    authorization: localCallerToken(SERVICE),
    ...sent,
  };
  const named = [
    ["content-type", headers.type],
    ["idempotency-key", headers.key],
    ["authorization", headers.authorization],
  ].filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(`http://${host}${path}`, {
    method,
    headers: Object.fromEntries(named),
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return {
    status: response.status,
    body: isJson && text !== "" ? JSON.parse(text) : text,
    retryAfter: response.headers.get("retry-after"),
  };
}
