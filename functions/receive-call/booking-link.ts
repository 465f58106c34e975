import { VOICE_WORDS } from "#shared/calls/voice-words.ts";
import type { Contact } from "#shared/contacts/contact.ts";
import type { Contacts } from "#shared/contacts/contacts.ts";
import { isWindowOpen, mayReceive } from "#shared/contacts/decisions.ts";
import type { Clock } from "#shared/core/clock.ts";
import { toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { E164 } from "#shared/core/phone.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import { type Language, withSalonName } from "#shared/salons/communication-settings.ts";
import type { Salon } from "#shared/salons/salon.ts";

export interface BookingLinkDeps {
  readonly acceptance: Acceptance;
  readonly contacts: Contacts;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface BookingLinkRequest {
  readonly salonId: SalonId;
  readonly salon: Salon;
  readonly callSid: string;
  readonly to: E164;
  readonly party: string;
  readonly language: Language;
}

/**
 * Sends a caller the salon's booking link, once a call. False when there is none, or no way to send it: the caller has
 * opted out, or the salon writes by neither channel.
 */
export type SendBookingLink = (request: BookingLinkRequest) => Promise<boolean>;

export function createSendBookingLink({
  acceptance,
  contacts,
  clock,
  logger,
}: BookingLinkDeps): SendBookingLink {
  return async ({ salonId, salon, callSid, to, party, language }) => {
    const { booking_url: url } = salon.communication;
    if (url === null) return false;
    const contact = await contacts.get(salonId, party);
    const channel = channelTo(contact, salon, clock.now());
    if (channel === undefined) return false;
    const body = withSalonName(VOICE_WORDS[language].bookingLink, salon.name).replace("{url}", () => url);
    const idempotencyKey = `booking:${callSid}`;
    try {
      await acceptance.accept({ salonId, idempotencyKey, channel, to, body, purpose: "reply" });
      return true;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.retry) throw thrown;
      // A repeated step after the window closed or the salon changed its link: the first one is on its way.
      if (error.code === "conflict" && error.context.field === "Idempotency-Key") return true;
      logger.warn("booking link not sent", { salonId, error });
      return false;
    }
  };
}

/** WhatsApp to who wrote there within its window, where a free text may go; else SMS. */
function channelTo(contact: Contact, { communication }: Salon, now: Date): "sms" | "whatsapp" | undefined {
  if (!mayReceive(contact, { category: "transactional" }).ok) return undefined;
  if (communication.whatsapp_enabled && isWindowOpen(contact, now)) return "whatsapp";
  return communication.sms_enabled ? "sms" : undefined;
}
