export type MessageStatus =
  | "accepted"
  | "scheduled"
  | "queued"
  | "sent"
  | "delivered"
  | "undelivered"
  | "failed"
  | "read"
  | "received"
  | "canceled";

export interface Message {
  readonly sid: string;
  readonly accountSid: string;
  readonly direction: "inbound" | "outbound-api" | "outbound-reply";
  readonly to: string;
  readonly messagingServiceSid: string | null;
  readonly mediaUrls: readonly string[];
  /** The template it was made from. */
  readonly contentSid: string | null;
  readonly statusCallback: string | null;
  readonly dateCreated: Date;
  /** Lists show it from then on; a lagging list shows it late. */
  readonly listedFrom: number;
  from: string | null;
  body: string;
  numSegments: number;
  status: MessageStatus;
  dateUpdated: Date;
  dateSent: Date | null;
  /** In 1/100,000 of a dollar, what the account pays; null until Twilio has rated it. */
  price: number | null;
  errorCode: number | null;
}

export interface Messages {
  add(message: Message): void;
  find(sid: string): Message | undefined;
  /** Newest first. */
  ofAccount(accountSid: string): Iterable<Message>;
  all(): Iterable<Message>;
  remove(message: Message): void;
  clear(): void;
}

export function createMessages(): Messages {
  const bySid = new Map<string, Message>();
  const byAccount = new Map<string, Message[]>();
  return {
    add(message) {
      bySid.set(message.sid, message);
      const siblings = byAccount.get(message.accountSid);
      if (siblings === undefined) byAccount.set(message.accountSid, [message]);
      else siblings.push(message);
    },
    find: (sid) => bySid.get(sid),
    *ofAccount(accountSid) {
      const messages = byAccount.get(accountSid) ?? [];
      for (let index = messages.length - 1; index >= 0; index -= 1) {
        const message = messages[index];
        if (message !== undefined) yield message;
      }
    },
    all: () => bySid.values(),
    remove(message) {
      bySid.delete(message.sid);
      const siblings = byAccount.get(message.accountSid) ?? [];
      siblings.splice(siblings.indexOf(message), 1);
    },
    clear() {
      bySid.clear();
      byAccount.clear();
    },
  };
}

/** The last word on a message; `sent` may become one, `delivered` may still become `read` on WhatsApp. */
export function isFinished(status: MessageStatus): boolean {
  return ["delivered", "undelivered", "failed", "read", "received", "canceled", "sent"].includes(status);
}

export function isWhatsApp(address: string): boolean {
  return address.startsWith("whatsapp:");
}

/** The number behind an address: `whatsapp:+14155550123` and `+14155550123` are the same phone. */
export function numberOf(address: string): string {
  return isWhatsApp(address) ? address.slice("whatsapp:".length) : address;
}
