import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";

/** How fast a bucket fills, and how much it holds. */
export interface Limits {
  readonly perMinute: number;
  readonly burst: number;
}

/** `rate_limits/{key}`: what was in a bucket at an instant; what has flowed in since is reckoned. */
export const Bucket = z.object({ tokens: z.number().nonnegative(), filled_at: Instant });
export type Bucket = z.infer<typeof Bucket>;

/** The bucket as it is now. One that nobody has used is full; a clock that is behind takes nothing away. */
export function filled(bucket: Bucket | undefined, now: Date, { perMinute, burst }: Limits): Bucket {
  if (bucket === undefined) return { tokens: burst, filled_at: now };
  const seconds = Math.max(0, now.getTime() - bucket.filled_at.getTime()) / 1000;
  const tokens = Math.min(burst, bucket.tokens + (seconds * perMinute) / 60);
  return { tokens, filled_at: new Date(Math.max(now.getTime(), bucket.filled_at.getTime())) };
}

export interface Demand {
  /** Fewer are of no use. */
  readonly atLeast: number;
  readonly upTo: number;
}

/** As many whole tokens as there are, at least and at most as demanded; else none, and when to come again. */
export function drawn(
  { tokens }: Bucket,
  { atLeast, upTo }: Demand,
  { perMinute }: Limits,
): { readonly tokens: number; readonly waitMs: number } {
  if (tokens < atLeast) return { tokens: 0, waitMs: Math.ceil(((atLeast - tokens) * 60_000) / perMinute) };
  return { tokens: Math.floor(Math.min(tokens, upTo)), waitMs: 0 };
}
