import type { Threads } from "#shared/contacts/threads.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164, type PartyOf, withoutChannelPrefix } from "#shared/core/phone.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Message } from "#shared/twilio/messages.ts";
import { isReachedAt, type SyncedAccount } from "./accounts.ts";

interface Deps {
  readonly database: Database;
  readonly threads: Pick<Threads, "salonOf">;
  readonly partyOf: PartyOf;
}

/** Firestore compares with so many values at once. */
const MOST_AT_ONCE = 30;

/**
 * Whose the messages of a parent's list are: what we sent or stored has a ledger row that names its SID and its salon,
 * and a customer's message that we do not know is the salon's that wrote to them from that number.
 */
export function createOwnersOf({ database, threads, partyOf }: Deps) {
  return async (account: SyncedAccount, messages: readonly Message[]): Promise<(SalonId | undefined)[]> => {
    const known = await charged(messages.map(({ sid }) => sid));
    return Promise.all(
      messages.map(
        (message) =>
          known.get(message.sid) ?? (isOfCustomer(message, account) ? writtenTo(message) : undefined),
      ),
    );
  };

  function isOfCustomer(message: Message, account: SyncedAccount): boolean {
    return message.direction === "inbound" && isReachedAt(account, message.to);
  }

  async function writtenTo({ to, from = "" }: Message): Promise<SalonId | undefined> {
    const number = E164.safeParse(withoutChannelPrefix(to)).data;
    return number === undefined ? undefined : threads.salonOf(number, partyOf(withoutChannelPrefix(from)));
  }

  async function charged(sids: readonly string[]): Promise<ReadonlyMap<string, SalonId>> {
    const found = new Map<string, SalonId>();
    for (let at = 0; at < sids.length; at += MOST_AT_ONCE) {
      const some = sids.slice(at, at + MOST_AT_ONCE);
      const rows = await database.run((firestore) =>
        firestore
          .collectionGroup("usage_ledger")
          .where("twilio_sid", "in", some)
          .select("twilio_sid", "salon_id")
          .get(),
      );
      for (const row of rows.docs) {
        const salonId = SalonId.safeParse(row.get("salon_id")).data;
        if (salonId !== undefined) found.set(String(row.get("twilio_sid")), salonId);
      }
    }
    return found;
  }
}
