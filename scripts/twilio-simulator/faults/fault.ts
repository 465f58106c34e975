import { z } from "zod";

const When = z.enum(["before", "after"]).default("before");
const Milliseconds = z.number().int().min(0).max(3_600_000);

/** What a fault shall befall; every condition given must hold. */
const Matching = z
  .strictObject({
    method: z
      .string()
      .transform((method) => method.toUpperCase())
      .optional(),
    /** A regular expression on the path. */
    path: z.string().refine(isRegularExpression, "must be a regular expression").optional(),
    /** The recipient, exactly as sent. */
    to: z.string().optional(),
    /** The account in the path, or the one that authenticates. */
    account_sid: z.string().optional(),
  })
  .default({});

const common = {
  match: Matching,
  /** How many times it strikes before it is spent; for ever if left out. */
  times: z.number().int().positive().optional(),
  probability: z.number().min(0).max(1).default(1),
};

const Status = z.enum(["queued", "sent", "delivered", "undelivered", "failed", "read", "canceled"]);

/** Trouble that an engineer orders. `after` means that Twilio acted and only the answer is spoiled. */
export const FaultOrder = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("latency"),
    ms: Milliseconds,
    jitter_ms: Milliseconds.default(0),
    ...common,
  }),
  z.strictObject({
    kind: z.literal("http_error"),
    status: z.number().int().min(400).max(599),
    code: z.number().int().positive().optional(),
    message: z.string().optional(),
    /** `html`: what a gateway in front of Twilio answers; it carries no code. */
    as: z.enum(["json", "html"]).default("json"),
    when: When,
    ...common,
  }),
  /** No answer until the client gives up; after `ms`, if given, the connection is closed without one. */
  z.strictObject({ kind: z.literal("timeout"), ms: Milliseconds.optional(), when: When, ...common }),
  z.strictObject({ kind: z.literal("reset"), when: When, ...common }),
  /** Messages and calls made from now on appear in lists only `ms` later. */
  z.strictObject({ kind: z.literal("list_lag"), ms: Milliseconds, ...common }),
  /** Status callbacks of messages made from now on. `duplicate` counts the extra copies of each. */
  z.strictObject({
    kind: z.literal("callbacks"),
    order: z.enum(["in_order", "reversed", "shuffled"]).default("in_order"),
    duplicate: z.number().int().min(0).max(20).default(0),
    lose: z.union([z.literal("all"), z.array(Status)]).default([]),
    delay_ms: Milliseconds.default(0),
    ...common,
  }),
  /** The webhook of a customer's message is never called, as when nobody can be reached for hours. */
  z.strictObject({ kind: z.literal("inbound_lost"), ...common }),
  /** `sync`: the create request is refused. `async`: it is accepted and ends failed or undelivered. */
  z.strictObject({
    kind: z.literal("recipient"),
    to: z.string(),
    error_code: z.number().int().min(10_000).max(99_999),
    surface: z.enum(["sync", "async"]),
    /** How an async error ends; left out, the code decides. */
    status: z.enum(["failed", "undelivered"]).optional(),
    ...common,
  }),
  /** Enforces WhatsApp's 24-hour window: free text to who has not written for a day ends as 63016. */
  z.strictObject({ kind: z.literal("whatsapp_window"), ...common }),
  /** The price of messages and calls made from now on is known `ms` after they are finished. */
  z.strictObject({ kind: z.literal("price_lag"), ms: Milliseconds, ...common }),
]);

export type FaultOrder = z.infer<typeof FaultOrder>;
export type FaultKind = FaultOrder["kind"];
export type FaultOf<Kind extends FaultKind> = Extract<FaultOrder, { kind: Kind }>;

function isRegularExpression(source: string): boolean {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}
