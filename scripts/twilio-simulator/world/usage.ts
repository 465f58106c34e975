/**
 * The categories under which Twilio files usage, each kind within its parents. They overlap: `sms` holds all of
 * `sms-outbound`, and `totalprice` holds everything.
 */
export const KINDS = {
  "sms-inbound-longcode": ["sms", "sms-inbound", "sms-inbound-longcode"],
  "sms-outbound-longcode": ["sms", "sms-outbound", "sms-outbound-longcode"],
  "mms-inbound-longcode": ["mms", "mms-inbound", "mms-inbound-longcode"],
  "mms-outbound-longcode": ["mms", "mms-outbound", "mms-outbound-longcode"],
  "channels-whatsapp-inbound": ["channels", "channels-whatsapp", "channels-whatsapp-inbound"],
  "channels-whatsapp-outbound": ["channels", "channels-whatsapp", "channels-whatsapp-outbound"],
  "calls-inbound-local": ["calls", "calls-inbound", "calls-inbound-local"],
  "calls-outbound": ["calls", "calls-outbound"],
  "phonenumbers-local": ["phonenumbers", "phonenumbers-local"],
  "phonenumbers-mobile": ["phonenumbers", "phonenumbers-mobile"],
  "phonenumbers-tollfree": ["phonenumbers", "phonenumbers-tollfree"],
} as const satisfies Record<string, readonly string[]>;

export type UsageKind = keyof typeof KINDS;

export const TOTAL = "totalprice";

export interface UsageEvent {
  readonly accountSid: string;
  readonly kind: UsageKind;
  /** Twilio keeps usage by days of GMT. */
  readonly at: Date;
  readonly count: number;
  /** Segments, minutes or numbers. */
  readonly usage: number;
  /** In 1/100,000 of a dollar. */
  readonly price: number;
}

/** What is billed. It stays when the message it was billed for is deleted. */
export interface Usage {
  record(event: UsageEvent): void;
  events(): readonly UsageEvent[];
  clear(): void;
}

export function createUsage(): Usage {
  let events: UsageEvent[] = [];
  return {
    record: (event) => void events.push(event),
    events: () => events,
    clear() {
      events = [];
    },
  };
}
