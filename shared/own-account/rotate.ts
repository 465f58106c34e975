import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { Secret } from "#shared/core/secret.ts";
import type { NextToken, SalonIntegration } from "#shared/salons/integration.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type Changes, changedMeanwhile, inWords, requireRevision } from "./changes.ts";
import { type OpenedToken, openToken, probe, requireConnected, sealToken } from "./opened.ts";
import type { ChangedBy, NewToken } from "./own-accounts.ts";
import { asRefusal, refusal } from "./refusals.ts";
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
}

/** More than a promotion, another one's promotion meanwhile, and the swap. */
const MOST_STEPS = 4;
const MOST_TRIES = 3;

export function createRotations({ changes, twilio, vault, clock, logger }: RotationDeps): Rotations {
  return {
    async rotate(salonId, token, by) {
      for (let tries = 1; ; tries += 1) {
        const rotated = await rotateOnce(salonId, token, by);
        if (rotated !== "dropped") return rotated;
        // Somebody else's secondary token has replaced ours, and they have heard of the conflict: ours again.
        if (token.method === "pasted" || tries === MOST_TRIES) throw refusal("rotation_failed");
      }
    },
    finish,
  };

  async function rotateOnce(
    salonId: SalonId,
    token: NewToken,
    by: ChangedBy,
  ): Promise<{ rollbackUntil: Date } | "dropped"> {
    if ((await finish(salonId, by)) === "stuck" && token.method === "rotate_for_me") {
      throw refusal("credentials_rejected");
    }
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
    if (finished === "none" && !isSame(after.auth_token, sealed)) throw changedMeanwhile();
    return { rollbackUntil: after.previous?.expires_at ?? rollbackEnd() };
  }

  async function newToken(current: OpenedToken, token: NewToken): Promise<Secret> {
    const { accountSid } = current;
    try {
      if (token.method === "pasted") {
        if ((token.accountSid ?? accountSid) !== accountSid) throw refusal("sid_of_another_account");
        if (token.authToken.reveal() === current.authToken.reveal()) throw refusal("token_unchanged");
        await requireTaken({ accountSid, authToken: token.authToken });
        return token.authToken;
      }
      const authToken = await twilio.account(current).createSecondaryToken();
      await requireTaken({ accountSid, authToken }).catch((error: unknown) => {
        // Twilio has just made it, so that another one took its place: somebody else rotates as well.
        throw error instanceof TwilioFailure && error.info.certainty === "rejected"
          ? changedMeanwhile()
          : error;
      });
      return authToken;
    } catch (error) {
      throw asRefusal(error);
    }
  }

  async function requireTaken(token: OpenedToken): Promise<void> {
    const { sid, status } = await twilio.account(token).fetchAccount();
    if (sid !== token.accountSid) throw refusal("sid_of_another_account");
    if (status === "closed") throw refusal("account_closed");
    if (status !== "active") throw refusal("account_suspended");
  }

  async function finish(salonId: SalonId, by: ChangedBy): Promise<Finished> {
    let secondaryIsGone = false;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const known = await changes.read(salonId);
      const next = known.twilio.next_auth_token;
      if (next === null) return "none";
      const { account_sid, auth_token } = requireConnected(known);
      const [old, coming] = await Promise.all([
        openToken(vault, salonId, { account_sid, auth_token }),
        openToken(vault, salonId, { account_sid, auth_token: next.auth_token }),
      ]);
      const [current, upcoming] = await Promise.all([probe(twilio, old), probe(twilio, coming)]);
      const primary = upcoming.primary ?? current.primary;
      const nextSigns = secondaryIsGone || primary === coming.authToken.reveal();
      const tokens = { current: current.says, next: upcoming.says };
      switch (nextStep({ origin: next.origin, nextSigns, ...tokens })) {
        case "promote": {
          const promoted = await promote(coming);
          secondaryIsGone = promoted === "gone";
          if (!(promoted instanceof Secret)) continue;
          // Not ours when somebody made another secondary token meanwhile; it is the primary one now all the same.
          const isOurs = promoted.reveal() === coming.authToken.reveal();
          const sealed = isOurs ? next.auth_token : await sealToken(vault, salonId, promoted);
          await swap(salonId, by, { known, next, sealed, keepPrevious: false });
          return verified(salonId, by, { ...coming, authToken: promoted });
        }
        case "swap": {
          const keepPrevious = await isPreviousPrimary(salonId, known, coming.accountSid, primary);
          await swap(salonId, by, { known, next, sealed: next.auth_token, keepPrevious });
          return verified(salonId, by, coming);
        }
        case "drop":
          await drop(salonId, by, next);
          return "dropped";
        case "stuck":
          return "stuck";
        case "wait":
          throw refusal("twilio_unavailable");
      }
    }
    throw refusal("twilio_unavailable");
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
    readonly known: SalonIntegration;
    readonly next: NextToken;
    readonly sealed: Envelope;
    readonly keepPrevious: boolean;
  }

  /** Whoever comes second finds it done: the next token is no longer the one it had read. */
  async function swap(salonId: SalonId, by: ChangedBy, { next, sealed, keepPrevious }: Swap): Promise<void> {
    await changes.apply(salonId, by, ({ twilio: stored }, now) => {
      if (!isSame(stored.next_auth_token?.auth_token, next.auth_token)) return undefined;
      const after = swapped(stored, sealed, { keepPrevious, now });
      // A promotion ends the earlier token, so that there is nothing to promise.
      const rollback_until = next.origin === "pasted" ? (after.previous?.expires_at ?? null) : null;
      return {
        action: "credentials_rotated",
        fields: {
          twilio: { ...after, is_verified: true, verification_status: "verified", verified_at: now },
        },
        recompute: "rotation",
        notice: { kind: "credentials_changed", facts: { by: inWords(by.actor), at: now, rollback_until } },
      };
    });
  }

  async function drop(salonId: SalonId, by: ChangedBy, next: NextToken): Promise<void> {
    await changes.apply(salonId, by, ({ twilio: stored }) => {
      if (!isSame(stored.next_auth_token?.auth_token, next.auth_token)) return undefined;
      const fields = { twilio: { ...stored, next_auth_token: null } };
      return { action: "rotation_failed", failure: "rotation_failed", fields };
    });
  }

  /** The proof at the end. A Twilio that does not answer is no counter-proof: the token was taken just before. */
  async function verified(salonId: SalonId, by: ChangedBy, token: OpenedToken): Promise<Finished> {
    const { says, error } = await probe(twilio, token);
    if (says === "authenticates") return "swapped";
    logger.warn("rotated credentials could not be verified", { salonId, outcome: says, error });
    if (says === "unknown") return "swapped";
    const status_reason = "Twilio no longer accepts the Auth Token; enter the one from your Twilio Console.";
    await changes.apply(salonId, by, ({ twilio: stored }) => ({
      action: "rotation_failed",
      failure: "credentials_rejected",
      fields: {
        twilio: { ...stored, is_verified: false, verification_status: "failed" },
        status: "error",
        status_reason,
      },
    }));
    throw refusal("credentials_rejected");
  }

  /** Whether the previous token is the one that still signs: a pasted secondary one never did. */
  async function isPreviousPrimary(
    salonId: SalonId,
    { twilio: { previous } }: SalonIntegration,
    accountSid: string,
    primary: string | undefined,
  ): Promise<boolean> {
    if (previous === null || primary === undefined || previous.expires_at <= clock.now()) return false;
    const opened = await openToken(vault, salonId, previous).catch((error: unknown) => {
      if (error instanceof AppError && !error.retry) return undefined;
      throw error;
    });
    return opened?.accountSid === accountSid && opened.authToken.reveal() === primary;
  }

  function rollbackEnd(): Date {
    return new Date(clock.now().getTime() + ROLLBACK_SECONDS * 1000);
  }
}

function isSame(left: Envelope | null | undefined, right: Envelope): boolean {
  return left?.ciphertext === right.ciphertext && left.nonce === right.nonce;
}
