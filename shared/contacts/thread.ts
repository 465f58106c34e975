import { z } from "zod";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { isAfter, latest } from "./decisions.ts";

const DAY_SECONDS = 86_400;
/** How long a shared number is one salon's for a customer, counted from the last message there. */
const OWNED_SECONDS = 30 * DAY_SECONDS;
/** How long a reply still finds its salon, if no other has taken the number meanwhile. */
const KEPT_SECONDS = 180 * DAY_SECONDS;

/** `threads/{numberId}_{party}`: on a number that salons share, whose customer this is there. */
export const Thread = z.object({
  /** The shared number, under the name that `PartyOf` gives it. */
  number_id: z.string(),
  party: z.string(),
  /** Null when the customer wrote to the number and no salon had used it for them. */
  salon_id: SalonId.nullable().default(null),
  last_used_at: Instant.nullable().default(null),
  /** The customer's first STOP to this number: it sends them nothing any more, for no salon. */
  blocked_at: Instant.nullable().default(null),
  /** When the customer last said STOP or START to this number: what is older and comes late undoes nothing. */
  choice_at: Instant.nullable().default(null),
  /** When Firestore may delete it; never while it blocks. */
  expires_at: Instant.nullable().default(null),
});
export type Thread = z.infer<typeof Thread>;

/** Whether a salon may write to the customer from this number. */
export function isFreeFor(thread: Thread, salonId: SalonId, now: Date): boolean {
  const { salon_id, last_used_at, blocked_at } = thread;
  if (blocked_at !== null) return false;
  if (salon_id === null || salon_id === salonId || last_used_at === null) return true;
  return now >= plusSeconds(last_used_at, OWNED_SECONDS);
}

/** Of a customer's threads the one a salon goes on with, or the first that is free for it. */
export function chooseThread(threads: readonly Thread[], salonId: SalonId, now: Date): Thread | undefined {
  const free = threads.filter((thread) => isFreeFor(thread, salonId, now));
  const own = free.filter(({ salon_id }) => salon_id === salonId);
  return own.toSorted((a, b) => Number(b.last_used_at) - Number(a.last_used_at))[0] ?? free[0];
}

/** The thread after a message of the salon to the customer, or of the customer to the salon. */
export function afterUse(thread: Thread, salonId: SalonId, at: Date): Thread {
  return kept({ ...thread, salon_id: salonId, last_used_at: latest(thread.last_used_at, at) });
}

/** The thread after a STOP; the same object when it is older than what the customer chose last. */
export function afterBlock(thread: Thread, at: Date): Thread {
  const { blocked_at, choice_at } = thread;
  const changes = blocked_at !== null ? isAfter(at, choice_at) : !isAfter(choice_at, at);
  return changes ? kept({ ...thread, blocked_at: blocked_at ?? at, choice_at: at }) : thread;
}

/** The thread after a START; the same object when it is not newer than what the customer chose last. */
export function afterUnblock(thread: Thread, at: Date): Thread {
  return isAfter(at, thread.choice_at) ? kept({ ...thread, blocked_at: null, choice_at: at }) : thread;
}

function kept(thread: Thread): Thread {
  const { blocked_at, last_used_at, choice_at } = thread;
  const last = choice_at === null ? last_used_at : latest(last_used_at, choice_at);
  const expires_at = last === null || blocked_at !== null ? null : plusSeconds(last, KEPT_SECONDS);
  return { ...thread, expires_at };
}
