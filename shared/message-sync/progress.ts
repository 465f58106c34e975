import { z } from "zod";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";

/** Which of a salon's stored accounts; `salon_previous` is another account than the current one. */
export const SalonOwner = z.enum(["salon_own", "salon_previous", "platform_subaccount"]);
export type SalonOwner = z.infer<typeof SalonOwner>;

/** The same, or one of the platform's parents, through which the messages of many salons go in an emergency. */
export const Owner = z.enum([...SalonOwner.options, "platform_default"]);
export type Owner = z.infer<typeof Owner>;

/** What a turn brought, in numbers. */
export const Counts = z.object({
  /** Outbound messages, and calls, further than we knew. */
  moved: z.int(),
  priced: z.int(),
  recounted: z.int(),
  /** Customers' messages whose webhook never arrived. */
  received: z.int(),
  /** Messages, and second legs of calls, of the owner's other software, or some that settlement has yet to find. */
  unknown: z.int(),
  /** Messages that could not be mended; the log says why. */
  failed: z.int(),
});
export type Counts = z.infer<typeof Counts>;
export const NOTHING: Counts = { moved: 0, priced: 0, recounted: 0, received: 0, unknown: 0, failed: 0 };

/** One reading of the list, newest first, down to `since`. */
export const Turn = z.object({
  /** `recent` for states and missed messages; `look_back`, once a day, for prices and whatever was later than that. */
  kind: z.enum(["recent", "look_back"]),
  began_at: Instant,
  since: Instant,
  /** Where the next page begins; null before the first. */
  next: z.object({ token: z.string(), number: z.int() }).nullable(),
});
export type Turn = z.infer<typeof Turn>;

/** `message_syncs/{salonId}_{owner}`, of a parent `{fingerprint}_{owner}`: how far one account's list has been read. */
export const Progress = z.object({
  /** Null of the platform's parents. */
  salon_id: SalonId.nullable(),
  owner: Owner,
  /** Fingerprint of the account; null before a salon's first turn. Another account is begun anew. */
  account: z.string().nullable(),
  /** What was listed before this has been seen to, but for what the list showed late. */
  synced_until: Instant,
  looked_back_at: Instant.nullable(),
  /** Names the numbers at which messages reach us, and since when; what came before was somebody else's to take. */
  reached: z.object({ at: z.string(), since: Instant }).nullable(),
  turn: Turn.nullable(),
  /** SIDs of customers' messages that are being taken in: after a crash they are published once more. */
  taking: z.array(z.string()),
  /** Who is at it until `due_at`; null when nobody is. */
  holder: z.string().nullable(),
  /** When the account is looked at again. */
  due_at: Instant,
  last_run_at: Instant.nullable(),
  /** Of the last turn, or of the one that is under way. */
  counts: Counts,
});
export type Progress = z.infer<typeof Progress>;

/** Twilio's list lags, states change and clocks differ: a turn begins this far behind the last one's beginning. */
export const OVERLAP_SECONDS = 3_600;
/** Prices come late, and a message may wait 10 hours in Twilio's queue. */
const LOOK_BACK_SECONDS = 3 * 86_400;
const LOOK_BACK_EVERY_SECONDS = 86_400;

/** What tells one account from another; a salon's are told by their owner alone. */
export type AccountKey = Pick<Progress, "salon_id" | "owner" | "account">;

export function progressId({ salon_id, owner, account }: AccountKey): string {
  return `${salon_id ?? account}_${owner}`;
}

/** How an account stands that has not been read yet; due at once. */
export function newProgress({ salon_id, owner, account }: AccountKey, now: Date): Progress {
  return {
    salon_id,
    owner,
    account,
    synced_until: now,
    looked_back_at: null,
    reached: null,
    turn: null,
    taking: [],
    holder: null,
    due_at: now,
    last_run_at: null,
    counts: NOTHING,
  };
}

/** Puts another account, or other numbers, in the place of what was read before. */
export function forAccount(
  known: Progress,
  account: {
    readonly fingerprint: string;
    readonly reachedAt: string | null;
    readonly connectedAt: Date | null;
  },
  now: Date,
): Progress {
  const { fingerprint, reachedAt } = account;
  const isKnown = known.account === fingerprint;
  const same = isKnown ? known : { ...newProgress(known, now), holder: known.holder };
  if (reachedAt === null) return { ...same, account: fingerprint, reached: null };
  if (same.reached?.at === reachedAt) return same;
  const since = isKnown ? now : (account.connectedAt ?? now);
  return { ...same, account: fingerprint, reached: { at: reachedAt, since } };
}

/** With the turn that is under way, or the next one. */
export function inTurn(progress: Progress, now: Date): Progress & { readonly turn: Turn } {
  if (progress.turn !== null) return { ...progress, turn: progress.turn };
  const { synced_until, looked_back_at } = progress;
  const overlapping = plusSeconds(synced_until, -OVERLAP_SECONDS);
  const isLookBack = looked_back_at === null || looked_back_at <= plusSeconds(now, -LOOK_BACK_EVERY_SECONDS);
  const longAgo = plusSeconds(now, -LOOK_BACK_SECONDS);
  const since = isLookBack && longAgo < overlapping ? longAgo : overlapping;
  const kind = isLookBack ? "look_back" : "recent";
  return { ...progress, turn: { kind, began_at: now, since, next: null }, counts: NOTHING };
}

/** After a page: further down the list, or at the turn's end, and only then is the watermark moved. */
export function afterPage(progress: Progress & { readonly turn: Turn }, next: Turn["next"]): Progress {
  const { turn } = progress;
  if (next !== null) return { ...progress, turn: { ...turn, next } };
  const ended = { ...progress, turn: null, synced_until: turn.began_at };
  // What is not in three days of the list is not in it at all.
  return turn.kind === "look_back" ? { ...ended, looked_back_at: turn.began_at, taking: [] } : ended;
}

export function plus(one: Counts, other: Counts): Counts {
  return {
    moved: one.moved + other.moved,
    priced: one.priced + other.priced,
    recounted: one.recounted + other.recounted,
    received: one.received + other.received,
    unknown: one.unknown + other.unknown,
    failed: one.failed + other.failed,
  };
}
