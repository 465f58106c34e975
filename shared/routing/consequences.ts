import type { Contacts } from "#shared/contacts/contacts.ts";
import type { Threads } from "#shared/contacts/threads.ts";
import { E164 } from "#shared/core/phone.ts";
import type { AccountHealth } from "#shared/health/account-health.ts";
import { isTroubleOfSalon } from "#shared/messages/account-trouble.ts";
import type { Attempt, OutboundMessage } from "#shared/messages/message.ts";
import { Trouble } from "#shared/salons/integration.ts";
import { type FailureClass, policyOf } from "#shared/twilio/failure-classes.ts";

export interface ConsequencesDeps {
  readonly contacts: Pick<Contacts, "optOut">;
  readonly threads: Pick<Threads, "block">;
  readonly health: Pick<AccountHealth, "report">;
}

/**
 * What a failure that Twilio names says beyond its message: the recipient wants no more, or the account is in trouble;
 * gives whether the salon's messages have to wait for the account. Repeating it changes nothing.
 */
export type DrawConsequences = (
  message: OutboundMessage,
  attempt: Attempt,
  failure: { readonly class: FailureClass; readonly code: number | undefined },
) => Promise<{ readonly inTrouble: boolean }>;

export function createConsequences({ contacts, threads, health }: ConsequencesDeps): DrawConsequences {
  return async (message, attempt, { class: failureClass, code }) => {
    const { salon_id: salonId, party } = message;
    const { source, channel, sender } = attempt;
    const at = message.updated_at;
    const { suppress } = policyOf(failureClass);
    if (suppress && source === "platform_default") await threads.block(E164.parse(sender), party, at);
    if (suppress && source !== "platform_default") {
      const evidence = String(code);
      await contacts.optOut(salonId, party, { at, by: "twilio", channel: message.channel, evidence });
    }
    const trouble = Trouble.shape.class.safeParse(failureClass).data;
    if (trouble === undefined || channel === "email" || !isTroubleOfSalon(message, source, code))
      return { inTrouble: false };
    return {
      inTrouble: await health.report(salonId, source, { class: trouble, code: code ?? null, channel }),
    };
  };
}
