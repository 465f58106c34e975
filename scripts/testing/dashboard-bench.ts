import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { allowOrigin } from "#functions/manage-integration/cors.ts";
import { createHandler } from "#functions/manage-integration/handler.ts";
import { createPlatformRequests } from "#functions/manage-integration/platform-requests.ts";
import { createReadView } from "#functions/manage-integration/read-view.ts";
import { createListenTo } from "#functions/manage-integration/voicemail-sound.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import { type Audit, createAudit } from "#shared/audit/audit.ts";
import { createVoicemails } from "#shared/calls/voicemails.ts";
import { type Clock, plusSeconds, systemClock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { Secret } from "#shared/core/secret.ts";
import { createAuthenticate } from "#shared/identity/authenticate.ts";
import { createAuthorize, type Role } from "#shared/identity/membership.ts";
import type { OwnAccounts } from "#shared/own-account/own-accounts.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createErasureRequests } from "#shared/salon-data/erasure-requests.ts";
import { createSalonExport } from "#shared/salon-data/export.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations, type Integrations } from "#shared/salons/integrations.ts";
import { createSalons, type Salons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls, type WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE, type Vault } from "#shared/vault/vault.ts";
import { createAuthUsers } from "./auth-users.ts";
import { readDescription } from "./described-api.ts";
import { createLogBook } from "./log-book.ts";
import { recordOperations } from "./recorded-operations.ts";
import { uniqueProjectId, uniqueSalonId } from "./test-project.ts";

export const DASHBOARD = "https://dashboard.salonflow.example";

export interface Asked {
  /** An `Authorization` header. */
  readonly as?: string | undefined;
  readonly body?: object | string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What operations on own accounts are made of. */
export interface DashboardParts {
  readonly projectId: string;
  readonly database: Database;
  readonly salons: Salons;
  readonly integrations: Integrations;
  readonly audit: Audit;
  readonly vault: Vault;
  readonly urls: WebhookUrls;
  readonly logger: Logger;
}

export interface DashboardOptions {
  readonly webhookBase?: string;
  /** A simulator; without, Twilio cannot be reached. */
  readonly twilioUrl?: string;
  /** Without, they are only recorded. */
  readonly ownAccounts?: (parts: DashboardParts) => OwnAccounts;
}

/** manage-integration over HTTP, with the Auth and Firestore emulators and KMS. */
export async function startDashboardBench(options: DashboardOptions = {}) {
  const { KMS_ENDPOINT: endpoint, KMS_KEY_NAME: keyName = "" } = process.env;
  const projectId = uniqueProjectId();
  const database = createDatabase(projectId);
  const users = createAuthUsers(projectId);
  const logs = createLogBook();
  const { logger } = logs;
  const vault = createVault({
    kms: createKms({ keyName, endpoint }),
    clock: systemClock,
    cache: VAULT_CACHE,
  });
  const salons = createSalons(database);
  const integrations = createIntegrations(database);
  const urls = createWebhookUrls(options.webhookBase ?? "https://hooks.salonflow.example");
  const { ownAccounts: recording, operations, failWith } = recordOperations();
  const audit = createAudit({ database, clock: systemClock, logger });
  const erasures = createErasureRequests({ database, audit, clock: systemClock, logger });
  const voicemails = createVoicemails(database);
  const twilio = createTwilio({ apiBaseUrl: options.twilioUrl ?? "http://127.0.0.1:9" });
  const parts = { projectId, database, salons, integrations, audit, vault, urls, logger };
  const deps = {
    authorize: createAuthorize(database, salons),
    trustedProxyHops: 0,
    ownAccounts: options.ownAccounts?.(parts) ?? recording,
    exportSalon: createSalonExport({ database, audit }),
    erasures,
    voicemails,
    listenTo: createListenTo({ voicemails, integrations, vault, twilio, clock: systemClock }),
    readView: createReadView({ database, integrations, vault, urls, clock: systemClock }),
    platform: createPlatformRequests(
      createIntegrationChanges({ database, audit, clock: systemClock, logger }),
    ),
  };
  const serve = (name: string, clock: Clock) => {
    const handler = createHandler({ ...deps, authenticate: createAuthenticate({ projectId, clock }) });
    const answer = httpFunction(handler, { name: "manage-integration", logger, maxBodyBytes: 16_384 });
    http(name, allowOrigin(DASHBOARD, answer));
    return listen(getTestServer(name), 0, name);
  };
  const now = await serve("manage-integration", systemClock);
  const later = await serve("manage-integration-later", {
    now: () => plusSeconds(systemClock.now(), 301),
  });

  const fetched = async (host: string, method: string, path: string, asked: Asked = {}) => {
    const { as, body, type = "application/json", headers = {} } = asked;
    const response = await fetch(`http://${host}${path}`, {
      method,
      headers: {
        ...(as === undefined ? {} : { authorization: as }),
        ...(body === undefined ? {} : { "content-type": type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : text,
    };
  };
  const description = readDescription((await fetched(now.host, "GET", "/v1/openapi.json")).body);
  /** Every answer is held against the description. */
  const askAt = async (host: string, method: string, path: string, asked: Asked = {}) => {
    const answer = await fetched(host, method, path, asked);
    const problem = description.problemOf(method, path, answer.status, answer.body);
    if (problem !== undefined) throw new Error(`${method} ${path} ${answer.status}: ${problem}`);
    return answer;
  };

  const addMember = async (salonId: SalonId, uid: string, role: Role) => {
    const membership = database.firestore.doc(`salons/${salonId}/members/${uid}`);
    await membership.set({ role, added_at: new Date() });
    return membership;
  };

  return {
    projectId,
    database,
    users,
    vault,
    logs,
    operations,
    failWith,
    erasures,
    description,
    ask: (method: string, path: string, asked?: Asked) => askAt(now.host, method, path, asked),
    /** An answer that is read as it comes. */
    open: (path: string, as: string) =>
      fetch(`http://${now.host}${path}`, { headers: { authorization: as } }),
    /** The same when everybody's sign-in is over five minutes old. */
    askLater: (method: string, path: string, asked?: Asked) => askAt(later.host, method, path, asked),
    async salon(document: Readonly<Record<string, unknown>> = {}): Promise<SalonId> {
      const salonId = SalonId.parse(uniqueSalonId());
      await database.firestore.doc(`salons/${salonId}`).set({ name: "Anjali's Salon", ...document });
      return salonId;
    },
    async member(salonId: SalonId, role: Role) {
      const user = await users.add();
      const membership = await addMember(salonId, user.uid, role);
      return { ...user, membership, as: await user.signIn() };
    },
    addMember,
    async person(claims: Readonly<Record<string, unknown>> = {}) {
      const user = await users.add(claims);
      return { ...user, as: await user.signIn() };
    },
    /** A credential as it is stored. */
    seal: (salonId: SalonId, kind: "account_sid" | "auth_token", value: string) =>
      vault.seal({ salonId, kind, secret: new Secret(value) }),
    async stop() {
      await Promise.all([now.close(), later.close()]);
      await database.firestore.terminate();
    },
  };
}
