import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { entryId } from "#shared/audit/entry.ts";
import { systemClock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { readLoggedHeads } from "./logged-heads.ts";
import { verifyChains } from "./verify-chains.ts";

const SCRIPT = fileURLToPath(new URL("./verify.ts", import.meta.url));
const databases: Database[] = [];
afterAll(() => Promise.all(databases.map(({ firestore }) => firestore.terminate())));

/** A project with chains of its own. */
async function startWorld(lengths: Readonly<Record<string, number>>) {
  const projectId = uniqueProjectId();
  const database = createDatabase(projectId);
  databases.push(database);
  const logs = createLogBook();
  const audit = createAudit({ database, clock: systemClock, logger: logs.logger });
  const actor = { kind: "service", id: "manage-integration" } as const;
  const fill = async ([salon, length]: [string, number]) => {
    const record = { salonId: SalonId.parse(salon), action: "switched", actor } as const;
    for (let seq = 1; seq <= length; seq += 1) await audit.record(record);
  };
  await Promise.all(Object.entries(lengths).map(fill));
  const entry = (salon: string, seq: number) =>
    database.firestore.doc(`integration_audit/${entryId(salon, seq)}`);
  const head = (salon: string) => database.firestore.doc(`integration_audit_heads/${salon}`);
  const brief = async (options: Parameters<typeof verifyChains>[1] = {}) => {
    const { problems } = await verifyChains(database, { pageSize: 3, ...options });
    return problems.map(({ salonId, seq, kind }) => `${salonId} ${seq} ${kind}`);
  };
  return { projectId, database, audit, logs, entry, head, brief };
}

describe("the verification of all chains", () => {
  it("reads every page, and keeps salons apart whose ids run into each other's entries", async () => {
    const salons = { "salon-a": 7, "salon-a_0000000002": 4, "salon-a_1": 2, "salon-b": 1 };
    const { database } = await startWorld(salons);
    expect(await verifyChains(database, { pageSize: 3 })).toEqual({ chains: 4, entries: 14, problems: [] });
    const one = await verifyChains(database, { salonId: "salon-a", pageSize: 3 });
    expect(one).toEqual({ chains: 1, entries: 7, problems: [] });
  });

  it("finds what was edited, removed, put in and cut off, and in which salon", async () => {
    const { database, entry, head, brief } = await startWorld({
      edited: 4,
      removed: 4,
      cut: 4,
      extra: 2,
      good: 4,
    });
    await entry("edited", 2).update({ "actor.id": "somebody-else" });
    await entry("removed", 3).delete();
    await entry("cut", 4).delete();
    const copied = (await entry("extra", 2).get()).data() ?? {};
    await entry("extra", 3).set({ ...copied, seq: 3, previous_hash: copied.hash });
    await database.firestore.doc("integration_audit/note").set({ salon_id: "good" });
    const expected = [
      "cut 4 truncated",
      "edited 2 edited",
      "extra 3 edited",
      "extra 3 inserted",
      "good 0 stray",
      "removed 3 removed",
    ];
    expect((await brief()).toSorted()).toEqual(expected);
    expect(await brief({ salonId: "removed" })).toEqual(["removed 3 removed"]);
    await head("good").delete();
    expect(await brief({ salonId: "good" })).toEqual(["good 4 headless"]);
  });

  it("finds by the log a chain that was cut off together with its head, and one that is gone altogether", async () => {
    const { logs, entry, head, brief } = await startWorld({ cut: 3, gone: 2 });
    const logged = readLoggedHeads(logs.lines.join("\n"));
    expect(await brief({ logged })).toEqual([]);
    const { salon_id, seq, hash } = (await entry("cut", 2).get()).data() ?? {};
    await Promise.all([entry("cut", 3).delete(), head("cut").set({ salon_id, seq, hash })]);
    await Promise.all([entry("gone", 1).delete(), entry("gone", 2).delete(), head("gone").delete()]);
    expect(await brief()).toEqual([]);
    expect((await brief({ logged })).toSorted()).toEqual(["cut 3 truncated", "gone 1 truncated"]);
  });

  it("takes no entry for a problem that is written while it reads", async () => {
    const salon = SalonId.parse(uniqueSalonId());
    const { database, audit } = await startWorld({ [salon]: 5 });
    const actor = { kind: "service", id: null } as const;
    let written = false;
    const write = async () => {
      for (let times = 0; times < 15; times += 1) {
        await audit.record({ salonId: salon, action: "webhooks_repaired", actor });
      }
      written = true;
    };
    const writing = write();
    const results = [];
    while (!written) results.push(await verifyChains(database, { pageSize: 10 }));
    await writing;
    expect(results.flatMap(({ problems }) => problems)).toEqual([]);
    expect(results.length).toBeGreaterThan(0);
  });
});

describe("npm run audit:verify", () => {
  it("says what is wrong where and ends with 1, or gives the counts and ends with 0", async () => {
    const folder = await mkdtemp(join(tmpdir(), "audit-"));
    const { projectId, logs, entry } = await startWorld({ "salon-a": 2 });
    const file = join(folder, "heads.jsonl");
    await writeFile(file, logs.lines.join("\n"));
    const run = (...args: string[]) =>
      new Promise<{ code: unknown; output: string }>((resolve) => {
        const env = { ...process.env, GOOGLE_CLOUD_PROJECT: projectId };
        execFile(process.execPath, [SCRIPT, ...args], { env }, (error, output) =>
          resolve({ code: error?.code ?? 0, output }),
        );
      });
    const good = await run("--salon", "salon-a", "--heads", file);
    expect(good).toEqual({ code: 0, output: `1 chains, 2 entries, 0 problems; compared with ${file}.\n` });
    const absent = await run("--salon", "salon-typo");
    expect(absent).toMatchObject({
      code: 1,
      output: expect.stringContaining("salon-typo has no audit chain"),
    });
    await entry("salon-a", 1).update({ action: "migrated" });
    const bad = await run();
    expect(bad.code).toBe(1);
    expect(bad.output).toContain("salon-a 1: edited: its content does not fit its hash\n");
    await rm(folder, { recursive: true });
  });
});
