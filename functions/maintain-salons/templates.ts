import { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import { accountFingerprint, type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { SANDBOX_NUMBER } from "#shared/own-account/validation.ts";
import type { Database } from "#shared/runtime/database.ts";
import { isCredentialFailure, openCredentials, type SealedCredentials } from "#shared/salons/credentials.ts";
import { PlatformConfig, type SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import { sendingTokens } from "#shared/salons/own-tokens.ts";
import type { SyncedTemplates, SyncTemplates } from "#shared/templates/sync.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { createSpacing } from "./spacing.ts";

export interface TemplateDutyDeps {
  readonly database: Database;
  readonly integrations: Pick<Integrations, "get">;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly syncTemplates: SyncTemplates;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What `usesWhatsApp` reads of an integration, for `select`. */
export const TEMPLATE_FIELDS = [
  "requested.messaging",
  "twilio.is_active",
  "twilio.whatsapp_number",
  "platform.is_active",
  "platform.whatsapp_number",
] as const;

const Senders = z.object({
  requested: z.object({ messaging: z.string() }).nullish(),
  twilio: TwilioConfig.pick({ is_active: true, whatsapp_number: true }).nullish(),
  platform: PlatformConfig.pick({ is_active: true, whatsapp_number: true }).nullish(),
});

/** While WhatsApp has still to decide, each hourly pass looks. */
const WAITING_SECONDS = 30 * 60;

/**
 * Brings the templates of the account that a salon sends WhatsApp by up to date: once a day, and hourly while WhatsApp
 * has still to decide. True when it asked Twilio now. Throws what Twilio answered when that was trouble.
 */
export function createTemplateDuty(deps: TemplateDutyDeps): (salonId: SalonId) => Promise<boolean> {
  const { database, integrations, vault, twilio, syncTemplates, clock, logger } = deps;
  const spacing = createSpacing(database, clock, "template_syncs");

  return async (salonId) => {
    const integration = await integrations.get(salonId, { fresh: true });
    const [first, ...spare] = integration === undefined ? [] : whatsAppAccountOf(integration);
    if (first === undefined) return false;
    if (!(await spacing.claim(idOf(first)))) return false;
    const synced = await syncWith(salonId, [first, ...spare]);
    await spacing.rest(idOf(first), synced.waiting > 0 ? WAITING_SECONDS : undefined);
    const { created, submitted, refused } = synced;
    if (created + submitted > 0) {
      logger.info("templates submitted to WhatsApp", { salonId, count: submitted });
    }
    if (refused > 0) logger.warn("WhatsApp refuses some templates", { salonId, count: refused });
    return true;
  };

  /** A token that is about to become current counts at once; the one before it is there in case that it does not yet. */
  async function syncWith(salonId: SalonId, tokens: readonly SealedCredentials[]): Promise<SyncedTemplates> {
    const [first, ...others] = tokens;
    if (first === undefined) throw new Error("There is no account to sync with.");
    const { accountSid, authToken } = await openCredentials(vault, salonId, first);
    try {
      return await syncTemplates(twilio.account({ accountSid, authToken }), accountFingerprint(accountSid));
    } catch (error) {
      if (others.length === 0 || !isCredentialFailure(error)) throw error;
      return syncWith(salonId, others);
    }
  }
}

/** `template_syncs/{hash of the sealed account SID}`: without opening a credential it tells that there is nothing to do. */
function idOf({ account_sid }: SealedCredentials): string {
  return sha256Hex("sealed-account", account_sid.ciphertext).slice(0, 32);
}

/** Whether a salon sends WhatsApp by a number of its own. Throws where the document is malformed. */
export function usesWhatsApp(data: unknown): boolean {
  return sourceOf(data) !== undefined;
}

/** The credentials of that account, the likeliest first. */
function whatsAppAccountOf(integration: SalonIntegration): SealedCredentials[] {
  const source = sourceOf(integration);
  if (source === "own") return sendingTokens(integration.twilio);
  return source === "platform" && integration.platform !== null ? [integration.platform] : [];
}

function sourceOf(data: unknown): "own" | "platform" | undefined {
  const { requested, twilio, platform } = Senders.parse(data);
  if (requested?.messaging === "off") return undefined;
  if (twilio?.is_active) return isOwnNumber(twilio.whatsapp_number) ? "own" : undefined;
  return platform?.is_active && isOwnNumber(platform.whatsapp_number) ? "platform" : undefined;
}

/** The sandbox is everybody's and takes no templates of ours. */
function isOwnNumber(number: string | null): boolean {
  return number !== null && number !== SANDBOX_NUMBER;
}
