import { FieldPath } from "firebase-admin/firestore";
import { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import { accountFingerprint, SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { AccountKey, SalonOwner } from "./progress.ts";
import type { ProgressStore } from "./progress-store.ts";

/** Of an integration, what says which accounts it has, for `select`: no credential leaves the database. */
const FIELDS = [
  "twilio.account_sid.nonce",
  "twilio.previous.expires_at",
  "twilio.previous.same_account",
  "platform.account_sid.nonce",
] as const;
const Sealed = z.object({ nonce: z.string() }).partial().nullish();
const Accounts = z.object({
  twilio: z
    .object({ account_sid: Sealed, previous: z.object({ same_account: z.boolean() }).partial().nullish() })
    .nullish(),
  platform: z.object({ account_sid: Sealed }).nullish(),
});

/** `message_sync_passes/salons`: the last salon whose accounts were looked up; null before the first. */
const Pass = z.object({ after: z.string().nullable(), updated_at: Instant });

interface Deps {
  readonly database: Database;
  readonly progress: ProgressStore;
  readonly defaultSenders: DefaultSenders;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Makes new accounts known: the parents, and one page of salons a call, over and over. Two calls at once look twice at the same salons,
 * which changes nothing.
 */
export function createRollCall({
  database,
  progress,
  defaultSenders,
  clock,
  logger,
}: Deps): (pageSize: number) => Promise<void> {
  const reference = database.firestore.doc("message_sync_passes/salons");
  return async (pageSize) => {
    await progress.add(await parents());
    const after = Pass.safeParse((await database.run(() => reference.get())).data()).data?.after ?? null;
    const ordered = database.firestore
      .collection("salon_integrations")
      .orderBy(FieldPath.documentId())
      .select(...FIELDS)
      .limit(pageSize);
    const page = await database.run(() => (after === null ? ordered : ordered.startAfter(after)).get());
    await progress.add(page.docs.flatMap((document) => accountsOf(document.id, document.data())));
    const isLast = page.size < pageSize;
    const next = isLast ? null : (page.docs.at(-1)?.id ?? null);
    await database.run(() => reference.set({ after: next, updated_at: clock.now() }));
  };

  /** While Secret Manager is away, those that are known already are enough. */
  async function parents(): Promise<AccountKey[]> {
    try {
      return (await defaultSenders.list()).map(({ accountSid }) => ({
        salon_id: null,
        owner: "platform_default",
        account: accountFingerprint(accountSid),
      }));
    } catch (error) {
      logger.warn("parent accounts not looked up", { error });
      return [];
    }
  }

  /** One malformed document keeps no other salon from being read. */
  function accountsOf(id: string, data: unknown): AccountKey[] {
    const salonId = SalonId.safeParse(id).data;
    const accounts = Accounts.safeParse(data);
    if (salonId === undefined || !accounts.success) {
      logger.error("integration not understood, its accounts are not read", {
        salonId: id,
        error: accounts.error,
      });
      return [];
    }
    const { twilio, platform } = accounts.data;
    const owners: SalonOwner[] = [];
    if (twilio?.account_sid != null) owners.push("salon_own");
    if (twilio?.previous != null && twilio.previous.same_account !== true) owners.push("salon_previous");
    if (platform?.account_sid != null) owners.push("platform_subaccount");
    return owners.map((owner) => ({ salon_id: salonId, owner, account: null }));
  }
}
