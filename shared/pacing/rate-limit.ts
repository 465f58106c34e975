import { LRUCache } from "lru-cache";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { type Database, isContended } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { Bucket, type Demand, drawn, filled, type Limits } from "./token-bucket.ts";

export type Taken = { readonly ok: true } | { readonly ok: false; readonly retryAfterSeconds: number };

export interface RateLimit {
  /** Takes as many tokens as there are messages, all or none. */
  take(key: string, count: number): Promise<Taken>;
}

interface Deps {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Limits;
}

/** What this instance holds of one bucket. */
interface Holding {
  tokens: number;
  lapsesAt: number;
  /** What it held right after the latest lease. */
  leased: number;
  /** The latest lease was cut short, and the bucket has not recovered since. */
  isShort: boolean;
  /** Before `until` there is no use in asking for `count` tokens or more. */
  refused: { readonly count: number; readonly until: number };
  /** Settles when all who asked before have their answer. */
  turn: Promise<unknown>;
}

const LEASE = 20;
/** A lease that an idle instance forgets must not come on top of a full bucket much later. */
const LEASE_MS = 30_000;
const KEYS_HELD = 2_000;
/** An empty bucket is left alone until it can give a lease worth a write, but no longer than this. */
const WORTH_A_WRITE_SECONDS = 2;
const CONTENDED_MS = 1_000;
const DOWN_MS = 10_000;
const WARN_EVERY_MS = 60_000;
const OK: Taken = { ok: true };

/** The bucket of a salon. Critical messages have their own, so that a campaign never uses up theirs. */
export function rateLimitKey(salonId: SalonId, { critical }: { critical: boolean }): string {
  return critical ? `${salonId}:critical` : salonId;
}

/**
 * A token bucket per key that holds across instances, because it is a document. An instance takes a lease of tokens
 * from it in one write and spends them by itself; the lease grows to 20 while leases are used up, so that instances
 * with little to send hold little. More than 20 messages at once take exactly what they need.
 *
 * Never lets more through than the bucket gave; tokens of a lease that lapses are lost. It may refuse while other
 * instances hold the last tokens. When Firestore cannot be asked everything is let through, with a warning in the log
 * once a minute: the limit is there for protection, and must not be what loses a message.
 */
export function createRateLimit({ database, clock, logger, limits }: Deps): RateLimit {
  const holdings = new LRUCache<string, Holding>({ max: KEYS_HELD });
  const worthWaitingFor = Math.floor((limits.perMinute / 60) * WORTH_A_WRITE_SECONDS);
  let downUntil = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;
  const now = () => clock.now().getTime();

  return {
    async take(key, count) {
      if (!Number.isSafeInteger(count) || count < 1 || count > limits.burst) {
        const message = `At most ${limits.burst} messages fit into the limit at once; send them in several requests.`;
        throw new AppError("invalid-argument", message, { context: { reason: "over_burst" } });
      }
      const holding = holdings.get(key) ?? newHolding();
      holdings.set(key, holding);
      const turn = holding.turn.then(() => takeInTurn(key, holding, count));
      holding.turn = turn.catch(() => undefined);
      return turn;
    },
  };

  async function takeInTurn(key: string, holding: Holding, count: number): Promise<Taken> {
    const at = now();
    const held = at < holding.lapsesAt ? holding.tokens : 0;
    if (count <= held) {
      holding.tokens -= count;
      return OK;
    }
    if (count >= holding.refused.count && at < holding.refused.until) {
      return refusal(holding.refused.until - at);
    }
    if (at < downUntil) return OK;
    try {
      return count > LEASE
        ? await takeExactly(key, holding, count)
        : await takeLease(key, holding, count, held);
    } catch (error) {
      if (isContended(error)) return refuse(holding, count, CONTENDED_MS);
      downUntil = now() + DOWN_MS;
      warn(error);
      return OK;
    }
  }

  async function takeExactly(key: string, holding: Holding, count: number): Promise<Taken> {
    const { tokens, waitMs } = await draw(key, { atLeast: count, upTo: count });
    return tokens === 0 ? refuse(holding, count, waitMs) : OK;
  }

  async function takeLease(key: string, holding: Holding, count: number, held: number): Promise<Taken> {
    const missing = count - held;
    const spent = holding.leased - holding.tokens;
    const upTo = Math.min(LEASE, limits.burst, Math.max(missing, 2 * spent));
    const atLeast = holding.isShort ? Math.max(missing, Math.min(upTo, worthWaitingFor)) : missing;
    const { tokens, left, waitMs } = await draw(key, { atLeast, upTo });
    if (tokens === 0) {
      // It waits for the bucket to recover, or it would take each token in a write of its own.
      holding.isShort = true;
      return refuse(holding, count, waitMs);
    }
    holding.isShort = tokens < upTo || (holding.isShort && left < upTo);
    // Tokens that are added to others lapse with them.
    if (held === 0) holding.lapsesAt = now() + LEASE_MS;
    holding.leased = held + tokens;
    holding.tokens = holding.leased - count;
    return OK;
  }

  /** One read, and one write if there is anything to take. */
  function draw(key: string, demand: Demand) {
    return database.transact(async (transaction, firestore) => {
      const reference = firestore.collection("rate_limits").doc(key);
      const known = await transaction.get(reference);
      const stored = known.exists ? parseDocument(Bucket, reference.path, known.data()) : undefined;
      const bucket = filled(stored, clock.now(), limits);
      const { tokens, waitMs } = drawn(bucket, demand, limits);
      const left = bucket.tokens - tokens;
      if (tokens > 0) transaction.set(reference, { ...bucket, tokens: left } satisfies Bucket);
      return { tokens, left, waitMs };
    });
  }

  function refuse(holding: Holding, count: number, waitMs: number): Taken {
    holding.refused = { count, until: now() + waitMs };
    return refusal(waitMs);
  }

  function warn(error: unknown): void {
    if (now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = now();
    logger.warn("rate limits are not applied: they cannot be read", { error });
  }
}

function newHolding(): Holding {
  return {
    tokens: 0,
    lapsesAt: 0,
    leased: 0,
    isShort: false,
    refused: { count: 0, until: 0 },
    turn: Promise.resolve(),
  };
}

function refusal(waitMs: number): Taken {
  return { ok: false, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
}
