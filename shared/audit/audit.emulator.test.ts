import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { type AuditRecord, createAudit } from "./audit.ts";
import { changedFields } from "./changed-fields.ts";
import { checkChain } from "./check-chain.ts";
import { cameFrom, eraseSalts } from "./commitment.ts";
import { AuditEntry, ENTRIES, entryId, HEADS, SALTS } from "./entry.ts";
import { logAuditHead } from "./head-log.ts";

/** Long, because 20 at once on a busy machine are slow, and speed is not what is asked here. */
const DEADLINE_MS = 25_000;
const database = createDatabase(uniqueProjectId(), DEADLINE_MS);
const { firestore } = database;
const logs = createLogBook();
const clock = { now: () => new Date("2026-11-22T10:00:00Z") };
const audit = createAudit({ database, clock, logger: logs.logger });
afterAll(() => firestore.terminate());
beforeEach(() => void logs.lines.splice(0));

const newSalon = () => SalonId.parse(uniqueSalonId());
const switched = (salonId: SalonId, more: Partial<AuditRecord> = {}): AuditRecord => ({
  salonId,
  action: "switched",
  actor: { kind: "member", id: "uid-1" },
  ...more,
});
const integration = (salonId: SalonId) => firestore.doc(`salon_integrations/${salonId}`);

/** A change and its entry, as one. */
const change = (salonId: SalonId, spoil: () => void = () => {}) =>
  database.transact(async (transaction) => {
    const before = await transaction.get(integration(salonId));
    const after = { salon_id: salonId, switches: Number(before.get("switches") ?? 0) + 1 };
    transaction.merge(integration(salonId), after);
    const changes = changedFields(before.exists ? { salon_id: salonId, ...before.data() } : undefined, after);
    const head = await audit.append(transaction, switched(salonId, { changes }));
    spoil();
    return head;
  });

async function chainOf(salonId: SalonId) {
  const stored = await firestore.collection(ENTRIES).where("salon_id", "==", salonId).get();
  const head = await firestore.doc(`${HEADS}/${salonId}`).get();
  const entries = stored.docs.map((document) => ({ id: document.id, data: document.data() }));
  return { entries, problems: checkChain(salonId, entries, head.data()) };
}

describe("the audit of integrations", () => {
  it("gives 20 entries that come at once the numbers 1 to 20, in a chain that holds", async () => {
    const salonId = newSalon();
    const heads = await Promise.all(Array.from({ length: 20 }, () => audit.record(switched(salonId))));
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    expect(heads.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(numbers);
    const { entries, problems } = await chainOf(salonId);
    expect(entries.map(({ id }) => id)).toEqual(numbers.map((seq) => entryId(salonId, seq)));
    expect(problems).toEqual([]);
  });

  it("has one entry for every change, although changes come at once", async () => {
    const salonId = newSalon();
    await Promise.all(Array.from({ length: 8 }, () => change(salonId)));
    expect((await integration(salonId).get()).get("switches")).toBe(8);
    const { entries, problems } = await chainOf(salonId);
    expect(entries.map(({ data }) => AuditEntry.parse(data).changes.map(({ field }) => field))).toEqual(
      Array.from({ length: 8 }, () => ["switches"]),
    );
    expect(problems).toEqual([]);
  });

  it("stores neither the change nor the entry when the transaction fails", async () => {
    const salonId = newSalon();
    const spoil = () => {
      throw new AppError("unavailable", "Something else failed.");
    };
    await expect(change(salonId, spoil)).rejects.toThrow("Something else failed.");
    expect((await integration(salonId).get()).exists).toBe(false);
    expect(await chainOf(salonId)).toEqual({ entries: [], problems: [] });
  });

  it("refuses the change when its entry cannot be added", async () => {
    const salonId = newSalon();
    await firestore.doc(`${HEADS}/${salonId}`).set({ salon_id: salonId, seq: "one", hash: "canary-7f3a9c" });
    const refused = await change(salonId).catch((error: unknown) => String(error));
    expect(refused).toContain(`${HEADS}/${salonId} is malformed: seq; hash`);
    expect(refused).not.toContain("canary-7f3a9c");
    expect((await integration(salonId).get()).exists).toBe(false);
  });

  it("tells the log where the chain ends, in one line with a fixed message", async () => {
    const salonId = newSalon();
    logAuditHead(logs.logger, await change(salonId));
    const { hash } = AuditEntry.parse((await chainOf(salonId)).entries[0]?.data);
    expect(logs.lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        severity: "INFO",
        time: expect.any(String),
        message: "audit head",
        salonId,
        auditSeq: 1,
        auditHash: hash,
      },
    ]);
  });

  it("records a failed validation by its code", async () => {
    const salonId = newSalon();
    const outcome = { result: "failed", code: "20003" } as const;
    await audit.record(switched(salonId, { action: "validation_failed", outcome }));
    expect((await chainOf(salonId)).entries[0]?.data).toMatchObject({ action: "validation_failed", outcome });
  });

  it("has one entry for an event that comes again, also when it comes twice at once", async () => {
    const salonId = newSalon();
    const heads = await Promise.all([1, 2, 3].map(() => audit.recordOnce("event-1", switched(salonId))));
    expect(heads.filter((head) => head !== undefined)).toHaveLength(1);
    expect(await audit.recordOnce("event-1", switched(salonId))).toBeUndefined();
    expect(await audit.recordOnce("event-2", switched(salonId))).toMatchObject({ seq: 2 });
    expect((await chainOf(salonId)).problems).toEqual([]);
    expect(logs.lines).toHaveLength(2);
  });
});

describe("where a request came from", () => {
  const request = { ip: "203.0.113.77", userAgent: "canary-browser/7f3a9c" };

  it("can be checked against a claim, and read from nowhere", async () => {
    const salonId = newSalon();
    const { seq } = await audit.record(switched(salonId, { request }));
    const entry = AuditEntry.parse((await firestore.doc(`${ENTRIES}/${entryId(salonId, seq)}`).get()).data());
    expect(await cameFrom(database, entry, request)).toBe(true);
    expect(await cameFrom(database, entry, { ip: "203.0.113.77" })).toBe(true);
    expect(await cameFrom(database, entry, { ip: "203.0.113.78" })).toBe(false);
    expect(await cameFrom(database, entry, { ...request, userAgent: "other" })).toBe(false);
  });

  it("cannot be told from one entry to the next: each has its own salt", async () => {
    const salonId = newSalon();
    for (let times = 0; times < 2; times += 1) await audit.record(switched(salonId, { request }));
    const [first, second] = (await chainOf(salonId)).entries.map(
      ({ data }) => AuditEntry.parse(data).request,
    );
    expect(first?.ip_commitment).not.toBe(second?.ip_commitment);
  });

  it("is gone for good once the salt is erased, and the chain holds as before", async () => {
    const [salonId, other] = [newSalon(), newSalon()];
    for (const id of [salonId, salonId, other]) await audit.record(switched(id, { request }));
    expect(await eraseSalts(database, salonId)).toBe(2);
    expect(await eraseSalts(database, salonId)).toBe(0);
    const { entries, problems } = await chainOf(salonId);
    expect(problems).toEqual([]);
    for (const { data } of entries) {
      expect(await cameFrom(database, AuditEntry.parse(data), request)).toBeUndefined();
    }
    const [kept] = (await chainOf(other)).entries;
    expect(await cameFrom(database, AuditEntry.parse(kept?.data), request)).toBe(true);
  });
});

describe("the stored audit", () => {
  const CANARY = "canary7f3a9c";

  it("never holds a value that was passed in, nor does the log", async () => {
    const salonId = newSalon();
    const before = { salon_id: salonId, status: CANARY, email: { [CANARY]: CANARY } };
    const after = { salon_id: salonId, twilio: { auth_token: CANARY, "+14155550123": CANARY } };
    const request = { ip: `::${CANARY}`, userAgent: CANARY };
    await audit.record(switched(salonId, { changes: changedFields(before, after), request }));
    const documents = await firestore.getAll(
      ...[ENTRIES, SALTS].map((name) => firestore.doc(`${name}/${entryId(salonId, 1)}`)),
      firestore.doc(`${HEADS}/${salonId}`),
    );
    const stored = JSON.stringify(documents.map((document) => document.data() ?? expect.fail("not stored")));
    expect(stored).toContain(salonId);
    expect(stored).not.toMatch(/canary|14155550123/);
    expect(logs.leaked([CANARY, "14155550123"])).toEqual([]);
  });

  it.each<[string, Partial<AuditRecord>]>([
    ["a value for a fingerprint", { changes: [{ field: "status", before: null, after: CANARY }] }],
    ["a value for a field's name", { changes: [{ field: `x: ${CANARY}`, before: null, after: null }] }],
    ["a message for a code", { outcome: { result: "failed", code: `Token ${CANARY} is wrong.` } }],
  ])("refuses %s and does not repeat it", async (_, more) => {
    const salonId = newSalon();
    const refused = await audit.record(switched(salonId, more)).catch((error: unknown) => String(error));
    expect(refused).toContain("is malformed");
    expect(refused).not.toContain(CANARY);
    expect((await chainOf(salonId)).entries).toEqual([]);
  });
});
