import { z } from "zod";
import { plusSeconds } from "#shared/core/clock.ts";
import { NextToken, PreviousCredentials, TwilioConfig } from "#shared/salons/integration.ts";
import { previousVerifies } from "#shared/salons/own-tokens.ts";
import { TEMPLATE_FIELDS, usesWhatsApp } from "./templates.ts";

/** Of an integration, what says that something is left to do. */
const OwnAccount = TwilioConfig.pick({
  is_active: true,
  phone_number_sid: true,
  token_signs_since: true,
}).extend({
  previous: PreviousCredentials.pick({ expires_at: true, same_account: true }).nullable().default(null),
  next_auth_token: NextToken.pick({ stored_at: true }).nullable().default(null),
});
const Kept = z.object({ twilio: OwnAccount.nullish() });

/** What an integration is read for, for `select`: no credential leaves the database. */
export const FIELDS = [
  "twilio.phone_number_sid",
  "twilio.token_signs_since",
  "twilio.previous.expires_at",
  "twilio.previous.same_account",
  "twilio.next_auth_token.stored_at",
  ...TEMPLATE_FIELDS,
] as const;

/** A rotation takes seconds; older than this, its worker has died, or Twilio took neither of its tokens. */
const STALLED_SECONDS = 300;

/** The last two ask Twilio, and are due once a day: they know themselves when they are. */
export type Duty = "purge_expired" | "resume_rotation" | "check_webhooks" | "sync_templates";

/** What is to be done for one salon now. Throws where the document is malformed. */
export function dutiesOf(data: unknown, now: Date): Duty[] {
  const { twilio } = Kept.parse(data);
  const duties = twilio == null ? [] : ownAccountDuties(twilio, now);
  if (usesWhatsApp(data)) duties.push("sync_templates");
  return duties;
}

function ownAccountDuties(twilio: z.infer<typeof OwnAccount>, now: Date): Duty[] {
  const { previous, next_auth_token: next } = twilio;
  const duties: Duty[] = [];
  const isStalled = next !== null && next.stored_at < plusSeconds(now, -STALLED_SECONDS);
  if (isStalled) duties.push("resume_rotation");
  if (previous !== null && !previousVerifies(twilio, now)) duties.push("purge_expired");
  if (twilio.is_active && twilio.phone_number_sid !== null) duties.push("check_webhooks");
  return duties;
}
