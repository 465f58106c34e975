import { LRUCache } from "lru-cache";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import { createFloodLimit } from "./flood-limit.ts";
import { FIRST_READS } from "./limits.ts";

const HELD = 10_000;
/** A salon that has just been made works after this at the latest, whoever asked for it before. */
const UNKNOWN_SECONDS = 5;

/**
 * The integrations as anybody may have them read, who needs no more for it than an invented salon: one that there is
 * none of is not asked for again for some seconds, and salons that are new to this instance are read at a limited rate.
 * Over it the answer is `unavailable`, since one of them may be a true one: Twilio comes again.
 */
export function guardedIntegrations(integrations: Integrations, clock: Clock): Integrations {
  const known = new LRUCache<SalonId, true>({ max: HELD });
  const unknownUntil = new LRUCache<SalonId, Date>({ max: HELD });
  const mayRead = createFloodLimit(FIRST_READS, clock);

  return {
    async get(salonId, options) {
      if (!known.has(salonId)) {
        const until = unknownUntil.get(salonId);
        if (until !== undefined && clock.now() < until) return undefined;
        if (!mayRead("")) throw flood();
      }
      const integration = await integrations.get(salonId, options);
      if (integration === undefined) {
        known.delete(salonId);
        unknownUntil.set(salonId, plusSeconds(clock.now(), UNKNOWN_SECONDS));
      } else known.set(salonId, true);
      return integration;
    },
  };
}

function flood(): AppError {
  const context = { outcome: "flood-of-unknown-salons" };
  return new AppError("unavailable", "Too many webhooks of salons that are not known here.", { context });
}
