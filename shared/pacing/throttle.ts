import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { type RateLimit, rateLimitKey } from "./rate-limit.ts";

/** Takes what a salon's messages need of its limit, all or none; refuses with when to come again. */
export type Throttle = (
  salonId: SalonId,
  messages: { readonly count: number; readonly critical: boolean },
) => Promise<void>;

export function createThrottle(rateLimit: RateLimit): Throttle {
  return async (salonId, { count, critical }) => {
    const taken = await rateLimit.take(rateLimitKey(salonId, { critical }), count);
    if (taken.ok) return;
    const { retryAfterSeconds } = taken;
    const message = `The salon sends more messages than its limit allows; try again in ${retryAfterSeconds} s.`;
    throw new AppError("resource-exhausted", message, { context: { salonId, retryAfterSeconds } });
  };
}
