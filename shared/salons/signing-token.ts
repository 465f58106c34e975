import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { SalonIntegration, type TwilioConfig } from "./integration.ts";
import type { Integrations } from "./integrations.ts";
import { awaitsPromotion, isSameEnvelope } from "./own-tokens.ts";

export interface SigningTokenDeps {
  readonly database: Database;
  readonly integrations: Integrations;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Takes note that a webhook was signed with the current token of `seen`. Never throws, and waits only the first time. */
export type NoteSigning = (salonId: SalonId, seen: TwilioConfig) => Promise<void>;

/**
 * Writes `twilio.token_signs_since` once, and nothing else: no revision and no audit entry, since nobody has changed
 * anything and whoever is changing something meanwhile is not to be refused for it.
 */
export function createNoteSigning({ database, integrations, clock, logger }: SigningTokenDeps): NoteSigning {
  return async (salonId, seen) => {
    if (!awaitsPromotion(seen)) return;
    try {
      await database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("salon_integrations").doc(salonId);
        const snapshot = await transaction.get(reference);
        if (!snapshot.exists) return;
        const { twilio } = parseDocument(SalonIntegration, reference.path, snapshot.data());
        // The token may have been replaced since it was read; then its signature says nothing of the one there is now.
        if (!awaitsPromotion(twilio) || !isSameEnvelope(twilio.auth_token, seen.auth_token)) return;
        transaction.merge(reference, { "twilio.token_signs_since": clock.now() });
      });
      // So that the next webhook of this instance finds it written.
      await integrations.get(salonId, { fresh: true });
    } catch (error) {
      logger.warn("signing token not noted", { salonId, error });
    }
  };
}
