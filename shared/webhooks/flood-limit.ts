import { LRUCache } from "lru-cache";
import type { Clock } from "#shared/core/clock.ts";
import { type Bucket, drawn, filled, type Limits } from "#shared/pacing/token-bucket.ts";

/** A bucket takes about 200 bytes, its key included. */
const KEYS_HELD = 10_000;
const ONE = { atLeast: 1, upTo: 1 };

/** Takes one token from the bucket of this key; false when it is empty. */
export type FloodLimit = (key: string) => boolean;

/** Buckets in the memory of this instance, bounded in number: the one that was left alone longest makes room. */
export function createFloodLimit(limits: Limits, clock: Clock): FloodLimit {
  const buckets = new LRUCache<string, Bucket>({ max: KEYS_HELD });
  return (key) => {
    const bucket = filled(buckets.get(key), clock.now(), limits);
    const { tokens } = drawn(bucket, ONE, limits);
    buckets.set(key, { ...bucket, tokens: bucket.tokens - tokens });
    return tokens > 0;
  };
}
