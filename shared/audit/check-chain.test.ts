import fc from "fast-check";
import { Timestamp } from "firebase-admin/firestore";
import { describe, expect, it } from "vitest";
import { SalonId } from "#shared/core/ids.ts";
import { checkChain, type LoggedHeads, type StoredEntry, startChainCheck } from "./check-chain.ts";
import {
  AuditAction,
  type AuditContent,
  type AuditEntry,
  type AuditHead,
  entryId,
  hashOf,
  nextEntry,
  readEntryId,
} from "./entry.ts";

const SALON = SalonId.parse("salon-1");
const OTHER = SalonId.parse("salon-2");

interface Chain {
  readonly entries: readonly AuditEntry[];
  readonly head: AuditHead;
  readonly logged: LoggedHeads;
}

const fingerprint = fc.option(fc.stringMatching(/^[0-9a-f]{16}$/));
const content: fc.Arbitrary<AuditContent> = fc.record({
  action: fc.constantFrom(...AuditAction.options),
  actor: fc.record({
    kind: fc.constantFrom("member" as const, "operator" as const, "service" as const, "unknown" as const),
    id: fc.option(fc.string({ minLength: 1, maxLength: 20 })),
  }),
  outcome: fc.oneof(
    fc.constant({ result: "succeeded" as const }),
    fc.record({ result: fc.constant("failed" as const), code: fc.stringMatching(/^[a-z0-9]{1,8}$/) }),
  ),
  changes: fc.array(
    fc.record({
      field: fc.constantFrom("status", "twilio.auth_token"),
      before: fingerprint,
      after: fingerprint,
    }),
    { maxLength: 3 },
  ),
  request: fc.option(
    fc.record({
      ip_commitment: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
      user_agent_commitment: fc.constant(null),
    }),
  ),
});
const instant = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
const chains = (minLength = 1) =>
  fc.array(fc.tuple(content, instant), { minLength, maxLength: 8 }).map((steps) => chainOf(steps));

function chainOf(steps: readonly (readonly [AuditContent, Date])[]): Chain {
  const entries: AuditEntry[] = [];
  for (const [each, now] of steps) {
    entries.push(nextEntry(SALON, entries.at(-1), each, { now: () => now }));
  }
  const { seq, hash } = entries.at(-1) ?? expect.fail("a chain has an entry");
  const logged = new Map(entries.map((entry) => [entry.seq, new Set([entry.hash])]));
  return { entries, head: { salon_id: SALON, seq, hash }, logged };
}

/** As Firestore holds it. */
const stored = (entry: object, seq: number): StoredEntry => ({
  id: entryId(SALON, seq),
  data: { ...entry, ...("timestamp" in entry && { timestamp: asTimestamp(entry.timestamp) }) },
});
const asTimestamp = (value: unknown) => (value instanceof Date ? Timestamp.fromDate(value) : value);
/** Every entry under the number it has now. */
const numbered = (entries: readonly object[]) => entries.map((entry, index) => stored(entry, index + 1));
const at = (chain: Chain, pick: number): number => pick % chain.entries.length;
const entryAt = (chain: Chain, index: number) => chain.entries[index] ?? expect.fail("no such entry");
const kinds = (...found: Parameters<typeof checkChain>) => checkChain(...found).map(({ kind }) => kind);

const EDITS: readonly ((entry: AuditEntry) => object)[] = [
  (entry) => ({ ...entry, action: entry.action === "switched" ? "migrated" : "switched" }),
  (entry) => ({ ...entry, timestamp: new Date(entry.timestamp.getTime() + 1) }),
  (entry) => ({ ...entry, timestamp: new Timestamp(1_700_000_000, 1_000) }),
  (entry) => ({ ...entry, actor: { ...entry.actor, id: `${entry.actor.id ?? ""}x` } }),
  (entry) => ({
    ...entry,
    actor: { ...entry.actor, kind: entry.actor.kind === "member" ? "service" : "member" },
  }),
  (entry) => ({
    ...entry,
    outcome: entry.outcome.result === "failed" ? { result: "succeeded" } : { result: "failed", code: "x" },
  }),
  (entry) => ({ ...entry, changes: [...entry.changes, { field: "status", before: null, after: null }] }),
  (entry) => ({
    ...entry,
    request: entry.request === null ? { ip_commitment: null, user_agent_commitment: null } : null,
  }),
  (entry) => ({ ...entry, previous_hash: "f".repeat(64) }),
  (entry) => ({ ...entry, hash: "f".repeat(64) }),
  (entry) => ({ ...entry, seq: entry.seq + 1 }),
  (entry) => ({ ...entry, salon_id: OTHER }),
  (entry) => ({ ...entry, note: "added" }),
  ({ actor: _, ...entry }) => entry,
  () => ({}),
];

describe("a chain of entries", () => {
  it("holds, whatever was appended", () => {
    fc.assert(
      fc.property(chains(), ({ entries, head, logged }) => {
        expect(checkChain(SALON, numbered(entries), head, logged)).toEqual([]);
      }),
    );
  });

  it("holds when there is none", () => {
    expect(checkChain(SALON, [], undefined)).toEqual([]);
  });

  it.each(EDITS.map((edit, index) => [index, edit] as const))(
    "shows an edited entry, wherever it stands (edit %i)",
    (_, edit) => {
      fc.assert(
        fc.property(chains(), fc.nat(), (chain, pick) => {
          const index = at(chain, pick);
          const entries: readonly object[] = chain.entries;
          const edited = entries.with(index, edit(entryAt(chain, index)));
          const problems = checkChain(SALON, numbered(edited), chain.head);
          expect(problems[0]).toMatchObject({ salonId: SALON, seq: index + 1 });
        }),
        { numRuns: 30 },
      );
    },
  );

  it("shows an edited entry although its own hash was made to fit", () => {
    fc.assert(
      fc.property(chains(), fc.nat(), content, (chain, pick, other) => {
        const entry = { ...entryAt(chain, at(chain, pick)), ...other };
        fc.pre(hashOf(entry) !== entry.hash);
        const edited = chain.entries.with(at(chain, pick), { ...entry, hash: hashOf(entry) });
        expect(kinds(SALON, numbered(edited), chain.head)).toEqual(["unlinked"]);
        expect(kinds(SALON, numbered(edited), chain.head, chain.logged)).toContain("rewritten");
      }),
    );
  });

  it("shows a removed entry by its number", () => {
    fc.assert(
      fc.property(chains(2), fc.nat(), (chain, pick) => {
        const index = pick % (chain.entries.length - 1);
        const left = numbered(chain.entries).toSpliced(index, 1);
        expect(checkChain(SALON, left, chain.head)).toMatchObject([{ seq: index + 1, kind: "removed" }]);
        const movedUp = numbered(chain.entries.toSpliced(index, 1));
        expect(checkChain(SALON, movedUp, chain.head)[0]).toMatchObject({ seq: index + 1 });
      }),
    );
  });

  it("shows an inserted entry, also one that fits what stands before it", () => {
    fc.assert(
      fc.property(chains(), fc.nat(), content, instant, (chain, pick, forged, now) => {
        const index = pick % (chain.entries.length + 1);
        const entry = nextEntry(SALON, chain.entries[index - 1], forged, { now: () => now });
        const known = chain.entries[index];
        fc.pre(known?.hash !== entry.hash);
        const problems = checkChain(SALON, numbered(chain.entries.toSpliced(index, 0, entry)), chain.head);
        expect(problems.length).toBeGreaterThan(0);
      }),
    );
  });

  it("shows two entries that changed places", () => {
    fc.assert(
      fc.property(chains(2), fc.nat(), fc.nat(), (chain, a, b) => {
        const [first, second] = [at(chain, a), at(chain, b)];
        fc.pre(first !== second);
        const swapped = chain.entries.with(first, entryAt(chain, second)).with(second, entryAt(chain, first));
        const problems = checkChain(SALON, numbered(swapped), chain.head);
        const reordered = problems.filter(({ kind }) => kind === "reordered").map(({ seq }) => seq);
        expect(reordered).toEqual([first + 1, second + 1].toSorted((x, y) => x - y));
      }),
    );
  });

  it("shows that its end was cut off, by the head document or, if that was set back too, by the log", () => {
    fc.assert(
      fc.property(chains(), fc.nat(), (chain, pick) => {
        const left = numbered(chain.entries.slice(0, at(chain, pick)));
        const cut = { seq: left.length + 1, kind: "truncated" };
        expect(checkChain(SALON, left, chain.head)).toMatchObject([cut]);
        const last = chain.entries[left.length - 1];
        const head = last && { salon_id: SALON, seq: last.seq, hash: last.hash };
        expect(checkChain(SALON, left, head)).toEqual([]);
        expect(checkChain(SALON, left, head, chain.logged)).toMatchObject([cut]);
      }),
    );
  });

  it("shows by the log alone that it was written anew from some entry on, with its head", () => {
    fc.assert(
      fc.property(
        chains(),
        fc.nat(),
        fc.array(fc.tuple(content, instant), { minLength: 1 }),
        (chain, pick, anew) => {
          const kept = chain.entries
            .slice(0, at(chain, pick))
            .map((entry) => [entry, entry.timestamp] as const);
          const rewritten = chainOf([
            ...kept.map(([entry, now]) => [contentOf(entry), now] as const),
            ...anew,
          ]);
          const first = kept.length;
          fc.pre(rewritten.entries[first]?.hash !== entryAt(chain, first).hash);
          expect(checkChain(SALON, numbered(rewritten.entries), rewritten.head)).toEqual([]);
          expect(
            checkChain(SALON, numbered(rewritten.entries), rewritten.head, chain.logged)[0],
          ).toMatchObject({
            seq: first + 1,
            kind: "rewritten",
          });
        },
      ),
    );
  });

  it("does not hold without its head document, or with another's", () => {
    const { entries, head } = chainOf([someStep, someStep]);
    expect(kinds(SALON, numbered(entries), undefined)).toEqual(["headless"]);
    expect(kinds(SALON, numbered(entries), { ...head, hash: "short" })).toEqual(["headless"]);
    expect(kinds(SALON, numbered(entries), { ...head, salon_id: OTHER })).toEqual(["headless"]);
    expect(kinds(SALON, numbered(entries), { ...head, hash: "f".repeat(64) })).toEqual(["unlinked"]);
    expect(kinds(SALON, numbered(entries), { ...head, seq: 1, hash: entries[0]?.hash })).toEqual([
      "inserted",
    ]);
  });

  it("may grow while it is read, as far as its head says afterwards", () => {
    const { entries, head } = chainOf([someStep, someStep, someStep]);
    const [first] = entries;
    const check = startChainCheck(SALON, { head: { salon_id: SALON, seq: 1, hash: first?.hash } });
    for (const entry of numbered(entries)) check.follow(entry);
    const kindsWith = (headNow: unknown) => check.end(headNow).map(({ kind }) => kind);
    expect(kindsWith(head)).toEqual([]);
    expect(kindsWith({ ...head, seq: 7 })).toEqual([]);
    expect(kindsWith({ ...head, seq: 2 })).toEqual(["inserted"]);
    expect(kindsWith({ ...head, hash: "f".repeat(64) })).toEqual(["unlinked"]);
    expect(kindsWith(undefined)).toEqual(["inserted"]);
  });

  it("has no documents with other names, and none that come twice", () => {
    const { entries, head } = chainOf([someStep]);
    const [entry] = numbered(entries);
    const odd = { id: `${SALON}_1`, data: entry?.data };
    expect(kinds(SALON, [...numbered(entries), odd], head)).toEqual(["stray"]);
    expect(kinds(SALON, [...numbered(entries), ...numbered(entries)], head)).toEqual(["reordered"]);
  });
});

describe("an entry", () => {
  // The expected hash comes from another implementation:
  // printf '%s' '{"action":"switched","actor":{"id":"uid-1","kind":"member"},"changes":[],"outcome":{"result":"succeeded"},
  // "previous_hash":"000…","request":null,"salon_id":"salon-1","seq":1,"timestamp":"2026-11-22T10:00:00.000Z"}' | sha256sum
  it("is sealed by SHA-256 over its canonical JSON without the hash", () => {
    const [{ hash } = expect.fail()] = chainOf([someStep]).entries;
    expect(hash).toBe("da0c0181c559ad264d8e2601b5f99a639ac59eda62aec663499a81326db26f0f");
  });

  it("has an id that sorts as the entries follow each other", () => {
    expect(entryId("salon-1", 7)).toBe("salon-1_0000000007");
    expect([entryId("s_1", 10), entryId("s_1", 9)].toSorted()).toEqual([
      entryId("s_1", 9),
      entryId("s_1", 10),
    ]);
    expect(readEntryId("a_0000000005_0000000010")).toEqual({ salonId: "a_0000000005", seq: 10 });
  });

  it.each(["salon-1", "salon-1_7", "salon-1_0000000000", "-_0000000001", "salon-1_00000000010x"])(
    "cannot be called %s",
    (id) => {
      expect(readEntryId(id)).toBeUndefined();
    },
  );
});

const someStep: readonly [AuditContent, Date] = [
  {
    action: "switched",
    actor: { kind: "member", id: "uid-1" },
    outcome: { result: "succeeded" },
    changes: [],
    request: null,
  },
  new Date("2026-11-22T10:00:00Z"),
];

function contentOf({ action, actor, outcome, changes, request }: AuditEntry): AuditContent {
  return { action, actor, outcome, changes, request };
}
