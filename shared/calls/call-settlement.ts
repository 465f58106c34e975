import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { isCredentialFailure, openCredentials, sealedCredentialsOf } from "#shared/salons/credentials.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";
import type { PlacedCall } from "#shared/twilio/calls.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { CallState } from "./call.ts";
import { type CallProgress, type CallVerdict, FOLLOW_UP_SECONDS } from "./call-transitions.ts";
import type { CallAttempt, CallFailure, OutboundCall } from "./outbound-call.ts";
import type { OutboundCalls } from "./outbound-call-store.ts";

export interface CallSettlementDeps {
  readonly calls: OutboundCalls;
  readonly integrations: Integrations;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long after an unclear answer Twilio's list is looked at, and looked at again. */
  readonly recheckSeconds: number;
}

export interface CallSettlement {
  /** Finds out what became of an attempt whose end nobody saw: a worker that died, a time-out, a 5xx. */
  settle(call: OutboundCall): Promise<OutboundCall | undefined>;
  /** Asks after a call whose end should have been told by now. */
  follow(call: OutboundCall): Promise<OutboundCall | undefined>;
}

/** A worker's clock and Twilio's may differ by this much. */
const CLOCK_SKEW_SECONDS = 60;
const LIST_LIMIT = 100;
/** Twilio's list lags, so a call counts as absent only when it was missing twice, one recheck apart. */
const LOOKS_UNTIL_ABSENT = 2;
/** Asking after a call ends with the day: its account is gone, or Twilio knows it no longer. */
const FOLLOW_SECONDS = 24 * 3_600;

const NOBODY_KNOWS: CallFailure = {
  class: "uncertain",
  twilio_code: null,
  reason:
    "It is not known what became of this call: the account that was asked for it can no longer be asked.",
};

/** The call's twin in Twilio's list is adopted; only what is surely absent is made again. */
export function createCallSettlement(deps: CallSettlementDeps): CallSettlement {
  const { calls, clock, logger } = deps;

  return {
    async settle(call) {
      const attempt = call.attempts.at(-1);
      if (attempt === undefined) return undefined;
      const fields = { salonId: call.salon_id, callId: call.id, attempt: attempt.number };
      const found = await candidates(call, attempt).catch((error: unknown) => {
        logger.warn("uncertain call cannot be looked for", { ...fields, error });
        return undefined;
      });
      for (const candidate of found ?? []) {
        const result = await calls.report(call.id, attempt.number, progressOf(candidate));
        if (result.outcome === "taken") continue;
        logger.info("uncertain call found at Twilio", { ...fields, outcome: result.outcome });
        return result.outcome === "moved" ? result.call : undefined;
      }
      const verdict = verdictOnMissing(call, attempt, found !== undefined);
      logger.warn("uncertain call not found at Twilio", {
        ...fields,
        outcome: verdict.kind,
        count: attempt.looks,
      });
      return calls.judge(call.id, attempt.number, verdict);
    },

    async follow(call) {
      const attempt = call.attempts.at(-1);
      const sid = attempt?.sid;
      if (attempt === undefined || sid == null) return undefined;
      const fields = { salonId: call.salon_id, callId: call.id, attempt: attempt.number };
      const found = await asked(call, attempt, (account) => account.fetchCall(sid)).catch(
        (error: unknown) => {
          logger.warn("call cannot be asked after", { ...fields, error });
          return undefined;
        },
      );
      const result = found && (await calls.report(call.id, attempt.number, progressOf(found)));
      if (result?.outcome === "moved") {
        logger.warn("end of a call was not told, but found at Twilio", {
          ...fields,
          state: result.call.state,
        });
        return result.call;
      }
      const isGivenUp = clock.now() > plusSeconds(attempt.started_at, FOLLOW_SECONDS);
      if (!isGivenUp) return calls.lookAgain(call.id, plusSeconds(clock.now(), FOLLOW_UP_SECONDS));
      logger.error("end of a call is not known, no longer asked after", fields);
      const ended = await calls.report(call.id, attempt.number, {
        sid,
        state: "failed",
        failure: NOBODY_KNOWS,
      });
      return ended.outcome === "moved" ? ended.call : undefined;
    },
  };

  function verdictOnMissing(call: OutboundCall, attempt: CallAttempt, looked: boolean): CallVerdict {
    const now = clock.now();
    if (looked && attempt.looks + 1 >= LOOKS_UNTIL_ABSENT) return { kind: "absent", retryAt: now };
    if (!looked && call.expires_at <= now) return { kind: "fail", failure: NOBODY_KNOWS };
    return { kind: "uncertain", looked, lookAt: plusSeconds(now, deps.recheckSeconds) };
  }

  /** The oldest first, so that two calls to one person are matched in the order they were made. */
  async function candidates(call: OutboundCall, attempt: CallAttempt): Promise<PlacedCall[] | undefined> {
    const createdAfter = plusSeconds(attempt.started_at, -CLOCK_SKEW_SECONDS);
    const filter = { to: call.to, from: attempt.sender, createdAfter, limit: LIST_LIMIT };
    const listed = await asked(call, attempt, (account) => account.listCalls(filter));
    return listed?.filter(({ isRequested }) => isRequested).reverse();
  }

  /**
   * Undefined when the salon no longer has the credentials of the account that was asked. Every token of that account is
   * tried, and when Twilio takes none of them, once more what a rotation has stored meanwhile.
   */
  async function asked<T>(
    { salon_id: salonId }: OutboundCall,
    attempt: CallAttempt,
    ask: (account: TwilioAccount) => Promise<T>,
  ): Promise<T | undefined> {
    const tried = new Set<string>();
    let refused: unknown;
    for (const _ of ["as stored", "once more"]) {
      const integration = await deps.integrations.get(salonId, { fresh: true });
      for (const sealed of sealedCredentialsOf(integration, clock.now())) {
        const opened = await openCredentials(deps.vault, salonId, sealed);
        const token = opened.authToken.reveal();
        if (accountFingerprint(opened.accountSid) !== attempt.account || tried.has(token)) continue;
        tried.add(token);
        try {
          return await ask(deps.twilio.account(opened));
        } catch (error) {
          if (!isCredentialFailure(error)) throw error;
          refused = error;
        }
      }
      if (refused === undefined) return undefined;
    }
    throw refused;
  }
}

/** Twilio's words; one we do not know says that it has the call, and no more. */
export function progressOf({ sid, status, durationSeconds }: PlacedCall): CallProgress {
  return { sid, state: CallState.catch("queued").parse(status), durationSeconds };
}
