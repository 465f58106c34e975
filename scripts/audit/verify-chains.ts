import { FieldPath, type Query } from "firebase-admin/firestore";
import { type ChainCheck, type Problem, startChainCheck } from "#shared/audit/check-chain.ts";
import { ENTRIES, entryId, HEADS, readEntryId } from "#shared/audit/entry.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { HeadsBySalon } from "./logged-heads.ts";

export interface Verification {
  readonly chains: number;
  readonly entries: number;
  readonly problems: readonly Problem[];
}

interface Options {
  /** One salon, else all. */
  readonly salonId?: string | undefined;
  /** What the log bucket was told. */
  readonly logged?: HeadsBySalon | undefined;
  readonly pageSize?: number;
}

interface StoredDocument {
  readonly id: string;
  readonly data: Record<string, unknown>;
}

const PAGE_SIZE = 300;

/**
 * Walks the chains page by page, holding a few words a salon. The heads are read first; a chain that then looks wrong
 * is judged by its head as it is now, so that an entry written meanwhile is no problem.
 */
export async function verifyChains(
  database: Database,
  { salonId, logged = new Map(), pageSize = PAGE_SIZE }: Options,
): Promise<Verification> {
  const checks = new Map<string, ChainCheck>();
  const checkOf = (id: string, head?: unknown) => {
    const check = checks.get(id) ?? startChainCheck(id, { head, logged: logged.get(id) });
    checks.set(id, check);
    return check;
  };
  for await (const { id, data } of pages(database, HEADS, pageSize, salonId && [salonId, salonId])) {
    checkOf(id, data);
  }
  for (const id of logged.keys()) if (salonId === undefined || id === salonId) checkOf(id);

  let entries = 0;
  for await (const stored of pages(database, ENTRIES, pageSize, salonId && rangeOf(salonId))) {
    const owner = ownerOf(stored);
    if (salonId !== undefined && owner !== salonId) continue;
    entries += 1;
    checkOf(owner).follow(stored);
  }

  const problems: Problem[] = [];
  for (const [id, check] of checks) {
    if (check.end().length === 0) continue;
    const head = await database.run((firestore) => firestore.collection(HEADS).doc(id).get());
    problems.push(...check.end(head.data()));
  }
  return { chains: checks.size, entries, problems };
}

async function* pages(
  database: Database,
  collection: string,
  size: number,
  range?: readonly [string, string] | "" | undefined,
): AsyncGenerator<StoredDocument> {
  let query: Query = database.firestore.collection(collection).orderBy(FieldPath.documentId());
  if (range) query = query.startAt(range[0]).endAt(range[1]);
  for (let after: string | undefined; ; ) {
    const from = after === undefined ? query : query.startAfter(after);
    const { docs } = await database.run(() => from.limit(size).get());
    for (const document of docs) yield { id: document.id, data: document.data() };
    after = docs.at(-1)?.id;
    if (docs.length < size || after === undefined) return;
  }
}

/** Ids of other salons may lie in between: `a_0000000001` is a good name for a salon. */
function rangeOf(salonId: string): readonly [string, string] {
  return [entryId(salonId, 0), entryId(salonId, 9_999_999_999)];
}

function ownerOf({ id, data }: StoredDocument): string {
  return readEntryId(id)?.salonId ?? (typeof data.salon_id === "string" ? data.salon_id : id);
}
