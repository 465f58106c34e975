import { createAudit } from "#shared/audit/audit.ts";
import type { Clock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createOwnAccounts } from "#shared/own-account/create-own-accounts.ts";
import type { ChangedBy } from "#shared/own-account/own-accounts.ts";
import type { OwnAccount } from "#shared/own-account/validation.ts";
import { rotationReminder } from "#shared/reminders/rotation.ts";
import { createDelivery } from "#shared/routing/delivery.ts";
import { createTestMessage } from "#shared/routing/test-message.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio, type Twilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createAdmission } from "#shared/webhooks/admission.ts";
import { WEBHOOK_POLICIES } from "#shared/webhooks/limits.ts";
import { createVerification } from "#shared/webhooks/verification.ts";
import { deliveryParts } from "./delivery-parts.ts";
import { uniqueSalonId } from "./test-project.ts";
import { startWebhookBench } from "./webhook-bench.ts";

/** Told of everything that was done at Twilio or stored, as it is done; never to answer is to crash there. */
export type After = (effect: string) => Promise<void>;

/** A salon and the Twilio account that its owner has. */
export interface OwnSalon {
  readonly salonId: SalonId;
  readonly owner: E164;
  readonly accountSid: string;
  readonly authToken: string;
  readonly number: E164;
  readonly numberSid: string;
}

export const ANJALI: ChangedBy = {
  actor: { kind: "member", id: "anjali" },
  origin: { ip: "203.0.113.7", userAgent: "a browser" },
};

/** The webhooks' bench with what changes a salon's own account, as many instances of it as wanted. */
export async function startOwnAccountBench() {
  const bench = await startWebhookBench();
  const { KMS_KEY_NAME: keyName = "", KMS_ENDPOINT: endpoint } = process.env;
  const kms = createKms({ keyName, endpoint });
  const { twilio, database, urls, partyOf, publisher, logs } = bench;
  const { logger } = logs;
  const retry = createRetry({ random: () => 0 });
  const api = createTwilio({ apiBaseUrl: twilio.url, timeoutMs: 2_000, retry });
  // The platform's own numbers stand in for nobody here.
  const secrets = createSecrets({ projectId: bench.projectId, endpoint: "127.0.0.1:9" });
  let serial = 2_000;
  const phone = () => E164.parse(`+1415555${serial++}`);

  return {
    ...bench,
    phone,
    /** Twilio as the owner of an account uses it, past us. */
    at: (accountSid: string, token: string) => api.account({ accountSid, authToken: new Secret(token) }),

    async addOwnSalon(document: Record<string, unknown> = {}): Promise<OwnSalon> {
      const salonId = SalonId.parse(uniqueSalonId());
      const { sid: accountSid, auth_token: authToken } = await twilio.addAccount();
      const [owner, number] = [phone(), phone()];
      const { sid: numberSid } = await twilio.giveNumber(accountSid, number);
      const salon = { name: "Anjali's Salon", status: "open", owner: { phone: owner }, ...document };
      await database.firestore.doc(`salons/${salonId}`).set(salon);
      return { salonId, owner, accountSid, authToken, number, numberSid };
    },
    entered: ({ accountSid, authToken, number }: OwnSalon): OwnAccount => ({
      accountSid,
      authToken: new Secret(authToken),
      phoneNumber: number,
      mode: "production",
    }),

    /** An instance, with caches of its own. */
    instance({ clock = bench.clock, after }: { clock?: Clock; after?: After } = {}) {
      const watchedApi: Twilio =
        after === undefined ? api : { account: (given) => watched("twilio", api.account(given), after) };
      const watchedDatabase: Database = after === undefined ? database : watched("database", database, after);
      const salons = createSalons(database);
      const integrations = createIntegrations(database);
      const vault = createVault({ kms, clock, cache: VAULT_CACHE });
      const messages = createOutboundMessages(database, clock);
      const acceptance = createAcceptance({ salons, messages, publisher, partyOf, clock, logger });
      const pace = { random: () => 0.5, leaseSeconds: 60, recheckSeconds: 120 };
      const audit = createAudit({ database: watchedDatabase, clock, logger });
      const changes = createIntegrationChanges({ database, audit, clock, logger });
      const parts = {
        messages,
        salons,
        integrations,
        vault,
        urls,
        ...deliveryParts({ database, changes, partyOf, secrets, vault, twilio: api, clock, logger }),
        clock,
        logger,
      };
      const delivery = createDelivery({ ...parts, ...pace, twilio: api });
      const ownAccounts = createOwnAccounts({
        database: watchedDatabase,
        integrations,
        audit,
        rotationReminder,
        salons,
        vault,
        twilio: watchedApi,
        urls,
        sendTest: createTestMessage({ acceptance, delivery, logger }),
        clock,
        logger,
      });
      const admission = createAdmission({
        urls,
        policy: WEBHOOK_POLICIES["receive-message"],
        clock,
        allowedFrom: undefined,
        trustedProxyHops: 0,
      });
      const verify = createVerification({ database, integrations, vault, admission, clock, logger });
      return { ownAccounts, integrations, vault, delivery, acceptance, messages, admission, verify };
    },

    /** The integration as it stands in Firestore; fails where it is not whole. */
    async stored(salonId: SalonId): Promise<SalonIntegration> {
      const snapshot = await database.firestore.doc(`salon_integrations/${salonId}`).get();
      return SalonIntegration.parse(snapshot.data());
    },
    async tokensOf({ salonId }: OwnSalon) {
      const { twilio: own } = await this.stored(salonId);
      const open = async (envelope: typeof own.auth_token | undefined) =>
        envelope == null
          ? null
          : (await bench.vault.open({ salonId, kind: "auth_token", envelope })).reveal();
      return {
        current: await open(own.auth_token),
        next: await open(own.next_auth_token?.auth_token),
        previous: await open(own.previous?.auth_token),
      };
    },
    async auditOf(salonId: SalonId): Promise<string[]> {
      const entries = await bench.documents("integration_audit", salonId);
      return entries
        .toSorted((a, b) => a.seq - b.seq)
        .map(({ action, outcome }) => (outcome.code === undefined ? action : `${action}: ${outcome.code}`));
    },
  };
}

export type OwnAccountBench = Awaited<ReturnType<typeof startOwnAccountBench>>;

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
