import { z } from "zod";
import { plusSeconds } from "#shared/core/clock.ts";
import { Instant } from "#shared/core/instant.ts";

/** Of an integration, the two instants by which it is known that something is left to do. */
const Kept = z.object({
  twilio: z
    .object({
      previous: z.object({ expires_at: Instant }).nullish(),
      next_auth_token: z.object({ stored_at: Instant }).nullish(),
    })
    .nullish(),
});

/** What an integration is read for, for `select`: no credential leaves the database. */
export const FIELDS = ["twilio.previous.expires_at", "twilio.next_auth_token.stored_at"] as const;

/** A rotation that is under way takes seconds; older than this, its worker has died. */
const STALLED_SECONDS = 300;

export type Duty = "purge_expired" | "resume_rotation";

/** What is to be done for one salon now. Throws where the document is malformed. */
export function dutiesOf(data: unknown, now: Date): Duty[] {
  const twilio = Kept.parse(data).twilio;
  const { previous, next_auth_token: next } = twilio ?? {};
  const duties: Duty[] = [];
  if (next != null && next.stored_at < plusSeconds(now, -STALLED_SECONDS)) duties.push("resume_rotation");
  if (previous != null && previous.expires_at <= now) duties.push("purge_expired");
  return duties;
}
