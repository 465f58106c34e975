import { plusSeconds } from "#shared/core/clock.ts";
import type { TwilioConfig } from "#shared/salons/integration.ts";
import { awaitsPromotion } from "#shared/salons/own-tokens.ts";

const DAY_SECONDS = 86_400;
/** The highest that is reached counts. The earlier token verifies for 90 days in all. */
const THRESHOLD_DAYS = [60, 7] as const;

export interface PromotionReminder {
  /** One per token and threshold. */
  readonly key: string;
  /** In words for the salon's owner. */
  readonly reason: string;
}

/** What its owner is to be told of a token that took another's place days ago and has signed nothing since. */
export function promotionReminder(
  twilio: Pick<TwilioConfig, "previous" | "token_signs_since">,
  now: Date,
): PromotionReminder | undefined {
  const { previous } = twilio;
  if (previous === null || !awaitsPromotion(twilio)) return undefined;
  const { rotated_at } = previous;
  const days = THRESHOLD_DAYS.find((threshold) => plusSeconds(rotated_at, threshold * DAY_SECONDS) <= now);
  if (days === undefined) return undefined;
  return {
    key: `promotion:${days}:${rotated_at.toISOString()}`,
    reason: `Twilio has signed nothing with the Auth Token that was entered ${days} days ago. If it is a secondary one, promote it to primary in your Twilio Console: 90 days after it was entered, what customers write no longer reaches Salon Flow.`,
  };
}
