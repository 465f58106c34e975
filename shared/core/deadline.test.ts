import { describe, expect, it } from "vitest";
import { withDeadline } from "./deadline.ts";

describe("withDeadline", () => {
  it("ends the wait with an error that names the service and what to check", async () => {
    const never = new Promise<string>(() => {});
    await expect(withDeadline("Firestore", "check FIRESTORE_EMULATOR_HOST", 10, never)).rejects.toMatchObject(
      {
        code: "unavailable",
        message: "Firestore did not answer within 0.01 s; check FIRESTORE_EMULATOR_HOST.",
        context: { service: "Firestore" },
      },
    );
  });

  it("gives the answer, or the work's own error, when that comes first", async () => {
    await expect(withDeadline("X", "look", 1_000, Promise.resolve("done"))).resolves.toBe("done");
    await expect(withDeadline("X", "look", 1_000, Promise.reject(new Error("mine")))).rejects.toThrow("mine");
  });
});
