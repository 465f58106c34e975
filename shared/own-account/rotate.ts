import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { Secret } from "#shared/core/secret.ts";
import type { NextToken, TwilioConfig } from "#shared/salons/integration.ts";
import { isSameEnvelope, isStuck } from "#shared/salons/own-tokens.ts";
import { STUCK_REASON } from "#shared/salons/status.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type Change, type Changes, changedMeanwhile, requireRevision, whoChanged } from "./changes.ts";
import { createNewTokens } from "./new-token.ts";
import {
  isPreviousPrimary,
  type OpenedToken,
  openedOrOthers,
  openToken,
  probe,
  requireConnected,
  sealToken,
} from "./opened.ts";
import type { ChangedBy, NewToken } from "./own-accounts.ts";
import { refusal } from "./refusals.ts";
import { nextStep, ROLLBACK_SECONDS, swapped, withNext } from "./rotation.ts";

export interface RotationDeps {
  readonly changes: Changes;
  readonly twilio: Twilio;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How a rotation that had been begun ended; `none`: there was none. `stuck`: Twilio takes neither token. */
export type Finished = "swapped" | "dropped" | "stuck" | "none";

export interface Rotations {
  rotate(salonId: SalonId, token: NewToken, by: ChangedBy): Promise<{ rollbackUntil: Date }>;
  /** Brings a rotation that was begun to its end, from wherever it stopped. Throws while Twilio does not answer. */
  finish(salonId: SalonId, by: ChangedBy): Promise<Finished>;
  /** The same, long after: Twilio has had its time, so that the owner is told of a stuck one, once. */
  resume(salonId: SalonId, by: ChangedBy): Promise<Finished>;
}

/** More than a promotion, another one's promotion meanwhile, and the swap. */
const MOST_STEPS = 4;
const MOST_TRIES = 3;
/**
 * From storing a token to having Twilio sign with it. Every instance that verifies webhooks reads again when a signature
 * fails, and while forged ones use up what it may read, its copy is at most a second old.
 */
const CACHES_MS = 1_500;

const REJECTED_REASON = "Twilio no longer accepts the Auth Token; enter the one from your Twilio Console.";

export function createRotations({ changes, twilio, vault, clock, logger }: RotationDeps): Rotations {
  const { newToken, usePrimary } = createNewTokens({ changes, twilio, vault });

  return {
    async rotate(salonId, token, by) {
      for (let tries = 1; ; tries += 1) {
        const rotated = await rotateOnce(salonId, token, by);
        if (rotated !== "dropped") return rotated;
        // Somebody else's secondary token has replaced ours, and they have heard of the conflict: ours again.
        if (token.method === "pasted" || tries === MOST_TRIES) throw refusal("rotation_failed");
      }
    },
    finish: (salonId, by) => finish(salonId, by),
    resume: (salonId, by) => finish(salonId, by, (next) => noteStuck(salonId, by, next)),
  };

  async function rotateOnce(
    salonId: SalonId,
    token: NewToken,
    by: ChangedBy,
  ): Promise<{ rollbackUntil: Date } | "dropped"> {
    if ((await finish(salonId, by)) === "stuck" && token.method === "rotate_for_me") {
      throw refusal("credentials_rejected");
    }
    if (token.method === "rotate_for_me") await usePrimary(salonId, by);
    const known = await changes.read(salonId);
    const current = await openToken(vault, salonId, requireConnected(known));
    const made = await newToken(current, token).catch(async (error: unknown) => {
      await changes.refused(salonId, by, error);
      throw error;
    });
    const origin = token.method === "pasted" ? "pasted" : "secondary";
    const sealed = await sealToken(vault, salonId, made);
    await changes.apply(salonId, by, (stored, now) => {
      requireRevision(stored, known);
      return { action: "rotation_started", fields: { twilio: withNext(stored.twilio, sealed, origin, now) } };
    });
    const finished = await finish(salonId, by);
    if (finished === "dropped") return finished;
    if (finished === "stuck") throw refusal("rotation_failed");
    const { twilio: after } = await changes.read(salonId);
    // Another worker may have finished it for us; that somebody replaced it meanwhile is another matter.
    if (finished === "none" && !isSameEnvelope(after.auth_token, sealed)) throw changedMeanwhile();
    return { rollbackUntil: after.previous?.expires_at ?? rollbackEnd() };
  }

  async function finish(
    salonId: SalonId,
    by: ChangedBy,
    whenStuck: (next: NextToken) => Promise<void> = async () => {},
  ): Promise<Finished> {
    let secondaryIsGone = false;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const known = await changes.read(salonId);
      const next = known.twilio.next_auth_token;
      if (next === null) return "none";
      const { account_sid, auth_token } = requireConnected(known);
      const [old, coming] = await Promise.all([
        openedOrOthers(vault, salonId, { account_sid, auth_token }),
        openedOrOthers(vault, salonId, { account_sid, auth_token: next.auth_token }),
      ]);
      const [current, upcoming] = await Promise.all([probe(twilio, old), probe(twilio, coming)]);
      const primary = upcoming.primary ?? current.primary;
      const nextIsPrimary = primary === undefined ? undefined : primary === coming?.authToken.reveal();
      const nextSigns = secondaryIsGone || nextIsPrimary;
      const tokens = { current: current.says, next: upcoming.says };
      const doing = nextStep({ origin: next.origin, nextSigns, ...tokens });
      if (doing === "wait") throw refusal("twilio_unavailable");
      if (doing === "stuck") {
        await whenStuck(next);
        return "stuck";
      }
      if (doing === "drop" || coming === undefined) {
        await drop(salonId, by, next);
        return "dropped";
      }
      const keepsPrevious = () =>
        isPreviousPrimary({ vault, now: clock.now() }, salonId, known.twilio, { ...coming, primary });
      if (doing === "swap") {
        const signs = nextSigns === true;
        const keepPrevious = !signs && (await keepsPrevious());
        await swap(salonId, by, { next, sealed: next.auth_token, signs, keepPrevious });
        return verified(salonId, by, coming, next.auth_token);
      }
      await waitOutCaches(next);
      const promoted = await promote(coming);
      secondaryIsGone = promoted === "gone";
      if (!(promoted instanceof Secret)) continue;
      // Not ours when somebody made another secondary token meanwhile; it is the primary one now all the same.
      const isOurs = promoted.reveal() === coming.authToken.reveal();
      const sealed = isOurs ? next.auth_token : await sealToken(vault, salonId, promoted);
      await swap(salonId, by, { next, sealed, signs: true, keepPrevious: await keepsPrevious() });
      return verified(salonId, by, { ...coming, authToken: promoted }, sealed);
    }
    throw refusal("twilio_unavailable");
  }

  async function waitOutCaches({ stored_at }: NextToken): Promise<void> {
    const age = clock.now().getTime() - stored_at.getTime();
    if (age < CACHES_MS) await sleep(CACHES_MS - Math.max(age, 0));
  }

  /** The new primary token; `gone` when Twilio has no secondary one; `unclear` when what authenticates must tell. */
  async function promote(coming: OpenedToken): Promise<Secret | "gone" | "unclear"> {
    try {
      return await twilio.account(coming).promoteSecondaryToken();
    } catch (error) {
      if (!(error instanceof TwilioFailure)) throw error;
      return error.info.httpStatus === 404 ? "gone" : "unclear";
    }
  }

  interface Swap {
    readonly next: NextToken;
    readonly sealed: Envelope;
    readonly signs: boolean;
    readonly keepPrevious: boolean;
  }

  /** Whoever comes second finds it done: the next token is no longer the one it had read. */
  async function swap(salonId: SalonId, by: ChangedBy, { next, sealed, ...how }: Swap): Promise<void> {
    await changes.apply(salonId, by, ({ twilio: stored }, now) => {
      if (!isSameEnvelope(stored.next_auth_token?.auth_token, next.auth_token)) return undefined;
      const after = swapped(stored, sealed, { ...how, now });
      // A promotion ends the earlier token, so that there is nothing to promise.
      const rollback_until = next.origin === "pasted" ? (after.previous?.expires_at ?? null) : null;
      return {
        action: "credentials_rotated",
        fields: {
          twilio: { ...after, is_verified: true, verification_status: "verified", verified_at: now },
        },
        recompute: "rotation",
        notice: { kind: "credentials_changed", facts: { ...whoChanged(by), at: now, rollback_until } },
      };
    });
  }

  async function drop(salonId: SalonId, by: ChangedBy, next: NextToken): Promise<void> {
    await changes.apply(salonId, by, ({ twilio: stored }, now) => {
      if (!isSameEnvelope(stored.next_auth_token?.auth_token, next.auth_token)) return undefined;
      const twilio = { ...stored, next_auth_token: null };
      const change = { action: "rotation_failed", failure: "rotation_failed" } as const;
      if (!isStuck(stored)) return { ...change, fields: { twilio } };
      // Twilio takes the current one again, as after a suspension.
      const verified = { is_verified: true, verification_status: "verified", verified_at: now } as const;
      return { ...change, fields: { twilio: { ...twilio, ...verified } }, recompute: "status" };
    });
  }

  /**
   * A promotion whose answer was lost, and then another one by somebody else, leave no token that Twilio takes; nor does
   * it take any while the account is suspended. Both stay for that case, and are asked about again and again.
   */
  async function noteStuck(salonId: SalonId, by: ChangedBy, next: NextToken): Promise<void> {
    await changes.apply(salonId, by, ({ twilio: stored }, now) => {
      if (!isSameEnvelope(stored.next_auth_token?.auth_token, next.auth_token)) return undefined;
      if (isStuck(stored)) return undefined;
      return { ...rejected(stored, STUCK_REASON, now), recompute: "status" };
    });
  }

  /** The proof at the end. A Twilio that does not answer is no counter-proof: the token was taken just before. */
  async function verified(
    salonId: SalonId,
    by: ChangedBy,
    token: OpenedToken,
    sealed: Envelope,
  ): Promise<Finished> {
    const { says, error } = await probe(twilio, token);
    if (says === "authenticates") return "swapped";
    logger.warn("rotated credentials could not be verified", { salonId, outcome: says, error });
    if (says === "unknown") return "swapped";
    const noted = await changes.apply(salonId, by, ({ twilio: stored }, now) => {
      if (!isSameEnvelope(stored.auth_token, sealed)) return undefined;
      const { fields, ...change } = rejected(stored, REJECTED_REASON, now);
      return { ...change, fields: { ...fields, status: "error", status_reason: REJECTED_REASON } };
    });
    throw noted === undefined ? changedMeanwhile() : refusal("credentials_rejected");
  }

  function rollbackEnd(): Date {
    return new Date(clock.now().getTime() + ROLLBACK_SECONDS * 1000);
  }
}

/** What is written down, and told the owner, of an account whose token Twilio refuses. */
function rejected(twilio: TwilioConfig, reason: string, now: Date) {
  return {
    action: "rotation_failed",
    failure: "credentials_rejected",
    fields: { twilio: { ...twilio, is_verified: false, verification_status: "failed" } },
    notice: { kind: "integration_failed", facts: { reason, at: now } },
  } as const satisfies Change;
}
