import type { QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import { plusSeconds } from "#shared/core/clock.ts";
import { Instant } from "#shared/core/instant.ts";
import { type FailureInfo, TwilioFailure } from "#shared/twilio/errors.ts";
import { policyOf } from "#shared/twilio/failure-classes.ts";
import type { Messages } from "#shared/twilio/messages.ts";
import type { Recordings } from "#shared/twilio/recordings.ts";
import type { Redacted } from "./redacted.ts";

export type RedactionClient = Pick<Messages, "redactMessage" | "deleteMessage"> &
  Pick<Recordings, "deleteRecording">;

/** A Twilio account in which a salon's messages and calls are, with every token that may still be good, the likeliest first. */
export interface RedactionAccount {
  readonly owner: "salon_own" | "platform_subaccount" | "platform_default";
  readonly clients: readonly RedactionClient[];
}

/** By fingerprint; `unreadable` where credentials are stored that could not be opened. */
export type RedactionAccounts = ReadonlyMap<string, RedactionAccount | "unreadable">;

/** A message as far as this concerns; tolerant, because an odd document has to go as well. */
const Stored = z.object({
  twilio_sid: z.string().optional(),
  account: z.string().optional(),
  media: z.array(z.unknown()).default([]),
  attempts: z
    .array(z.object({ account: z.string(), sid: z.string().nullable(), state: z.string() }))
    .default([]),
  updated_at: Instant.optional(),
  redacted_at: Instant.optional(),
  not_redacted: z.string().optional(),
});

/** Whoever sent it has settled by then which SID it has. */
const SETTLED_SECONDS = 3_600;
const NOT_FINISHED = 20009;

/** Whether this is done for a message or call already, one way or the other. */
export function isMarked(document: Pick<QueryDocumentSnapshot, "get">): boolean {
  return document.get("redacted_at") !== undefined || document.get("not_redacted") !== undefined;
}

/**
 * Whether a message came too late for any pass to see it. One that was there has been looked at, also where a callback
 * that came after has written over its mark.
 */
export function arrivedLate(document: Pick<QueryDocumentSnapshot, "get">, requestedAt: Date): boolean {
  const at = Instant.safeParse(document.get("received_at") ?? document.get("accepted_at")).data;
  return !isMarked(document) && (at === undefined || at >= requestedAt);
}

/** Takes the text of one message off Twilio, in every account that an attempt was made in. Repeatable. */
export async function redact(data: unknown, accounts: RedactionAccounts, now: Date): Promise<Redacted> {
  const { success, data: message } = Stored.safeParse(data);
  if (!success) return "malformed";
  const hasMedia = message.media.length > 0;
  const inbound =
    message.twilio_sid === undefined ? [] : [{ sid: message.twilio_sid, account: message.account ?? "" }];
  const sent = message.attempts.flatMap(({ sid, account }) => (sid === null ? [] : [{ sid, account }]));
  const outcomes: Redacted[] = [];
  for (const { sid, account } of [...inbound, ...sent]) {
    // To redact is to empty the text: pictures go only with the whole message.
    const ask = (client: RedactionClient) =>
      hasMedia ? client.deleteMessage(sid) : client.redactMessage(sid);
    outcomes.push(await redactIn(accounts.get(account), ask));
  }
  const isOpen = message.attempts.some(
    ({ sid, state }) => sid === null && (state === "claimed" || state === "uncertain"),
  );
  if (isOpen) {
    const since = message.updated_at ?? new Date(0);
    outcomes.push(now < plusSeconds(since, SETTLED_SECONDS) ? "unfinished" : "sid_unknown");
  }
  return worstOf(outcomes);
}

/** Asks an account for a redaction, with every token of it until one is good. */
export async function redactIn(
  account: RedactionAccount | "unreadable" | undefined,
  ask: (client: RedactionClient) => Promise<void>,
): Promise<Redacted> {
  if (account === undefined) return "no_credentials";
  if (account === "unreadable") return "credentials_unreadable";
  for (const client of account.clients) {
    try {
      await ask(client);
      return "redacted";
    } catch (error) {
      if (!(error instanceof TwilioFailure)) throw error;
      const meaning = meaningOf(error.info);
      if (meaning !== "refused") return meaning;
    }
  }
  // The platform's own tokens are put right by the platform; an owner's may stay dead for ever.
  return account.owner === "salon_own" ? "credentials_refused" : "unfinished";
}

/** What a document is marked with, so that no pass asks Twilio for it again. */
export function markOf(outcome: Redacted, now: Date): { redacted_at: Date } | { not_redacted: string } {
  return outcome === "redacted" || outcome === "never_sent"
    ? { redacted_at: now }
    : { not_redacted: outcome };
}

/** What Twilio's answer to a redaction means. `refused`: not with these credentials. */
export function meaningOf({
  certainty,
  class: failureClass,
  code,
}: FailureInfo): "unfinished" | "outage" | "refused" | "rejected" {
  if (certainty !== "rejected") return "outage";
  if (code === NOT_FINISHED || policyOf(failureClass).retry !== "never") return "unfinished";
  return failureClass === "credential" || failureClass === "account" ? "refused" : "rejected";
}

/** Several attempts or recordings, one document: what is still to be tried comes first, then what could not be done. */
export function worstOf(outcomes: readonly Redacted[]): Redacted {
  const open = outcomes.find((each) => each === "outage") ?? outcomes.find((each) => each === "unfinished");
  return open ?? outcomes.find((each) => each !== "redacted") ?? outcomes[0] ?? "never_sent";
}

/** What is said of something that nobody will look at again. */
export function givenUp(outcome: Redacted): Redacted {
  if (outcome === "unfinished") return "never_finished";
  return outcome === "outage" ? "unreachable" : outcome;
}
