import type { SalonId } from "#shared/core/ids.ts";
import type { ChangedBy } from "#shared/own-account/own-accounts.ts";
import type { IntegrationChanges } from "#shared/salons/integration-changes.ts";

export interface PlatformRequests {
  /**
   * Asks for messaging through the platform; provision-salon does the rest. Asking again after a set-up has failed
   * starts it again, and asking for what is there already changes nothing.
   */
  request(salonId: SalonId, by: ChangedBy): Promise<void>;
}

export function createPlatformRequests(changes: IntegrationChanges): PlatformRequests {
  return {
    async request(salonId, by) {
      await changes.apply(salonId, by, ({ requested, platform }, now) => {
        if (requested?.messaging === "platform" && platform?.is_active === true) return undefined;
        const asked = { messaging: "platform", by: by.actor.id ?? by.actor.kind, at: now } as const;
        return { action: "platform_enabled", fields: { requested: asked } };
      });
    },
  };
}
