import { z } from "zod";

/** Why a message's text, or a call's recording, is still at Twilio. */
export const NotRedacted = z.enum([
  /** The account is no longer the salon's, or was never one that we hold credentials of. */
  "no_credentials",
  /** The stored credentials could not be opened. */
  "credentials_unreadable",
  /** Twilio no longer takes the own account's tokens. */
  "credentials_refused",
  /** It may have been sent, but its SID never became known. */
  "sid_unknown",
  /** Still on its way after `PATIENCE_SECONDS`. */
  "never_finished",
  /** Twilio did not answer for `PATIENCE_SECONDS`. */
  "unreachable",
  /** Twilio said no, for good. */
  "rejected",
  /** It came while the salon was being erased. */
  "arrived_late",
  /** Our own document of it is malformed. */
  "malformed",
]);
export type NotRedacted = z.infer<typeof NotRedacted>;

/**
 * What became of one message's text, or one call's recordings, at Twilio. `unfinished`: it is still on its way;
 * `outage`: Twilio did not answer; both are tried again.
 */
export type Redacted = "redacted" | "never_sent" | "unfinished" | "outage" | NotRedacted;

/** Whether it is looked at again in the next pass. */
export function isPutOff(outcome: Redacted): boolean {
  return outcome === "unfinished" || outcome === "outage";
}
