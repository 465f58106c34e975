import type { ApprovalStatus } from "../world/content.ts";
import { isWhatsApp, type Message } from "../world/message.ts";
import type { World } from "../world/world.ts";

const WINDOW_MS = 24 * 3_600_000;

/** How a WhatsApp message ends whose template WhatsApp has turned down or withdrawn. */
const TROUBLE: Partial<Record<ApprovalStatus, number>> = { rejected: 63040, paused: 63041, disabled: 63042 };

/** The code with which a message fails for its template's sake, wherever the window stands. */
export function templateTrouble(world: World, message: Message): number | undefined {
  const status = approvalOf(world, message);
  return status === undefined ? undefined : TROUBLE[status];
}

/**
 * Free text over WhatsApp to a customer who has not written to this sender for a day. An approved template may always
 * go; one that is not approved is free text.
 */
export function isOutsideWindow(world: World, message: Message): boolean {
  if (!isWhatsApp(message.to) || approvalOf(world, message) === "approved") return false;
  const opened = message.dateCreated.getTime() - WINDOW_MS;
  for (const earlier of world.messages.ofAccount(message.accountSid)) {
    if (earlier.dateCreated.getTime() < opened) break;
    const fromCustomer =
      earlier.direction === "inbound" && earlier.from === message.to && earlier.to === message.from;
    if (fromCustomer) return false;
  }
  return true;
}

/** Undefined for what is no WhatsApp template. */
function approvalOf({ contents }: World, { to, contentSid }: Message): ApprovalStatus | undefined {
  if (!isWhatsApp(to) || contentSid === null) return undefined;
  return contents.find(contentSid)?.approval.status;
}
