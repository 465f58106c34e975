import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { createAuthenticateCaller } from "./caller.ts";

const AUDIENCE = "https://send-message.example";
const EMAIL = "booking@salon-flow.iam.gserviceaccount.com";
const REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE";
const UNAUTHENTICATED = { code: "unauthenticated", message: expect.stringContaining("Google ID token") };
const google = generateKeyPairSync("rsa", { modulusLength: 2048 });
const attacker = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** Google's keys, as they are published: PEM by key id. */
let keys: { url: string; asked: number; fails: boolean; stop(): Promise<void> };
beforeAll(async () => {
  const pem = google.publicKey.export({ type: "spki", format: "pem" });
  const server = createServer((_, response) => {
    keys.asked += 1;
    const headers = { "content-type": "application/json", "cache-control": "public, max-age=19800" };
    if (keys.fails) response.writeHead(404).end();
    else response.writeHead(200, headers).end(JSON.stringify({ "key-1": pem }));
  });
  const { host, close } = await listen(server, 0, "Google's keys");
  keys = { url: `http://${host}/certs`, asked: 0, fails: false, stop: close };
});
afterAll(() => keys.stop());

const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({
  iss: "https://accounts.google.com",
  aud: AUDIENCE,
  azp: "1234567890",
  sub: "1234567890",
  email: EMAIL,
  email_verified: true,
  iat: now() - 60,
  exp: now() + 3_540,
});
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const HEAD = { alg: "RS256", kid: "key-1", typ: "JWT" };

interface Forged {
  readonly head?: unknown;
  readonly changes?: object;
  readonly key?: typeof google.privateKey;
}
const unsigned = ({ head = HEAD, changes = {} }: Forged) =>
  `${encode(head)}.${encode({ ...claims(), ...changes })}`;
const withSignature = (signature: string, forged: Forged = {}) => `Bearer ${unsigned(forged)}.${signature}`;
function signed(forged: Forged = {}): string {
  const text = unsigned(forged);
  const signature = sign("RSA-SHA256", Buffer.from(text), forged.key ?? google.privateKey);
  return `Bearer ${text}.${signature.toString("base64url")}`;
}

type Mode = "verify" | "verified-by-cloud-run" | "local";
const create = (CALLER_TOKENS: Mode, settings = {}) =>
  createAuthenticateCaller(
    { CALLER_TOKENS, SEND_MESSAGE_AUDIENCE: AUDIENCE, FIRESTORE_EMULATOR_HOST: "127.0.0.1:8080" },
    { certsUrl: keys.url, ...settings },
  );
const request = (headers: Readonly<Record<string, string | undefined>>) => ({
  header: (name: string) => headers[name.toLowerCase()],
});
const ask = (mode: Mode, authorization: string | undefined, settings = {}) =>
  create(mode, settings)(request({ authorization }));

const MODES: readonly [Mode, (forged?: Forged) => string][] = [
  ["verify", signed],
  ["verified-by-cloud-run", (forged) => withSignature(REMOVED, forged)],
  ["local", (forged) => withSignature("", { head: { alg: "none", typ: "JWT" }, ...forged })],
];

describe.each(MODES)("a token, with CALLER_TOKENS=%s,", (mode, token) => {
  it("tells which service calls", async () => {
    expect(await ask(mode, token())).toEqual({ email: EMAIL });
    expect(await ask(mode, token().replace("Bearer", "bearer"))).toEqual({ email: EMAIL });
    expect(await ask(mode, token({ changes: { iss: "accounts.google.com" } }))).toEqual({ email: EMAIL });
  });

  it.each([
    ["for another audience", { aud: "https://other.example" }],
    ["for several audiences", { aud: [AUDIENCE, "https://other.example"] }],
    ["for no audience", { aud: undefined }],
    ["of another issuer", { iss: "https://accounts.google.com.evil.example" }],
    ["of Firebase Auth", { iss: "https://securetoken.google.com/salon-flow" }],
    ["that has expired", { exp: now() - 1 }],
    ["that never expires", { exp: undefined }],
    ["whose expiry is a word", { exp: "never" }],
    ["whose e-mail nobody has verified", { email_verified: false }],
    ["whose e-mail is verified in words", { email_verified: "true" }],
    ["without a word on its e-mail", { email_verified: undefined }],
    ["without an e-mail", { email: undefined }],
    ["of a person", { email: "priya@salonflow.example" }],
    ["whose e-mail only looks like a service account's", { email: `${EMAIL}.evil.example` }],
    ["whose e-mail is a path", { email: "a/b@c.gserviceaccount.com" }],
  ])("%s is refused", async (_, changes) => {
    await expect(ask(mode, token({ changes }))).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it("is refused from the second in which it expires", async () => {
    const clock = createMovingClock(new Date(now() * 1000));
    const authorization = token({ changes: { exp: now() + 30 } });
    clock.pass(29);
    await expect(ask(mode, authorization, { clock })).resolves.toBeDefined();
    clock.pass(1);
    await expect(ask(mode, authorization, { clock })).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it.each([
    ["no header", undefined],
    ["an empty one", ""],
    ["another scheme", "Basic dXNlcjpwYXNz"],
    ["a scheme alone", "Bearer "],
    ["words", "Bearer aaaa.bbbb.cccc"],
    ["claims that are null", `Bearer ${encode(HEAD)}.${encode(null)}.`],
    ["claims that are a list", `Bearer ${encode(HEAD)}.${encode([])}.`],
    ["a header that is null", `Bearer ${encode(null)}.${encode(claims())}.`],
    ["two parts", `Bearer ${encode(HEAD)}.${encode(claims())}`],
    ["four parts", `${"Bearer "}${encode(HEAD)}.${encode(claims())}.c2ln.c2ln`],
  ])("is refused when it is %s", async (_, authorization) => {
    await expect(ask(mode, authorization)).rejects.toMatchObject(UNAUTHENTICATED);
  });
});

describe("with CALLER_TOKENS=verify, a forged signature is refused:", () => {
  it.each([
    ["none (alg none)", () => withSignature("", { head: { alg: "none" } })],
    ["none, naming Google's key", () => withSignature("", { head: { alg: "none", kid: "key-1" } })],
    ["the one Cloud Run leaves", () => withSignature(REMOVED)],
    ["the attacker's", () => signed({ key: attacker.privateKey })],
    ["by a key that Google does not have", () => signed({ head: { ...HEAD, kid: "key-2" } })],
    ["by a key of every object", () => signed({ head: { ...HEAD, kid: "constructor" } })],
    [
      "of other claims",
      () => `Bearer ${unsigned({})}.${signed({ changes: { exp: now() + 9 } }).split(".")[2]}`,
    ],
    ["one that is no ECDSA", () => withSignature("c2ln", { head: { alg: "ES256", kid: "key-1" } })],
    ["a lifetime that Google does not give", () => signed({ changes: { exp: now() + 8 * 86_400 } })],
  ])("%s", async (_, forged) => {
    await expect(ask("verify", forged())).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it("and X-Serverless-Authorization is not read at all", async () => {
    const headers = { "x-serverless-authorization": signed() };
    await expect(create("verify")(request(headers))).rejects.toMatchObject(UNAUTHENTICATED);
  });
});

describe("Google's keys", () => {
  it("are read once, and not for a token that is no good anyway", async () => {
    const authenticate = create("verify");
    const before = keys.asked;
    const expired = request({ authorization: signed({ changes: { exp: now() - 1 } }) });
    await expect(authenticate(expired)).rejects.toMatchObject(UNAUTHENTICATED);
    expect(keys.asked).toBe(before);
    for (let count = 0; count < 3; count += 1) await authenticate(request({ authorization: signed() }));
    expect(keys.asked).toBe(before + 1);
  });

  it("that cannot be read are not the caller's fault", async () => {
    keys.fails = true;
    const answer = ask("verify", signed());
    await expect(answer).rejects.toMatchObject({
      code: "unavailable",
      context: { service: "Google's public keys" },
    });
    keys.fails = false;
  });
});

describe("with CALLER_TOKENS=verified-by-cloud-run", () => {
  it.each([
    ["a token that Cloud Run has not checked", () => signed()],
    ["an unsigned one (alg none)", () => withSignature("", { head: { alg: "none" } })],
  ])("%s is refused", async (_, token) => {
    await expect(ask("verified-by-cloud-run", token())).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it("who was let in under one name cannot write another into Authorization", async () => {
    const authenticate = create("verified-by-cloud-run");
    const victim = withSignature(REMOVED, {
      changes: { email: "victim@salon-flow.iam.gserviceaccount.com" },
    });
    const headers = { authorization: victim, "x-serverless-authorization": withSignature(REMOVED) };
    expect(await authenticate(request(headers))).toEqual({ email: EMAIL });
  });
});

describe("with CALLER_TOKENS=local", () => {
  it.each([
    ["a signed token", () => signed()],
    ["one from Cloud Run", () => withSignature(REMOVED)],
    ["an unsigned one that claims to be signed", () => withSignature("")],
  ])("%s is refused", async (_, token) => {
    await expect(ask("local", token())).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it("the function does not start without the Firestore emulator", () => {
    const config = { CALLER_TOKENS: "local", SEND_MESSAGE_AUDIENCE: AUDIENCE } as const;
    const load = () => createAuthenticateCaller({ ...config, FIRESTORE_EMULATOR_HOST: undefined });
    expect(load).toThrow(/CALLER_TOKENS .*FIRESTORE_EMULATOR_HOST/);
  });
});
