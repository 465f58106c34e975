import type { SalonId } from "#shared/core/ids.ts";
import type { TwilioConfig } from "#shared/salons/integration.ts";
import { isStuck } from "#shared/salons/own-tokens.ts";
import type { Salons } from "#shared/salons/salons.ts";
import type { Change, Changes } from "./changes.ts";
import type { Connection } from "./connection.ts";
import type { ChangedBy, Drift } from "./own-accounts.ts";
import type { ProblemReason, WebhookProblem } from "./webhook-problems.ts";

export interface DriftDeps {
  readonly changes: Changes;
  readonly connection: Pick<Connection, "status" | "connect">;
  readonly salons: Pick<Salons, "isOpen">;
}

/** An address or a method was changed. */
const MENDABLE: readonly ProblemReason[] = ["not_set", "url_mismatch", "wrong_method"];
/** Somebody bound the number to it, and means it; pointing the number at us would cut that off. */
const BOUND: readonly ProblemReason[] = ["overridden_by_application", "overridden_by_trunk"];

const ELSEWHERE = "What customers write or call does not reach Salon Flow:";
const REPAIR = "If you did not mean that, open Messaging in your dashboard and repair the webhooks.";
const REASONS: Readonly<Record<ProblemReason, string>> = {
  overridden_by_application: `${ELSEWHERE} your Twilio number is bound to a TwiML app. ${REPAIR}`,
  overridden_by_trunk: `${ELSEWHERE} your Twilio number is bound to a SIP trunk. ${REPAIR}`,
  service_overrides_number: `${ELSEWHERE} a Messaging Service of your Twilio account takes the number's messages. If you did not mean that, take the number out of it, or have it defer to the sender's webhook.`,
  number_missing: `${ELSEWHERE} your Twilio account no longer has the number. Choose another one of its numbers under Messaging in your dashboard.`,
  sender_missing: `${ELSEWHERE} your WhatsApp number is no longer registered in your Twilio account. Register it there again, or remove it under Messaging in your dashboard.`,
  not_set: `${ELSEWHERE} Twilio did not keep the number's settings. ${REPAIR}`,
  url_mismatch: `${ELSEWHERE} Twilio did not keep the number's settings. ${REPAIR}`,
  wrong_method: `${ELSEWHERE} Twilio did not keep the number's settings. ${REPAIR}`,
};

/**
 * Points webhooks that lead elsewhere at us again, but not where the owner has bound the number to an application, a
 * trunk or a service, or where it is gone: that is written down and told, once. While Twilio does not take the account's
 * credentials nothing is asked. The number of a salon that is not open is its owner's to use elsewhere.
 */
export function createDriftRepair({ changes, connection, salons }: DriftDeps) {
  return async (salonId: SalonId, by: ChangedBy): Promise<Drift> => {
    const { twilio: before, health } = await changes.read(salonId);
    const isInTrouble = health.salon_own !== null || isStuck(before);
    if (!before.is_active || isInTrouble || !(await salons.isOpen(salonId))) return "configured";
    let { reasons } = await connection.status(salonId);
    const isMended = isToBeMended(before, reasons);
    if (isMended) ({ reasons } = await connection.connect(salonId, by, "webhooks_repaired"));
    const problem = reasons.find(({ reason }) => !MENDABLE.includes(reason)) ?? reasons[0];
    if (problem !== undefined) {
      await note(salonId, by, before, problem);
      return "left";
    }
    if (isMended) return "repaired";
    if (before.webhook_status !== "configured") await note(salonId, by, before, undefined);
    return "configured";
  };

  /** The status goes by what Twilio said; the owner is told when it has become an error by itself. */
  async function note(
    salonId: SalonId,
    by: ChangedBy,
    before: TwilioConfig,
    problem: WebhookProblem | undefined,
  ): Promise<void> {
    const webhook_status = problem === undefined ? "configured" : "error";
    if (before.webhook_status === webhook_status) return;
    await changes.apply(salonId, by, ({ twilio: stored }, now): Change | undefined => {
      const isSame =
        stored.account_sid?.ciphertext === before.account_sid?.ciphertext &&
        stored.phone_number_sid === before.phone_number_sid;
      if (!isSame) return undefined;
      const fields = { twilio: { ...stored, webhook_status } } as const;
      const change = { action: "status_changed", fields, recompute: "status" } as const;
      if (problem === undefined) return change;
      const facts = { reason: REASONS[problem.reason], at: now };
      return { ...change, failure: problem.reason, notice: { kind: "attention_needed", facts } };
    });
  }
}

function isToBeMended({ webhook_status }: TwilioConfig, reasons: readonly WebhookProblem[]): boolean {
  const has = (which: readonly ProblemReason[]) => reasons.some(({ reason }) => which.includes(reason));
  // Connecting that was begun and never came to an end is what the owner has asked for, whatever was there before.
  if (has(BOUND)) return webhook_status === "not_configured";
  return has(MENDABLE);
}
