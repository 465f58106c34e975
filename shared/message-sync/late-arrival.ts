import { plusSeconds } from "#shared/core/clock.ts";
import type { MessageId, SalonId } from "#shared/core/ids.ts";
import { withoutChannelPrefix } from "#shared/core/phone.ts";
import { hasText } from "#shared/messages/attempts.ts";
import { OutboundMessage } from "#shared/messages/message.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Message } from "#shared/twilio/messages.ts";

/** A worker's clock and Twilio's may differ by this much. */
const CLOCK_SKEW_SECONDS = 60;
/** No request to Twilio takes as long. */
const REQUEST_SECONDS = 600;
/** Whoever gets more messages from a salon is found by callbacks alone. */
const LIMIT = 100;

/**
 * The attempt of ours that a message of Twilio's list is, although it was believed absent and no callback told of it:
 * the same account, person, text and time. Undefined when there is none.
 */
export async function lateArrival(
  { firestore, run }: Database,
  { to, body, createdAt }: Message,
  { salonId, account }: { readonly salonId: SalonId; readonly account: string },
): Promise<{ readonly id: MessageId; readonly attempt: number } | undefined> {
  const theirs = firestore
    .collection("messages")
    .where("salon_id", "==", salonId)
    .where("to", "==", withoutChannelPrefix(to))
    .limit(LIMIT);
  const channel = to.startsWith("whatsapp:") ? "whatsapp" : "sms";
  const from = plusSeconds(createdAt, -REQUEST_SECONDS);
  const until = plusSeconds(createdAt, CLOCK_SKEW_SECONDS);
  for (const document of (await run(() => theirs.get())).docs) {
    const message = OutboundMessage.safeParse(document.data()).data;
    const attempt = message?.attempts.find(
      (each) =>
        each.state === "absent" &&
        each.account === account &&
        each.channel === channel &&
        each.started_at >= from &&
        each.started_at <= until &&
        hasText(message, each, body),
    );
    if (message !== undefined && attempt !== undefined) return { id: message.id, attempt: attempt.number };
  }
  return undefined;
}
