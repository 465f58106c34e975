import { describe, expect, it } from "vitest";
import { AppError, toAppError } from "./errors.ts";

describe("AppError", () => {
  it("decides the HTTP status and whether trying again may help by its code", () => {
    const invalid = new AppError("invalid-argument", "to is wrong.");
    expect([invalid.status, invalid.retry]).toEqual([400, false]);
    const down = new AppError("unavailable", "Firestore is down.");
    expect([down.status, down.retry]).toEqual([503, true]);
  });

  it("makes anything unknown an internal error that is tried again and says nothing of its cause", () => {
    const error = toAppError(new Error("password=hunter2"));
    expect([error.code, error.status, error.retry]).toEqual(["internal", 500, true]);
    expect(error.message).not.toContain("hunter2");
  });

  it("leaves an AppError as it is", () => {
    const error = new AppError("conflict", "Used already.");
    expect(toAppError(error)).toBe(error);
  });
});
