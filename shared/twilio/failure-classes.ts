export const FAILURE_CLASSES = [
  "transient",
  "uncertain",
  "credential",
  "account",
  "sender",
  "recipient",
  "opted_out",
  "compliance",
  "template",
  "window",
  "throttle",
  "bug",
] as const;
/** What kind of trouble a failure is, which decides everything that happens next. */
export type FailureClass = (typeof FAILURE_CLASSES)[number];

export interface FailurePolicy {
  /** `settle_first`: Twilio may have acted, so find out before anything is sent again. */
  readonly retry: "later" | "settle_first" | "never";
  /** Whether a critical message may take another way: any legitimate sender, only another channel, or none. */
  readonly fallback: "any_sender" | "other_channel" | "never";
  /** Whether the recipient must not be written to again. */
  readonly suppress: boolean;
  /** Whom it concerns when a message ends so. `account_holder`: the salon, and of the platform's accounts its operators too. */
  readonly tells: "salon" | "account_holder" | "operators" | "nobody";
  /** The trouble in words, after "Twilio refused the request: ". */
  readonly says: string;
}

const POLICIES = {
  transient: {
    retry: "later",
    fallback: "any_sender",
    suppress: false,
    tells: "salon",
    says: "it is busy or has a passing fault",
  },
  uncertain: {
    retry: "settle_first",
    fallback: "never",
    suppress: false,
    tells: "salon",
    says: "it is not known whether it acted",
  },
  credential: {
    retry: "never",
    fallback: "any_sender",
    suppress: false,
    tells: "account_holder",
    says: "the account SID and auth token were not accepted",
  },
  account: {
    retry: "never",
    fallback: "any_sender",
    suppress: false,
    tells: "account_holder",
    says: "the account is suspended, closed, on trial or lacks a permission",
  },
  sender: {
    retry: "never",
    fallback: "any_sender",
    suppress: false,
    tells: "account_holder",
    says: "the sender cannot be used for this",
  },
  recipient: {
    retry: "never",
    fallback: "other_channel",
    suppress: false,
    tells: "nobody",
    says: "the recipient cannot be reached this way",
  },
  opted_out: {
    retry: "never",
    fallback: "never",
    suppress: true,
    tells: "nobody",
    says: "the recipient has opted out or blocked the sender",
  },
  compliance: {
    retry: "never",
    fallback: "never",
    suppress: false,
    tells: "operators",
    says: "a carrier, a regulator or Twilio's policy does not allow it",
  },
  template: {
    retry: "never",
    fallback: "other_channel",
    suppress: false,
    tells: "operators",
    says: "the message template or its variables are not valid",
  },
  window: {
    retry: "never",
    fallback: "other_channel",
    suppress: false,
    tells: "nobody",
    says: "outside WhatsApp's 24-hour window only an approved template may be sent",
  },
  throttle: {
    retry: "later",
    fallback: "other_channel",
    suppress: false,
    tells: "salon",
    says: "a sending limit is reached",
  },
  bug: {
    retry: "never",
    fallback: "never",
    suppress: false,
    tells: "operators",
    says: "the request cannot succeed as it is",
  },
} as const satisfies Record<FailureClass, FailurePolicy>;

export function policyOf(failureClass: FailureClass): FailurePolicy {
  return POLICIES[failureClass];
}

/**
 * Codes after which no other message through this account or sender would fare better, so that sending stops until a
 * probe says otherwise. Others of the same classes are about one destination, such as a country that is switched off.
 */
const TROUBLE = [
  10001, 20003, 20005, 20006, 20008, 20010, 20403, 21601, 21603, 21659, 21660, 21701, 21702, 21703, 21704,
  21705, 21708, 30002, 63007, 63020, 63051, 90010,
];

/** Whether a failure says that the account or its sender is in trouble, rather than this one message. */
export function isAccountTrouble(code: number | undefined): boolean {
  return code !== undefined && TROUBLE.includes(code);
}

/**
 * Limits that lift after hours: a carrier's or an account's for a day (30023, 63038), WhatsApp's of a sender (63018), of
 * its registrations (20249) and of marketing to one person (63049), and a country's quiet hours (30610).
 */
const LIFTS_AFTER_HOURS = [20249, 30023, 30610, 63018, 63038, 63049];

export function liftsAfterHours(code: number): boolean {
  return LIFTS_AFTER_HOURS.includes(code);
}
