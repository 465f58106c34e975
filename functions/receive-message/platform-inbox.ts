import { choiceOf } from "#shared/contacts/keywords.ts";
import type { Threads } from "#shared/contacts/threads.ts";
import type { Clock } from "#shared/core/clock.ts";
import { AppError, toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { E164, type PartyOf, withoutChannelPrefix } from "#shared/core/phone.ts";
import type { DeadLetters } from "#shared/runtime/dead-letters.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { type InboundMessage, inboundMessageSchema } from "#shared/twilio/webhook-parameters.ts";
import { isReachedAt } from "#shared/webhooks/accounts.ts";
import type { VerifyPlatformWebhook } from "#shared/webhooks/platform-accounts.ts";
import { refusal } from "#shared/webhooks/refusal.ts";
import type { VerifiedWebhook } from "#shared/webhooks/verification.ts";

export interface PlatformInboxDeps {
  readonly verifyPlatform: VerifyPlatformWebhook;
  readonly threads: Pick<Threads, "salonOf" | "block" | "unblock">;
  readonly salons: Pick<Salons, "openForMessages">;
  readonly deadLetters: DeadLetters;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Says whose message it is that came to one of the platform's own numbers; undefined, and seen to, for nobody's. */
export type PlatformInbox = (request: HttpRequest) => Promise<VerifiedWebhook | undefined>;

export function createPlatformInbox(deps: PlatformInboxDeps): PlatformInbox {
  return async (request) => {
    const webhook = await deps.verifyPlatform(request, (account, { To }) => isReachedAt(account, To));
    const received = inboundMessageSchema.safeParse(webhook.form).data;
    const number = E164.safeParse(withoutChannelPrefix(received?.to ?? "")).data;
    if (received === undefined || number === undefined) throw refusal();
    const party = deps.partyOf(withoutChannelPrefix(received.from));
    const salonId = await deps.threads.salonOf(number, party);
    if (salonId !== undefined && (await takesMessages(salonId))) return { salonId, ...webhook };
    if (!(await heed(received, number, party))) await setAside(received.messageSid);
    return undefined;
  };

  /** False for a salon that has closed, or whose data is being erased: nothing is stored for it. */
  async function takesMessages(salonId: SalonId): Promise<boolean> {
    try {
      await deps.salons.openForMessages(salonId);
      return true;
    } catch (error) {
      if (toAppError(error).retry) throw error;
      return false;
    }
  }

  /** Whether it was a STOP or START: that holds for the number, whoever it was meant for. */
  async function heed({ to, body, details }: InboundMessage, number: E164, party: string): Promise<boolean> {
    const channel = to.startsWith("whatsapp:") ? "whatsapp" : "sms";
    // Unblocking who is not blocked changes nothing for them, so a "yes" may count as it does for those who are.
    const choice = choiceOf(body, { channel, isOptedOut: true, optOutType: details.opt_out_type });
    if (choice === undefined) return false;
    const act = choice === "stop" ? deps.threads.block : deps.threads.unblock;
    await act(number, party, deps.clock.now());
    return true;
  }

  /** By its SID alone: neither its words nor who wrote them are anybody's business. */
  async function setAside(messageSid: string): Promise<void> {
    deps.logger.warn("message for nobody", { eventId: messageSid });
    const words =
      "A message came to a number of the platform's from somebody whom no open salon wrote to from there.";
    await deps.deadLetters.keep({
      id: messageSid,
      source: "twilio",
      function: "receive-message",
      error: new AppError("not-found", words),
      data: { message_sid: messageSid },
    });
  }
}
