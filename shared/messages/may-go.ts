import { type Sendable, sendableAt } from "#shared/salons/hours.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { OutboundMessage } from "./message.ts";

/** Opening hours and quiet hours take turns in moving a message at most so often: a fortnight's worth. */
const MOST_TURNS = 28;

/**
 * The first moment from `at` on at which a message may go by the salon's hours, and why that is later. What comes of
 * itself keeps to them; an answer, a test and what is critical do not wait. A salon may want WhatsApp only while it is
 * open, and the message's own timing holds beside that. Where the two never agree, the message's own counts.
 */
export function mayGoAt(
  salon: Pick<Salon, "hours" | "time_zone" | "communication">,
  message: Pick<OutboundMessage, "purpose" | "critical" | "channel" | "timing">,
  at: Date,
): Sendable {
  const { purpose, critical, channel, timing } = message;
  if (purpose !== "message" || critical) return { at, reason: null };
  const asked = sendableAt({ salon, timing, at });
  if (channel !== "whatsapp" || !salon.communication.whatsapp_business_hours_only) return asked;
  let sendable = asked;
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const open = sendableAt({ salon, timing: "business_hours", at: sendable.at });
    const both = sendableAt({ salon, timing, at: open.at });
    const reason = both.reason ?? open.reason ?? sendable.reason;
    if (both.at.getTime() === open.at.getTime()) return { at: both.at, reason };
    sendable = { at: both.at, reason };
  }
  return asked;
}
