import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { TroubledSource } from "#shared/salons/health.ts";
import type { Trouble } from "#shared/salons/integration.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { CheckAccount } from "./account-check.ts";
import type { Incidents } from "./incidents.ts";

/** A failure of a message that may be its account's: the class and code of Twilio's, and by what the message went. */
export interface AccountFailure {
  readonly class: Trouble["class"];
  readonly code: number | null;
  readonly channel: NonNullable<Trouble["channel"]>;
}

export interface AccountHealth {
  /**
   * Whether the salon's messages have to wait for this account now. Twilio is asked first: a failure that says nothing
   * of the account as a whole, such as a country it may not write to, is the message's alone.
   */
  report(salonId: SalonId, source: TroubledSource, failure: AccountFailure): Promise<boolean>;
  /** Looks at an account in trouble; `healed` when nothing has to wait for it any more. */
  probe(salonId: SalonId, source: TroubledSource): Promise<{ readonly healed: boolean }>;
}

export interface AccountHealthDeps {
  readonly incidents: Incidents;
  readonly integrations: Integrations;
  readonly check: CheckAccount;
  readonly logger: Logger;
}

export function createAccountHealth({
  incidents,
  integrations,
  check,
  logger,
}: AccountHealthDeps): AccountHealth {
  return {
    async report(salonId, source, { class: failureClass, code, channel }) {
      const integration = await integrations.get(salonId, { fresh: true });
      if (integration === undefined) return false;
      const trouble = { class: failureClass, channel: failureClass === "sender" ? channel : null };
      const fields = {
        salonId,
        source,
        reason: failureClass,
        ...(code === null ? {} : { twilioCode: code }),
      };
      if (await check(integration, source, trouble)) {
        logger.warn("account works, whatever a message met", fields);
        return false;
      }
      return incidents.open(salonId, source, { ...trouble, code, reason: wordsFor(source, trouble) });
    },

    async probe(salonId, source) {
      const incident = await incidents.beginProbe(salonId, source);
      if (incident === undefined) return { healed: false };
      const integration = await integrations.get(salonId, { fresh: true });
      const trouble = integration?.health[source];
      const isForgotten = integration === undefined || trouble == null || integration.erasing;
      const healed = isForgotten || (await check(integration, source, trouble));
      if (healed) await incidents.close(incident);
      logger.info("account probed", { salonId, source, outcome: healed ? "healed" : "still in trouble" });
      return { healed };
    },
  };
}

function wordsFor(source: TroubledSource, { class: is, channel }: Pick<Trouble, "class" | "channel">) {
  if (source === "platform_subaccount") {
    return "The messaging account that Salon Flow runs for the salon is out of order; Salon Flow has been told and sees to it.";
  }
  if (is === "credential") {
    return "Twilio takes neither the account SID nor the Auth Token of the salon's own account, or has suspended it; look at the account in the Twilio Console, and enter its current Auth Token.";
  }
  if (is === "account") {
    return "The salon's own Twilio account is suspended or closed; look at it in the Twilio Console.";
  }
  return channel === "whatsapp"
    ? "The salon's WhatsApp number is not registered with its own Twilio account, or not online there; look at it in the Twilio Console."
    : "The salon's phone number cannot send messages, or is no longer in its own Twilio account; look at it in the Twilio Console.";
}
