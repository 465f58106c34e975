import { describe, expect, it } from "vitest";
import { AppError } from "#shared/core/errors.ts";
import { refusalFor } from "./refusal.ts";

const firebaseError = (code: string, message = "") => Object.assign(new Error(message), { code });

describe("a refusal", () => {
  it.each(["id-token-expired", "id-token-revoked", "user-disabled", "user-not-found"])(
    "is about the token for auth/%s",
    (code) => {
      expect(refusalFor(firebaseError(`auth/${code}`))).toMatchObject({ code: "unauthenticated" });
    },
  );

  it("tells a bad token from keys that cannot be fetched, which the client reports under one code", () => {
    const bad = firebaseError("auth/argument-error", "Firebase ID token has invalid signature.");
    const keys = firebaseError("auth/argument-error", "Error fetching public keys for Google certs: 503");
    expect(refusalFor(bad)).toMatchObject({ code: "unauthenticated" });
    expect(refusalFor(keys)).toMatchObject({ code: "unavailable", context: { service: "Firebase Auth" } });
  });

  it.each([
    "app/network-error",
    "app/invalid-credential",
    "auth/insufficient-permission",
    "auth/internal-error",
  ])("names Firebase Auth and what to check for %s", (code) => {
    expect(refusalFor(firebaseError(code))).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("FIREBASE_AUTH_EMULATOR_HOST"),
    });
  });

  it("leaves our own errors and unknown ones as they are", () => {
    const late = new AppError("unavailable", "Firebase Auth did not answer within 6 s.");
    const bug = new TypeError("x is not a function");
    expect(refusalFor(late)).toBe(late);
    expect(refusalFor(bug)).toBe(bug);
  });
});
