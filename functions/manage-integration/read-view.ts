import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { Progress } from "#shared/provisioning/progress.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { SalonIntegration } from "#shared/salons/integration.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type IntegrationView, publicView } from "./public-view.ts";

export type ReadView = (salonId: SalonId, role: IntegrationView["your_role"]) => Promise<IntegrationView>;

interface Deps {
  readonly database: Database;
  readonly integrations: Integrations;
  readonly vault: Vault;
  readonly urls: WebhookUrls;
  readonly clock: Clock;
}

/** Reads what the dashboard shows, past all caches: it is looked at to see what a change has brought. */
export function createReadView({ database, integrations, vault, urls, clock }: Deps): ReadView {
  return async (salonId, role) => {
    const [integration, setUp] = await Promise.all([
      integrations.get(salonId, { fresh: true }),
      readSetUp(database, salonId),
    ]);
    const sidEnding = await readSidEnding(vault, salonId, integration);
    const addresses = {
      sms: urls.sms(salonId),
      whatsapp: urls.whatsapp(salonId),
      voice: urls.voice(salonId),
      status_callback: urls.status(salonId),
    };
    return publicView({ salonId, role, integration, setUp, sidEnding, addresses, now: clock.now() });
  };
}

async function readSetUp(database: Database, salonId: SalonId): Promise<Progress | undefined> {
  const reference = database.firestore.collection("provisioning").doc(salonId);
  const snapshot = await database.run(() => reference.get());
  return snapshot.exists ? parseDocument(Progress, reference.path, snapshot.data()) : undefined;
}

/** The last 4 characters, enough to tell one's accounts apart; null where it does not open, which the vault reports. */
async function readSidEnding(
  vault: Vault,
  salonId: SalonId,
  integration: SalonIntegration | undefined,
): Promise<string | null> {
  const envelope = integration?.twilio.account_sid ?? null;
  if (envelope === null) return null;
  try {
    const accountSid = await vault.open({ salonId, kind: "account_sid", envelope });
    return accountSid.reveal().slice(-4);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
