import { AuditEntry, AuditHead, hashOf, NO_HASH, readEntryId } from "./entry.ts";

export type ProblemKind =
  /** Its content does not fit its hash, or cannot be read. */
  | "edited"
  /** A number is missing. */
  | "removed"
  /** It stands beyond the head. */
  | "inserted"
  /** A document among the entries has a name that is no entry's. */
  | "stray"
  /** It stands under another entry's number. */
  | "reordered"
  /** The head, or the log, knows of entries after the last one. */
  | "truncated"
  /** It fits its hash and does not follow from what stands before it: one of the two is not what it was. */
  | "unlinked"
  /** The log was told another hash for it. */
  | "rewritten"
  /** There are entries and no head document that can be read. */
  | "headless";

export interface Problem {
  readonly salonId: string;
  readonly seq: number;
  readonly kind: ProblemKind;
  readonly detail: string;
}

/** A document of `integration_audit` as it is stored. */
export interface StoredEntry {
  readonly id: string;
  readonly data: unknown;
}

/** The hashes that the log was told of, by entry number. */
export type LoggedHeads = ReadonlyMap<number, ReadonlySet<string>>;

export interface Witnesses {
  /** The head document as it was before the first entry was read; undefined where there is none. */
  readonly head: unknown;
  readonly logged?: LoggedHeads | undefined;
}

export interface ChainCheck {
  /** Takes the chain's next document, in the order of ids. */
  follow(stored: StoredEntry): void;
  /** Every problem found. A head that was read again afterwards explains entries written meanwhile. */
  end(headNow?: unknown): readonly Problem[];
}

/** Checks a whole chain. No problems means: nobody has edited, removed, inserted or moved an entry. */
export function checkChain(
  salonId: string,
  entries: readonly StoredEntry[],
  head: unknown,
  logged?: LoggedHeads,
): readonly Problem[] {
  const check = startChainCheck(salonId, { head, logged });
  for (const entry of entries) check.follow(entry);
  return check.end();
}

/** The same check piece by piece, for chains that come in pages and may grow meanwhile. */
export function startChainCheck(salonId: string, { head, logged = new Map() }: Witnesses): ChainCheck {
  const readHead = (data: unknown) => {
    const parsed = AuditHead.safeParse(data).data;
    return parsed?.salon_id === salonId ? parsed : undefined;
  };
  const known = readHead(head);
  const problems: Problem[] = [];
  const report = (seq: number, kind: ProblemKind, detail: string) =>
    problems.push({ salonId, seq, kind, detail });
  let last: { readonly seq: number; readonly hash: string | undefined } = { seq: 0, hash: NO_HASH };

  /** The entry's hash, to follow on from; undefined where nothing can be said about the next. */
  const inspect = (seq: number, data: unknown): string | undefined => {
    const parsed = AuditEntry.safeParse(data);
    if (!parsed.success) {
      const fields = parsed.error.issues.map((issue) => issue.path.join(".") || issue.code);
      report(seq, "edited", `it is malformed: ${fields.join(", ")}`);
      return undefined;
    }
    const entry = parsed.data;
    if (entry.salon_id !== salonId || entry.seq !== seq) {
      report(seq, "reordered", "it says that it is another entry");
      return undefined;
    }
    const follows = last.hash === undefined || last.seq !== seq - 1 || entry.previous_hash === last.hash;
    if (hashOf(entry) !== entry.hash) report(seq, "edited", "its content does not fit its hash");
    else if (!follows) report(seq, "unlinked", "it does not follow from the entry before");
    if (seq === known?.seq && entry.hash !== known.hash) report(seq, "unlinked", "the head has another hash");
    for (const hash of logged.get(seq) ?? []) {
      if (hash !== entry.hash) report(seq, "rewritten", "the log was told another hash");
    }
    return entry.hash;
  };

  return {
    follow({ id, data }) {
      const name = readEntryId(id);
      if (name?.salonId !== salonId) {
        report(0, "stray", "a document among the entries has a name that is no entry's");
        return;
      }
      const { seq } = name;
      if (seq <= last.seq) {
        report(seq, "reordered", "it comes after a later entry");
        return;
      }
      if (seq > last.seq + 1) report(last.seq + 1, "removed", missing(last.seq + 1, seq - 1));
      last = { seq, hash: inspect(seq, data) };
    },
    end(headNow = head) {
      const found = [...problems];
      const latest = readHead(headNow) ?? known;
      const lastLogged = [...logged.keys()].reduce((a, b) => Math.max(a, b), 0);
      const expected = Math.max(known?.seq ?? 0, lastLogged);
      if (expected > last.seq) {
        const witness = lastLogged >= expected ? "the log was told of them" : "the head knows them";
        const detail = `${missing(last.seq + 1, expected)}; ${witness}`;
        found.push({ salonId, seq: last.seq + 1, kind: "truncated", detail });
      }
      if (latest === undefined && (last.seq > 0 || headNow !== undefined)) {
        found.push({ salonId, seq: last.seq, kind: "headless", detail: "no head document that can be read" });
      }
      if (latest !== undefined && latest.seq < last.seq) {
        found.push({ salonId, seq: latest.seq + 1, kind: "inserted", detail: "it stands beyond the head" });
      }
      const grown = latest?.seq === last.seq && latest.seq !== known?.seq;
      if (grown && last.hash !== undefined && latest.hash !== last.hash) {
        found.push({ salonId, seq: last.seq, kind: "unlinked", detail: "the head has another hash" });
      }
      return found;
    },
  };
}

function missing(from: number, to: number): string {
  return from === to ? "it is missing" : `the entries up to ${to} are missing`;
}
