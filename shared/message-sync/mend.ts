import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { isMiscounted, type MessageCosts } from "#shared/messages/cost-store.ts";
import type { InboundIntake } from "#shared/messages/inbound-intake.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { twilioState } from "#shared/messages/state.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import type { Message } from "#shared/twilio/messages.ts";
import { isReachedAt, type SyncedAccount } from "./accounts.ts";
import { type Listed, lookUp } from "./known-rows.ts";
import { lateArrival } from "./late-arrival.ts";
import { type Counts, NOTHING, plus } from "./progress.ts";

export interface MendDeps {
  readonly database: Database;
  readonly messages: OutboundMessages;
  readonly costs: MessageCosts;
  readonly intake: InboundIntake;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Reading {
  /** Whose each of them is; undefined of one that is nobody's. */
  readonly ownersOf: (messages: readonly Message[]) => Promise<(SalonId | undefined)[]>;
  /** Undefined while none of its customers' messages may be stored. */
  readonly openSalon: (salonId: SalonId) => Promise<Salon | undefined>;
  readonly account: SyncedAccount;
  readonly twilio: TwilioAccount;
  /** Nothing older is looked at. */
  readonly since: Date;
  /** Customers' messages from before are not ours to take; null where none reach us. */
  readonly reachedSince: Date | null;
  /** Those whose taking in was begun and may not have ended. */
  readonly taking: readonly string[];
  /** Puts on record which messages are about to be taken in. */
  readonly willTake: (sids: readonly string[]) => Promise<void>;
}

export interface Mended {
  readonly counts: Counts;
  /** What of `taking` has been seen to. */
  readonly taken: readonly string[];
}

/** A customer's message with the salon that is to have it. */
interface Missed extends Listed {
  readonly salonId: SalonId;
  readonly salon: Salon;
}

/** A webhook that is still being tried is not a missed one; Twilio gives up after 15 s an address. */
const GRACE_SECONDS = 60;
const AT_ONCE = 8;

/** Brings one page of Twilio's list into our records. Repeated, it changes nothing. */
export function createMend(deps: MendDeps): (page: readonly Message[], reading: Reading) => Promise<Mended> {
  const { messages, costs, clock, logger } = deps;
  return async (page, reading) => {
    const wanted = page.filter((message) => lastSeen(message) >= reading.since);
    const listed = await lookUp(deps.database, await reading.ownersOf(wanted), wanted);
    const missed = await takeable(
      listed.filter((each) => isMissed(each, reading)),
      reading,
    );
    const sids = missed.map(({ message }) => message.sid);
    if (missed.length > 0) await reading.willTake(sids);
    const received = await inTurns(missed, (each) => receive(each, reading));
    const others = listed.filter(({ message }) => !sids.includes(message.sid));
    const mended = await inTurns(others, (each) => bringForward(each, reading));
    return { counts: [...received, ...mended].reduce(plus, NOTHING), taken: sids };
  };

  async function bringForward(
    { message, salonId, kind, row, isPriced, outbound }: Listed,
    reading: Reading,
  ): Promise<Counts> {
    if (salonId === undefined || (row === undefined && message.direction === "inbound"))
      return { ...NOTHING, unknown: Number(message.direction === "outbound") };
    if (row === undefined) return arrivedLate(message, salonId, reading);
    if (row.account !== reading.account.fingerprint) return { ...NOTHING, unknown: 1 };
    const moved = outbound !== undefined && (await moveOn(message, outbound));
    const isNews = (message.price !== undefined && !isPriced) || isMiscounted(row, message.segments);
    if (!isNews) return { ...NOTHING, moved: Number(moved) };
    const { segments, price, status } = message;
    const seen = { segments, price, failed: status === "failed" };
    const { recounted, priced } = await costs.record(salonId, kind, message.sid, seen);
    return { ...NOTHING, moved: Number(moved), recounted: Number(recounted), priced: Number(priced) };
  }

  /**
   * What goes out through an account of the platform's is a message of ours, so that one without a row has been given up
   * as absent. An account of a salon's own may send for other software.
   */
  async function arrivedLate(message: Message, salonId: SalonId, { account }: Reading): Promise<Counts> {
    const { sid, status, errorCode } = message;
    const state = twilioState(status);
    const found =
      account.billedTo === "platform"
        ? await lateArrival(deps.database, message, { salonId, account: account.fingerprint })
        : undefined;
    if (found === undefined || state === undefined) return { ...NOTHING, unknown: 1 };
    const { id, attempt } = found;
    const code = errorCode === undefined ? {} : { errorCode };
    const { outcome } = await messages.report(id, attempt, { sid, state, ...code });
    const fields = { salonId, messageId: id, attempt, state, outcome };
    if (outcome === "doubled") logger.error("one message was sent twice", fields);
    return { ...NOTHING, moved: 1 };
  }

  /** Whether the message is further now. */
  async function moveOn(
    { sid, status, errorCode }: Message,
    { id, attempts }: NonNullable<Listed["outbound"]>,
  ): Promise<boolean> {
    const attempt = attempts.find((each) => each.sid === sid);
    const state = twilioState(status);
    if (attempt === undefined || state === undefined || attempt.state === state) return false;
    const code = errorCode === undefined ? {} : { errorCode };
    const result = await messages.report(id, attempt.number, { sid, state, ...code });
    return result.outcome === "moved";
  }

  /** A customer's message whose webhook did not arrive, or whose taking in was cut short. */
  function isMissed({ message, row }: Listed, { account, reachedSince, taking }: Reading): boolean {
    if (message.direction !== "inbound" || reachedSince === null) return false;
    if (!isReachedAt(account, message.to)) return false;
    if (taking.includes(message.sid)) return true;
    const isOver = message.createdAt <= plusSeconds(clock.now(), -GRACE_SECONDS);
    return row === undefined && isOver && message.createdAt >= reachedSince;
  }

  /** Those of open salons. */
  async function takeable(missed: readonly Listed[], { openSalon }: Reading): Promise<Missed[]> {
    const found = await Promise.all(
      missed.map(async (each) => {
        const { salonId } = each;
        const salon = salonId === undefined ? undefined : await openSalon(salonId);
        return salonId === undefined || salon === undefined ? [] : [{ ...each, salonId, salon }];
      }),
    );
    return found.flat();
  }

  async function receive({ message, salonId, salon }: Missed, { account, twilio }: Reading): Promise<Counts> {
    const { sid, to, body, segments, createdAt: receivedAt } = message;
    const media = message.mediaCount === 0 ? [] : await twilio.messageMedia(sid);
    const { billedTo, fingerprint, isShared } = account;
    const from = message.from ?? "";
    const arrival = { salonId, salon, account: fingerprint, billedTo, sid, from, to, body, segments, media };
    await deps.intake.take({ ...arrival, isShared, receivedAt });
    return { ...NOTHING, received: 1 };
  }

  /** A few at once. What trying again cannot help stands in the log, and stops no other. */
  async function inTurns<Each extends Listed>(
    listed: readonly Each[],
    act: (listed: Each) => Promise<Counts>,
  ): Promise<Counts[]> {
    const counts: Counts[] = [];
    for (let at = 0; at < listed.length; at += AT_ONCE) {
      const some = listed.slice(at, at + AT_ONCE).map((each) =>
        act(each).catch((thrown: unknown): Counts => {
          const error = toAppError(thrown);
          if (error.retry) throw error;
          const whose = each.salonId === undefined ? {} : { salonId: each.salonId };
          logger.error("message not brought forward", { ...whose, step: each.kind, error });
          return { ...NOTHING, failed: 1 };
        }),
      );
      counts.push(...(await Promise.all(some)));
    }
    return counts;
  }
}

/** When something happened to it, as far as the list says. */
function lastSeen({ createdAt, sentAt }: Message): Date {
  return sentAt !== undefined && sentAt > createdAt ? sentAt : createdAt;
}
