import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { printCount } from "#scripts/testing/print-count.ts";
import {
  type FullSalon,
  type SalonDataBench,
  startSalonDataBench,
} from "#scripts/testing/salon-data-bench.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import { createSalonExport } from "./export.ts";

const Line = z.strictObject({
  collection: z.string(),
  id: z.string(),
  data: z.record(z.string(), z.unknown()),
});
const End = z.strictObject({ end: z.literal(true), documents: z.int() });
const actor = { kind: "member", id: "uid-anjali" } as const;

let bench: SalonDataBench;
let salon: FullSalon;
let other: FullSalon;
beforeAll(async () => {
  bench = await startSalonDataBench();
  salon = await bench.fullSalon();
  other = await bench.fullSalon();
  for (const { id: salonId } of [salon, other]) {
    const facts = { by: "Anjali", at: bench.clock.now() };
    const notice = { kind: "integration_disconnected", facts } as const;
    await bench.database.transact((transaction, firestore) =>
      createNotification(transaction, firestore, { ...notice, salonId, key: "1", now: bench.clock.now() }),
    );
  }
  const progress = { salon_id: salon.id, at: bench.clock.now() };
  for (const path of [`incidents/${salon.id}_salon_own`, `provisioning/${salon.id}`])
    await bench.database.firestore.doc(path).set(progress);
  await bench.erasures().request(other.id, { actor });
});
afterAll(() => bench.stop());

/** The lines of the documents, once the last line has said that they are all. */
async function exported(pageSize?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createSalonExport(bench, pageSize)(salon.id, { actor })) lines.push(line);
  const { documents } = End.parse(JSON.parse(lines.pop() ?? ""));
  expect(lines).toHaveLength(documents);
  return lines;
}

test("an export holds every kind of document of the salon, each once, on a line of its own", async () => {
  const lines = (await exported()).map((line) => {
    expect(line.endsWith("\n")).toBe(true);
    return Line.parse(JSON.parse(line));
  });
  const kinds = Object.groupBy(lines, ({ collection }) => collection);
  const counts = Object.fromEntries(Object.entries(kinds).map(([name, of]) => [name, of?.length]));
  printCount(`export: ${lines.length} lines, ${JSON.stringify(counts)}`);
  expect(counts).toMatchObject({
    salon_integrations: 1,
    messages: 4,
    calls: 1,
    contacts: 1,
    contact_choices: 1,
    threads: 1,
    outbox: 1,
    usage_ledger: 1,
    integration_usage: 1,
    invoices: 1,
    // That the account was saved, and this export.
    integration_audit: 2,
    notifications: 1,
    phone_numbers: 1,
    incidents: 1,
    provisioning: 1,
  });
  expect(new Set(lines.map(({ collection, id }) => `${collection}/${id}`)).size).toBe(lines.length);
  const message = lines.find(({ id }) => id === `${salon.id}-own`);
  expect(message?.data).toMatchObject({
    body: `${salon.word} answer`,
    received_at: bench.clock.now().toISOString(),
  });
});

test("an export is the same in pages of one and in one page", async () => {
  const withoutAudit = (lines: string[]) => lines.filter((line) => !line.includes("integration_audit"));
  expect(withoutAudit(await exported(1))).toEqual(withoutAudit(await exported(1_000)));
});

test("an export holds no credential, sealed or open, and no password of an earlier webhook", async () => {
  const all = (await exported()).join("");
  expect(salon.secrets.filter((secret) => all.includes(secret))).toEqual([]);
  expect(all).not.toMatch(/ciphertext|data_key|nonce/);
  expect(all).toContain("https://salon.example/sms");
});

test("an export holds nothing of another salon", async () => {
  const all = (await exported()).join("");
  expect([other.id, other.word, other.accountSid].filter((foreign) => all.includes(foreign))).toEqual([]);
});

test("an export is audited before its first line, also when nobody reads on", async () => {
  const lines = createSalonExport(bench)(salon.id, { actor, origin: { ip: "203.0.113.9" } });
  await lines.next();
  await lines.return();
  const { firestore } = bench.database;
  const head = await firestore.doc(`integration_audit_heads/${salon.id}`).get();
  const id = `${salon.id}_${String(head.get("seq")).padStart(10, "0")}`;
  const entry = await firestore.doc(`integration_audit/${id}`).get();
  expect(entry.data()).toMatchObject({ action: "data_exported", actor });
  expect(JSON.stringify(entry.data())).not.toContain("203.0.113.9");
});
