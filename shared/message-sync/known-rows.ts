import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import type { UsageKind } from "#shared/ledger/rate-card.ts";
import { LedgerRow, ledgerRowId } from "#shared/ledger/row.ts";
import { OutboundMessage } from "#shared/messages/message.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Message } from "#shared/twilio/messages.ts";

/** A message of Twilio's list beside what we have of it. */
export interface Listed {
  readonly message: Message;
  /** Whose it is; undefined of one that is nobody's. */
  readonly salonId: SalonId | undefined;
  readonly kind: UsageKind;
  /** Its first ledger row: whatever we sent or stored has one, and keeps it when the message itself is erased. */
  readonly row: LedgerRow | undefined;
  readonly isPriced: boolean;
  /** Of an outbound one, as long as it is kept. */
  readonly outbound: OutboundMessage | undefined;
}

/** Looks a page's messages up by their SIDs, in three reads whatever their number. `owners`: whose each of them is. */
export async function lookUp(
  database: Database,
  owners: readonly (SalonId | undefined)[],
  messages: readonly Message[],
): Promise<Listed[]> {
  const kinds = messages.map(kindOf);
  const rowPath = (index: number, id: string) => rowPathOf(owners[index], id);
  const rows = await readAll(
    database,
    messages.map(({ sid }, index) => rowPath(index, ledgerRowId(sid, kinds[index] ?? "sms_outbound"))),
  );
  const parsed = rows.map((row) =>
    row?.exists ? parseDocument(LedgerRow, row.ref.path, row.data()) : undefined,
  );
  const [prices, documents] = await Promise.all([
    readAll(
      database,
      messages.map(({ sid, price }, index) =>
        parsed[index] === undefined || price === undefined
          ? undefined
          : rowPath(index, ledgerRowId(sid, kinds[index] ?? "sms_outbound", "price")),
      ),
    ),
    readAll(
      database,
      messages.map(({ direction }, index) => {
        const id = parsed[index]?.message_id ?? null;
        return direction === "inbound" || id === null ? undefined : `messages/${id}`;
      }),
    ),
  ]);
  return messages.map((message, index) => ({
    message,
    salonId: owners[index],
    kind: kinds[index] ?? "sms_outbound",
    row: parsed[index],
    isPriced: prices[index]?.exists === true,
    outbound: OutboundMessage.safeParse(documents[index]?.data()).data,
  }));
}

function kindOf({ direction, to, from }: Message): UsageKind {
  const isWhatsApp = to.startsWith("whatsapp:") || from?.startsWith("whatsapp:") === true;
  return `${isWhatsApp ? "whatsapp" : "sms"}_${direction}`;
}

function rowPathOf(salonId: SalonId | undefined, id: string): string | undefined {
  return salonId === undefined ? undefined : `salons/${salonId}/usage_ledger/${id}`;
}

/** In the order of the paths, one read for all of them. */
export async function readAll(
  database: Database,
  paths: readonly (string | undefined)[],
): Promise<(DocumentSnapshot | undefined)[]> {
  const references = paths.flatMap((path) => (path === undefined ? [] : [database.firestore.doc(path)]));
  if (references.length === 0) return paths.map(() => undefined);
  const found = await database.run((firestore) => firestore.getAll(...references));
  const byPath = new Map(found.map((snapshot) => [snapshot.ref.path, snapshot]));
  return paths.map((path) => (path === undefined ? undefined : byPath.get(path)));
}
