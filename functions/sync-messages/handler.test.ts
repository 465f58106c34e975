import { expect, test } from "vitest";
import { createHandler } from "./handler.ts";

test("reads the lists even when what webhooks began cannot be ended, and says so", async () => {
  let readings = 0;
  const tick = createHandler({
    intake: { takeAgain: () => Promise.reject(new Error("Firestore is away")) },
    synchronize: async () => {
      readings += 1;
    },
  });
  await expect(tick()).rejects.toThrow("Firestore is away");
  expect(readings).toBe(1);
});
