import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { AccountHealth } from "#shared/health/account-health.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import { isCredentialFailure } from "#shared/salons/credentials.ts";
import { Trouble } from "#shared/salons/integration.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";
import { classify, TwilioFailure } from "#shared/twilio/errors.ts";
import type { MessagePage, PagePosition } from "#shared/twilio/messages.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { nameOf, parentAccount, type SyncedAccount, syncedAccount } from "./accounts.ts";
import type { createMend } from "./mend.ts";
import type { createMendCalls } from "./mend-calls.ts";
import type { createOwnersOf } from "./owners-of.ts";
import {
  afterPage,
  type Counts,
  forAccount,
  inTurn,
  NOTHING,
  type Progress,
  plus,
  type Turn,
} from "./progress.ts";
import type { ProgressStore } from "./progress-store.ts";

export interface ReadAccountDeps {
  readonly integrations: Integrations;
  readonly salons: Salons;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly defaultSenders: DefaultSenders;
  readonly health: Pick<AccountHealth, "report">;
  readonly progress: ProgressStore;
  readonly ownersOf: ReturnType<typeof createOwnersOf>;
  readonly mend: ReturnType<typeof createMend>;
  readonly mendCalls: ReturnType<typeof createMendCalls>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ReadLimits {
  /** Messages of one request: few where mostly nothing is new, many where three days are read; Twilio gives 1,000. */
  readonly pageSize: Readonly<Record<Turn["kind"], number>>;
  /** Pages of one account in one run; the next run goes on behind them. */
  readonly pages: number;
  /** Calls of one turn, the newest first. */
  readonly calls: number;
  /** How long a worker may take for a page, until another may think it dead. */
  readonly leaseSeconds: number;
  /** From the end of a turn to the next; a little less than a tick, so that every tick finds the account due. */
  readonly everySeconds: number;
  /** How long an account rests whose credentials Twilio refuses. */
  readonly refusedSeconds: number;
}

interface At {
  readonly page: MessagePage;
  readonly account: TwilioAccount;
}

/**
 * Reads on in one account's list, page by page, and remembers after each where it is. A worker that dies is followed by
 * another that begins with the page it died in. Gives what was mended.
 */
export function createReadAccount(deps: ReadAccountDeps, limits: ReadLimits) {
  const { progress: store, clock } = deps;

  return async (taken: Progress, holder: string): Promise<Counts | undefined> => {
    const { salon_id: salonId } = taken;
    const account = await accountOf(taken);
    if (account === undefined) {
      await store.remove(taken);
      return undefined;
    }
    const save = async (changed: Progress, dueSeconds: number): Promise<Progress> => {
      const now = clock.now();
      const kept = { ...changed, due_at: plusSeconds(now, dueSeconds), last_run_at: now };
      if (await store.save(holder, kept)) return kept;
      const context = salonId === null ? {} : { salonId };
      throw new AppError("conflict", "Another worker has taken this account over.", { context });
    };

    const { fingerprint, connectedAt } = account;
    let current = forAccount(taken, { fingerprint, connectedAt, reachedAt: nameOf(account) }, clock.now());
    let counts = NOTHING;
    for (let pages = 1; ; pages += 1) {
      const reading = inTurn(current, clock.now());
      const read = await pageAt(account, reading.turn).catch(async (error: unknown) => {
        await save({ ...reading, holder: null }, restAfter(error));
        await tellTrouble(taken, error);
        throw error;
      });
      let { taking } = reading;
      const mended = await deps.mend(read.page.messages, {
        ownersOf: async (messages) =>
          salonId === null ? deps.ownersOf(account, messages) : messages.map(() => salonId),
        openSalon,
        account,
        twilio: read.account,
        since: reading.turn.since,
        reachedSince: reading.reached?.since ?? null,
        taking,
        willTake: async (sids) => {
          taking = [...new Set([...taking, ...sids])];
          await save({ ...reading, taking }, limits.leaseSeconds);
        },
      });
      counts = plus(counts, mended.counts);
      const done = {
        ...reading,
        taking: taking.filter((sid) => !mended.taken.includes(sid)),
        counts: plus(reading.counts, mended.counts),
      };
      let further = afterPage(done, reachesFurther(read.page, reading.turn) ? read.page.next : null);
      const isEnd = further.turn === null;
      if (isEnd && salonId !== null) {
        const brought = await bringCalls(salonId, account, reading, read.account);
        counts = plus(counts, brought);
        further = { ...further, counts: plus(further.counts, brought) };
      }
      if (isEnd || pages === limits.pages) {
        await save({ ...further, holder: null }, isEnd ? limits.everySeconds : 0);
        return counts;
      }
      current = await save(further, limits.leaseSeconds);
    }
  };

  async function accountOf({ salon_id, owner, account }: Progress): Promise<SyncedAccount | undefined> {
    if (owner === "platform_default" || salon_id === null)
      return account === null ? undefined : parentAccount(deps.defaultSenders, account);
    const integration = await deps.integrations.get(salon_id, { fresh: true });
    return syncedAccount(deps.vault, salon_id, integration, owner, clock.now());
  }

  /** Twilio keeps calls in a list of their own. When it cannot be read, the next turns and each day's look back are enough. */
  async function bringCalls(
    salonId: SalonId,
    account: SyncedAccount,
    { turn, reached }: Progress & { readonly turn: Turn },
    twilio: TwilioAccount,
  ): Promise<Counts> {
    try {
      const calls = await twilio.callsSince({ startedAfter: turn.since, limit: limits.calls });
      const reachedSince = reached?.since ?? null;
      return await deps.mendCalls(calls, {
        salonId,
        salon: await chargedSalon(salonId),
        account,
        reachedSince,
      });
    } catch (error) {
      if (!(error instanceof TwilioFailure)) throw error;
      deps.logger.warn("calls not read", { salonId, error });
      return NOTHING;
    }
  }

  /** An account that Twilio refuses is in trouble, though nothing was to be sent through it now. */
  async function tellTrouble({ salon_id, owner }: Progress, error: unknown): Promise<void> {
    if (!(error instanceof TwilioFailure) || error.info.certainty !== "rejected") return;
    const trouble = Trouble.shape.class.exclude(["sender"]).safeParse(error.info.class).data;
    if (trouble === undefined) return;
    if (salon_id === null) {
      deps.logger.error("Twilio refuses a parent account", { reason: trouble, error });
      return;
    }
    if (owner !== "salon_own" && owner !== "platform_subaccount") return;
    const code = error.info.code ?? null;
    await deps.health.report(salon_id, owner, { class: trouble, code, channel: "sms" });
  }

  /** What is too busy now may be asked by the next tick; who refuses the credentials does not change its mind so soon. */
  function restAfter(error: unknown): number {
    if (isCredentialFailure(error)) return limits.refusedSeconds;
    return classify(error).certainty === "not_processed" ? 0 : limits.everySeconds;
  }

  /** Undefined while a salon is closed or erased: what its messages cost still counts, its customers' are not stored. */
  async function openSalon(salonId: SalonId): Promise<Salon | undefined> {
    try {
      return await deps.salons.openForMessages(salonId);
    } catch (error) {
      if (error instanceof AppError && !error.retry) return undefined;
      throw error;
    }
  }

  /** Undefined while a salon is erased: what is gone must not come back. A closed one's calls cost minutes all the same. */
  async function chargedSalon(salonId: SalonId): Promise<Salon | undefined> {
    const integration = await deps.integrations.get(salonId);
    return integration?.erasing === true ? undefined : deps.salons.find(salonId);
  }

  /** By the first token that Twilio takes. A place that Twilio no longer knows is left for the beginning of the list. */
  async function pageAt(account: SyncedAccount, { kind, next }: Turn): Promise<At> {
    const size = limits.pageSize[kind];
    try {
      return await withTokens(account, size, next);
    } catch (error) {
      const isLost = next !== null && error instanceof TwilioFailure && error.info.certainty === "rejected";
      if (!isLost || isCredentialFailure(error)) throw error;
      return withTokens(account, size, null);
    }
  }

  async function withTokens(
    { credentials }: SyncedAccount,
    size: number,
    at: PagePosition | null,
  ): Promise<At> {
    let refused: unknown;
    for (const each of credentials) {
      const account = deps.twilio.account(each);
      try {
        return { account, page: await account.pageMessages({ size, at }) };
      } catch (error) {
        if (!isCredentialFailure(error)) throw error;
        refused = error;
      }
    }
    throw refused;
  }
}

/** Whether older pages may hold something of the turn, by whichever of its two dates Twilio orders the list. */
function reachesFurther({ messages }: MessagePage, { since }: Turn): boolean {
  const last = messages.at(-1);
  return (
    last !== undefined && (last.createdAt >= since || (last.sentAt !== undefined && last.sentAt >= since))
  );
}
