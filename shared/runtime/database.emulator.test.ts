import { afterAll, describe, expect, it } from "vitest";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { createDatabase, isAlreadyExists, isStale } from "./database.ts";

const database = createDatabase(uniqueProjectId());
afterAll(() => database.firestore.terminate());

describe("the database", () => {
  it("tells a document that is there already, and one that somebody changed meanwhile", async () => {
    const reference = database.firestore.doc("things/one");
    const { writeTime } = await reference.create({ value: 1 });
    const again = await database.run(() => reference.create({ value: 2 })).catch((error: unknown) => error);
    expect(isAlreadyExists(again)).toBe(true);
    await reference.update({ value: 3 });
    const late = await database
      .run(() => reference.update({ value: 4 }, { lastUpdateTime: writeTime }))
      .catch((error: unknown) => error);
    expect(isStale(late)).toBe(true);
    expect((await reference.get()).get("value")).toBe(3);
  });

  it("ends a wait that takes too long with an error that names Firestore and what to check", async () => {
    const hasty = createDatabase(uniqueProjectId(), 20);
    await expect(hasty.run(() => new Promise(() => {}))).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("FIRESTORE_EMULATOR_HOST"),
    });
    await hasty.firestore.terminate();
  });
});
