import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { hasText } from "#shared/messages/attempts.ts";
import type { Attempt, Failure, OutboundMessage } from "#shared/messages/message.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import type { Verdict } from "#shared/messages/transitions.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import {
  isCredentialFailure,
  type OpenedCredentials,
  openCredentials,
  sealedCredentialsOf,
} from "#shared/salons/credentials.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Message } from "#shared/twilio/messages.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { addressOn, reportOf } from "./twilio-message.ts";
import { verdictOnAbsent } from "./verdict.ts";

export interface SettlementDeps {
  readonly messages: OutboundMessages;
  readonly integrations: Integrations;
  readonly defaultSenders: DefaultSenders;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** How long after an unclear answer Twilio's list is looked at, and looked at again. */
  readonly recheckSeconds: number;
}

/** A worker's clock and Twilio's may differ by this much. */
const CLOCK_SKEW_SECONDS = 60;
const LIST_LIMIT = 200;
/** Twilio's list lags, so a message counts as absent only when it was missing twice, one recheck apart. */
const LOOKS_UNTIL_ABSENT = 2;

/** While Twilio is away nobody can say what became of a message; its sender is not told so before this is over. */
const OUTAGE_SECONDS = 24 * 3_600;

const NOBODY_KNOWS: Failure = {
  class: "uncertain",
  twilio_code: null,
  reason:
    "It is not known whether Twilio sent this message: the account it was given to can no longer be asked.",
};

/**
 * Finds out what became of an attempt whose end nobody saw: a worker that died, a time-out, a 5xx. The message's twin
 * in Twilio's list is adopted; only what is surely absent is sent again.
 */
export function createSettlement(
  deps: SettlementDeps,
): (message: OutboundMessage) => Promise<OutboundMessage | undefined> {
  const { messages, clock, logger } = deps;
  return async (message) => {
    const attempt = message.attempts.at(-1);
    if (attempt === undefined) return undefined;
    const fields = { salonId: message.salon_id, messageId: message.id, attempt: attempt.number };
    // No list tells what a mail server took; the same mail once more is no second message.
    if (attempt.channel === "email")
      return messages.judge(message.id, attempt.number, absent(message, attempt));
    let isOutage = false;
    const found = await candidates(message, attempt).catch((error: unknown) => {
      logger.warn("uncertain message cannot be looked for", { ...fields, error });
      isOutage = !isCredentialFailure(error);
      return undefined;
    });
    for (const candidate of found ?? []) {
      const result = await messages.report(message.id, attempt.number, reportOf(candidate));
      if (result.outcome === "taken") continue;
      logger.info("uncertain message found at Twilio", { ...fields, outcome: result.outcome });
      return result.outcome === "moved" ? result.message : undefined;
    }
    const patience = isOutage ? OUTAGE_SECONDS : 0;
    const verdict = verdictOnMissing(message, attempt, { looked: found !== undefined, patience });
    logger.warn("uncertain message not found at Twilio", {
      ...fields,
      outcome: verdict.kind === "over" ? verdict.next.kind : verdict.kind,
      count: attempt.looks,
    });
    return messages.judge(message.id, attempt.number, verdict);
  };

  function absent(message: OutboundMessage, attempt: Attempt): Verdict {
    return verdictOnAbsent(message, attempt, { now: clock.now(), random: deps.random });
  }

  /** `patience`: for how many seconds after its time a message that cannot be looked for still may be. */
  function verdictOnMissing(
    message: OutboundMessage,
    attempt: Attempt,
    { looked, patience }: { readonly looked: boolean; readonly patience: number },
  ): Verdict {
    const now = clock.now();
    if (looked && attempt.looks + 1 >= LOOKS_UNTIL_ABSENT) return absent(message, attempt);
    if (!looked && plusSeconds(message.expires_at, patience) <= now) {
      const next = { kind: "fail", failure: NOBODY_KNOWS } as const;
      return { kind: "over", state: "rejected", errorCode: null, next };
    }
    return { kind: "uncertain", looked, lookAt: plusSeconds(now, deps.recheckSeconds) };
  }

  /**
   * The oldest first, so that two equal texts to one person are matched in the order they were sent. Undefined when
   * the salon no longer has the credentials of the account that was asked. Every token of that account is tried, and
   * when Twilio takes none of them, once more what a rotation has stored meanwhile.
   */
  async function candidates(message: OutboundMessage, attempt: Attempt): Promise<Message[] | undefined> {
    if (attempt.source === "platform_default") {
      const parent = await deps.defaultSenders.credentialsOf(attempt.account, { fresh: true });
      return parent === undefined ? undefined : list(parent, message, attempt);
    }
    const tried = new Set<string>();
    let refused: unknown;
    for (const _ of ["as stored", "once more"]) {
      const integration = await deps.integrations.get(message.salon_id, { fresh: true });
      for (const sealed of sealedCredentialsOf(integration, clock.now())) {
        const credentials = await openCredentials(deps.vault, message.salon_id, sealed);
        const token = credentials.authToken.reveal();
        if (accountFingerprint(credentials.accountSid) !== attempt.account || tried.has(token)) continue;
        tried.add(token);
        const listed = await list(credentials, message, attempt).catch((error: unknown) => {
          if (!isCredentialFailure(error)) throw error;
          refused = error;
        });
        if (listed !== undefined) return listed;
      }
      if (refused === undefined) return undefined;
    }
    throw refused;
  }

  async function list(
    credentials: OpenedCredentials,
    message: OutboundMessage,
    attempt: Attempt,
  ): Promise<Message[]> {
    const listed = await deps.twilio.account(credentials).listMessages({
      to: addressOn(attempt.channel, message.to),
      from: addressOn(attempt.channel, attempt.sender),
      createdAfter: plusSeconds(attempt.started_at, -CLOCK_SKEW_SECONDS),
      limit: LIST_LIMIT,
    });
    const known = message.attempts.map(({ sid }) => sid);
    return listed
      .filter(({ sid, direction }) => direction === "outbound" && !known.includes(sid))
      .filter(({ body }) => hasText(message, attempt, body))
      .reverse();
  }
}
