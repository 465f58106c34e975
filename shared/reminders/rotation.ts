import { plusSeconds } from "#shared/core/clock.ts";
import type { Rotation, TwilioConfig } from "#shared/salons/integration.ts";

const DAY_SECONDS = 86_400;
/** How long credentials of a salon's own account should be used at most. */
const LIFETIME_DAYS = 90;
/** The highest that is reached counts. */
const THRESHOLDS = [
  { days: 90, level: "overdue" },
  { days: 85, level: "due" },
  { days: 75, level: "soon" },
] as const;

export interface RotationReminder {
  /** What the dashboard's banner says. */
  readonly rotation: Rotation;
  /** The threshold the owner is to be told of, once per credentials; undefined below the first. */
  readonly threshold: 75 | 85 | 90 | undefined;
}

/** How old the credentials of a salon's own account are; undefined where it has none, or nobody knows since when. */
export function rotationReminder(
  twilio: Pick<TwilioConfig, "auth_token" | "configured_at" | "rotated_at">,
  now: Date,
): RotationReminder | undefined {
  const last_rotated_at = twilio.rotated_at ?? twilio.configured_at;
  if (twilio.auth_token === null || last_rotated_at === null) return undefined;
  const reached = THRESHOLDS.find(({ days }) => plusSeconds(last_rotated_at, days * DAY_SECONDS) <= now);
  return {
    rotation: {
      due_at: plusSeconds(last_rotated_at, LIFETIME_DAYS * DAY_SECONDS),
      last_rotated_at,
      level: reached?.level ?? "none",
    },
    threshold: reached?.days,
  };
}

/** Whether two banners say the same. */
export function isSameRotation(left: Rotation | null, right: Rotation | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.level === right.level &&
    left.due_at.getTime() === right.due_at.getTime() &&
    left.last_rotated_at.getTime() === right.last_rotated_at.getTime()
  );
}
