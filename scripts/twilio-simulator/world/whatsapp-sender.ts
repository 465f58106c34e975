import type { Random } from "../random.ts";

/** One number that Twilio shares between all accounts for trying WhatsApp. */
export const SANDBOX_ADDRESS = "whatsapp:+14155238886";

/** Where WhatsApp traffic is reported; a phone number's `sms_url` never hears of it. */
export interface SenderWebhook {
  callbackUrl: string | null;
  callbackMethod: "POST" | "PUT";
  fallbackUrl: string | null;
  fallbackMethod: "POST" | "PUT";
  statusCallbackUrl: string | null;
  statusCallbackMethod: string;
}

export interface WhatsAppSender {
  readonly sid: string;
  readonly accountSid: string;
  /** `whatsapp:+E164` */
  readonly address: string;
  status: "CREATING" | "ONLINE" | "OFFLINE";
  configuration: Record<string, unknown>;
  profile: Record<string, unknown>;
  webhook: SenderWebhook;
}

export interface WhatsAppSenders {
  add(wanted: Omit<WhatsAppSender, "sid">): WhatsAppSender;
  find(sid: string): WhatsAppSender | undefined;
  /** The sender of an address; the sandbox has one for each account that uses it. */
  at(address: string, accountSid?: string): WhatsAppSender | undefined;
  ofAccount(accountSid: string): readonly WhatsAppSender[];
  all(): readonly WhatsAppSender[];
  remove(sender: WhatsAppSender): void;
  clear(): void;
}

export const noWebhook: SenderWebhook = {
  callbackUrl: null,
  callbackMethod: "POST",
  fallbackUrl: null,
  fallbackMethod: "POST",
  statusCallbackUrl: null,
  statusCallbackMethod: "POST",
};

export function createWhatsAppSenders(random: Random): WhatsAppSenders {
  const senders = new Map<string, WhatsAppSender>();
  return {
    add(wanted) {
      const sender = { ...wanted, sid: random.sid("XE") };
      senders.set(sender.sid, sender);
      return sender;
    },
    find: (sid) => senders.get(sid),
    at: (address, accountSid) =>
      [...senders.values()].find(
        (sender) =>
          sender.address === address && (accountSid === undefined || sender.accountSid === accountSid),
      ),
    ofAccount: (accountSid) => [...senders.values()].filter((sender) => sender.accountSid === accountSid),
    all: () => [...senders.values()],
    remove: (sender) => void senders.delete(sender.sid),
    clear: () => senders.clear(),
  };
}
