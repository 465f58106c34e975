import { beforeEach, describe, expect, it, vi } from "vitest";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { createAuthenticate } from "./authenticate.ts";

const projectId = uniqueProjectId();
const authenticate = createAuthenticate({ projectId });
const now = Math.floor(Date.now() / 1000);
const CLAIMS = {
  iss: `https://securetoken.google.com/${projectId}`,
  aud: projectId,
  sub: "uid-1",
  auth_time: now,
  iat: now,
  exp: now + 3600,
  platform_admin: true,
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const bearer = (header: unknown, claims: unknown, signature = "") =>
  `Bearer ${encode(header)}.${encode(claims)}.${signature}`;

/** None of these gets as far as asking for Google's keys: the test needs no network. */
describe("without the emulator, as deployed", () => {
  beforeEach(() => {
    vi.stubEnv("FIREBASE_AUTH_EMULATOR_HOST", undefined);
  });

  it.each([
    ["an unsigned token (alg none)", bearer({ alg: "none", typ: "JWT" }, CLAIMS)],
    ["an unsigned token that names a key", bearer({ alg: "none", typ: "JWT", kid: "key-1" }, CLAIMS)],
    [
      "a token signed with the public key as a password",
      bearer({ alg: "HS256", kid: "key-1" }, CLAIMS, "c2ln"),
    ],
    [
      "a token of another project",
      bearer({ alg: "RS256", kid: "key-1" }, { ...CLAIMS, aud: "theirs" }, "c2ln"),
    ],
    [
      "a token of another issuer",
      bearer({ alg: "RS256", kid: "key-1" }, { ...CLAIMS, iss: "https://e.vil" }, "c2ln"),
    ],
    ["a token of nobody", bearer({ alg: "RS256", kid: "key-1" }, { ...CLAIMS, sub: "" }, "c2ln")],
    ["no header", undefined],
    ["an empty header", ""],
    ["another scheme", "Basic dXNlcjpwYXNz"],
    ["a scheme alone", "Bearer "],
    ["two words", `${bearer({ alg: "none" }, CLAIMS)} x`],
    ["words that are no token", "Bearer aaaa.bbbb.cccc"],
    ["a token whose claims are null", bearer({ alg: "none", typ: "JWT" }, null)],
    ["a token whose header is a list", bearer([], CLAIMS)],
    ["two parts only", "Bearer e30.e30"],
  ])("refuses %s, in the same words as everything else", async (_, authorization) => {
    await expect(authenticate(authorization)).rejects.toMatchObject({
      code: "unauthenticated",
      message: "Sign in first: send a valid ID token as `Authorization: Bearer …`.",
    });
  });
});
