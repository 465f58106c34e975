import { expect, test } from "vitest";
import { createHandler } from "./handler.ts";

async function doneFor(data: unknown): Promise<string[]> {
  const done: string[] = [];
  const handler = createHandler({
    maintain: async () => done.push("all salons"),
    proceedErasure: async (salonId) => done.push(`erasure of ${salonId}`),
  });
  await handler({ kind: "message", data });
  return done;
}

test("a tick is a turn around all salons", async () => {
  expect(await doneFor({ scheduled_at: "2026-11-22T10:00:00Z" })).toEqual(["all salons"]);
});

test("a wake-up goes on with the erasure of the salon it names, and no other", async () => {
  expect(await doneFor({ salon_id: "salon-1" })).toEqual(["erasure of salon-1"]);
});
