import { afterAll, describe, expect, it } from "vitest";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { createDatabase } from "./database.ts";

const database = createDatabase(uniqueProjectId());
afterAll(() => database.firestore.terminate());

let documents = 0;
function newDocument() {
  documents += 1;
  return database.firestore.doc(`things/${documents}`);
}

describe("a transaction", () => {
  it("loses no update when 20 workers change one document at once", async () => {
    const reference = newDocument();
    await reference.set({ count: 0 });
    const started = performance.now();
    const increments = Array.from({ length: 20 }, () =>
      database.transact(async (transaction) => {
        const count = Number((await transaction.get(reference)).get("count"));
        transaction.merge(reference, { count: count + 1 });
      }),
    );
    await Promise.all(increments);
    printCount(`20 of 20 changes to one document in ${Math.round(performance.now() - started)} ms`);
    expect((await reference.get()).get("count")).toBe(20);
  });

  it("creates a document once when 10 workers find it missing", async () => {
    const reference = newDocument();
    const created = await Promise.all(
      Array.from({ length: 10 }, (_, worker) =>
        database.transact(async (transaction) => {
          if ((await transaction.get(reference)).exists) return false;
          transaction.set(reference, { worker });
          return true;
        }),
      ),
    );
    expect(created.filter(Boolean)).toHaveLength(1);
  });

  it("replaces a document whole with set, and only the fields given with merge", async () => {
    const reference = newDocument();
    await reference.set({ state: "held", due_at: 1, days: { monday: 1 } });
    await database.transact(async (transaction) => {
      await transaction.get(reference);
      transaction.merge(reference, { days: { tuesday: 2 } });
    });
    expect((await reference.get()).data()).toEqual({ state: "held", due_at: 1, days: { tuesday: 2 } });
    await database.transact(async (transaction) => {
      await transaction.get(reference);
      transaction.set(reference, { state: "sent" });
    });
    expect((await reference.get()).data()).toEqual({ state: "sent" });
  });

  it("writes all of its documents or none", async () => {
    const [first, second] = [newDocument(), newDocument()];
    await second.set({ taken: true });
    const write = database.transact(async (transaction) => {
      await transaction.get(first);
      transaction.set(first, { written: true });
      transaction.create(second, { written: true });
    });
    await expect(write).rejects.toMatchObject({ code: "unavailable" });
    expect((await first.get()).exists).toBe(false);
  });

  it("refuses to write over a document it has not read", async () => {
    const reference = newDocument();
    const write = database.transact(async (transaction) => transaction.set(reference, { blind: true }));
    await expect(write).rejects.toThrow("without having been read");
  });
});
