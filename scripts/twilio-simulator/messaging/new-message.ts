import { SegmentedMessage } from "sms-segments-calculator";
import type { Faults, Subject } from "../faults/faults.ts";
import { isWhatsApp, type Message } from "../world/message.ts";
import type { World } from "../world/world.ts";

export type Draft = Pick<
  Message,
  | "accountSid"
  | "direction"
  | "to"
  | "from"
  | "body"
  | "status"
  | "messagingServiceSid"
  | "mediaUrls"
  | "contentSid"
  | "statusCallback"
> & { readonly smartEncoded?: boolean };

/** Enters a message into the world. `subject` decides which list lag befalls it. */
export function newMessage(world: World, faults: Faults, draft: Draft, subject: Subject): Message {
  const { smartEncoded = false, ...rest } = draft;
  const now = world.now();
  const message: Message = {
    ...rest,
    sid: world.sids.sid(draft.mediaUrls.length > 0 ? "MM" : "SM"),
    // Behind a Messaging Service Twilio does not know yet which sender, hence which encoding, it will be.
    numSegments: draft.messagingServiceSid !== null ? 0 : segmentsOf(draft.to, draft.body, smartEncoded),
    dateCreated: now,
    dateUpdated: now,
    dateSent: draft.direction === "inbound" ? now : null,
    listedFrom: now.getTime() + (faults.strike(["list_lag"], subject)?.ms ?? 0),
    price: null,
    errorCode: null,
  };
  world.messages.add(message);
  return message;
}

/** Segments are of SMS; everything else counts as one. */
export function segmentsOf(to: string, body: string, smartEncoded: boolean): number {
  if (isWhatsApp(to) || body === "") return 1;
  return new SegmentedMessage(body, "auto", smartEncoded).segmentsCount;
}
