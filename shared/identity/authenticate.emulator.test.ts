import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createAuthUsers } from "#scripts/testing/auth-users.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { createAuthenticate } from "./authenticate.ts";

const projectId = uniqueProjectId();
const users = createAuthUsers(projectId);
const authenticate = createAuthenticate({ projectId });
const REFUSED = {
  code: "unauthenticated",
  message: "Sign in first: send a valid ID token as `Authorization: Bearer …`.",
};
afterEach(() => vi.unstubAllEnvs());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * The token with other claims. Tokens of the emulator are unsigned and the client library takes them as they are, so
 * here only what it checks beside the signature can be shown; unsigned tokens are refused in authenticate.test.ts.
 */
function altered(authorization: string, claims: Record<string, unknown>): string {
  const [header, payload = ""] = authorization.slice("Bearer ".length).split(".");
  const known: object = JSON.parse(Buffer.from(payload, "base64url").toString());
  return `Bearer ${header}.${encode({ ...known, ...claims })}.`;
}

describe("a caller who signed in", () => {
  it("is who Firebase Auth says", async () => {
    const started = Math.floor(Date.now() / 1000) * 1000;
    const { uid, email, signIn } = await users.add();
    const identity = await authenticate(await signIn());
    expect(identity).toEqual({
      uid,
      email,
      emailVerified: true,
      signedInAt: expect.any(Date),
      isOperator: false,
    });
    expect(identity.signedInAt.getTime()).toBeGreaterThanOrEqual(started);
  });

  it("may write the scheme in any case", async () => {
    const { uid, signIn } = await users.add();
    const authorization = await signIn();
    expect(await authenticate(authorization.replace("Bearer", "bearer"))).toMatchObject({ uid });
  });

  it("is refused once the token has expired", async () => {
    const { signIn } = await users.add();
    const authorization = await signIn();
    const now = Math.floor(Date.now() / 1000);
    await expect(authenticate(altered(authorization, { exp: now + 5 }))).resolves.toBeDefined();
    await expect(authenticate(altered(authorization, { exp: now - 5 }))).rejects.toMatchObject(REFUSED);
  });

  it("is refused once their sign-ins are revoked", async () => {
    const { uid, signIn } = await users.add();
    const authorization = await signIn();
    // Firebase counts in whole seconds: a revocation in the second of the sign-in leaves it valid.
    await expect
      .poll(
        async () => {
          await users.auth.revokeRefreshTokens(uid);
          return authenticate(authorization).catch((error: unknown) => error);
        },
        { timeout: 5_000 },
      )
      .toMatchObject(REFUSED);
  });

  it("is refused once they are disabled, and once they are deleted", async () => {
    const { uid, signIn } = await users.add();
    const authorization = await signIn();
    await users.auth.updateUser(uid, { disabled: true });
    await expect(authenticate(authorization)).rejects.toMatchObject(REFUSED);
    await users.auth.updateUser(uid, { disabled: false });
    await expect(authenticate(authorization)).resolves.toMatchObject({ uid });
    await users.auth.deleteUser(uid);
    await expect(authenticate(authorization)).rejects.toMatchObject(REFUSED);
  });
});

describe("a token that was tampered with is refused", () => {
  it.each([
    ["another project's audience", { aud: "theirs" }],
    ["another issuer", { iss: "https://securetoken.google.com/theirs" }],
    ["nobody as its subject", { sub: "" }],
    ["somebody unknown as its subject", { sub: "nobody-knows-me" }],
    ["a path as its subject", { sub: "a/members/b" }],
    ["no time of sign-in", { auth_time: undefined }],
  ])("with %s", async (_, claims) => {
    const { signIn } = await users.add();
    await expect(authenticate(altered(await signIn(), claims))).rejects.toMatchObject(REFUSED);
  });

  it("with a signature of the attacker's own", async () => {
    const { signIn } = await users.add();
    const [, payload = ""] = (await signIn()).split(".");
    const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${payload}`;
    const signature = createHmac("sha256", "secret").update(signed).digest("base64url");
    await expect(authenticate(`Bearer ${signed}.${signature}`)).rejects.toMatchObject(REFUSED);
  });

  it("with a uid that an administrator gave and that is no document id", async () => {
    const uid = `a/members/${Date.now()}`;
    const { signIn } = await users.add();
    await users.auth.createUser({ uid });
    await expect(authenticate(altered(await signIn(), { sub: uid }))).rejects.toMatchObject(REFUSED);
  });

  it("when it comes from another project's users", async () => {
    const others = createAuthUsers(uniqueProjectId());
    const { signIn } = await others.add({ platform_admin: true });
    await expect(authenticate(await signIn())).rejects.toMatchObject(REFUSED);
  });
});

describe("an operator", () => {
  it("is who has the claim, as true and nothing like it", async () => {
    const operator = await users.add({ platform_admin: true });
    const nearly = await users.add({ platform_admin: "true" });
    expect(await authenticate(await operator.signIn())).toMatchObject({ isOperator: true });
    expect(await authenticate(await nearly.signIn())).toMatchObject({ isOperator: false });
  });

  it("is none once the claim is taken away, whatever the token says", async () => {
    const { uid, signIn } = await users.add({ platform_admin: true });
    const authorization = await signIn();
    await users.auth.setCustomUserClaims(uid, {});
    expect(await authenticate(authorization)).toMatchObject({ uid, isOperator: false });
  });

  it("is none for having written the claim into the token", async () => {
    const { signIn } = await users.add();
    const claims = { platform_admin: true };
    expect(await authenticate(altered(await signIn(), claims))).toMatchObject({ isOperator: false });
  });
});

describe("what needs a recent sign-in", () => {
  it("is open for five minutes, then only for who signs in again", async () => {
    const { uid, signIn } = await users.add();
    const authorization = await signIn();
    const clock = createMovingClock((await authenticate(authorization)).signedInAt);
    const later = createAuthenticate({ projectId, clock });
    clock.pass(300);
    await expect(later(authorization, { recentSignIn: true })).resolves.toMatchObject({ uid });
    clock.pass(1);
    await expect(later(authorization, { recentSignIn: true })).rejects.toMatchObject({
      code: "permission-denied",
      message: "Sign in again: this needs a sign-in of the last 5 minutes.",
    });
    await expect(later(authorization)).resolves.toMatchObject({ uid });
  });
});

describe("when Firebase Auth is down", () => {
  const DOWN = {
    code: "unavailable",
    message: expect.stringMatching(/^Firebase Auth .*FIREBASE_AUTH_EMULATOR_HOST/),
    context: { service: "Firebase Auth" },
  };

  /** A good token of a project that asks its Auth at `url`: the client keeps the address it used first. */
  async function projectAt(url: string) {
    const other = uniqueProjectId();
    const authorization = await (await users.add()).signIn();
    vi.stubEnv("FIREBASE_AUTH_EMULATOR_HOST", new URL(url).host);
    const claims = { aud: other, iss: `https://securetoken.google.com/${other}` };
    return { projectId: other, authorization: altered(authorization, claims) };
  }

  it("says so, instead of blaming the token", async () => {
    const { url, stop } = await startRecordingServer();
    await stop();
    const { projectId, authorization } = await projectAt(url);
    await expect(createAuthenticate({ projectId })(authorization)).rejects.toMatchObject(DOWN);
  });

  it("says so when it does not answer in time", async () => {
    let letGo = (_status: number) => {};
    const slow = await startRecordingServer(() => new Promise((resolve) => (letGo = resolve)));
    const { projectId, authorization } = await projectAt(slow.url);
    const hasty = createAuthenticate({ projectId, deadlineMs: 200 });
    await expect(hasty(authorization)).rejects.toMatchObject(DOWN);
    expect(slow.requests).toHaveLength(1);
    letGo(404);
    await slow.stop();
  });
});
