import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { type AuthEmulator, startAuthEmulator } from "./auth-emulator.ts";
import { answers } from "./free-port.ts";

const projectId = uniqueProjectId();
let emulator: AuthEmulator;
beforeAll(async () => {
  emulator = await startAuthEmulator({ projectId });
});
afterAll(() => emulator.stop());

const SignedIn = z.object({ idToken: z.string(), localId: z.string() });
const accounts = (method: string) =>
  `http://${emulator.host}/identitytoolkit.googleapis.com/v1/accounts:${method}?key=any`;

const post = (url: string, body: unknown) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("serves Firebase Auth on loopback: a web client signs up and in with an API key", async () => {
  expect(emulator.host).toMatch(/^127\.0\.0\.1:\d+$/);
  const person = { email: "anjali@salon.example", password: "correct horse", returnSecureToken: true };
  expect((await post(accounts("signUp"), person)).status).toBe(200);
  const signedIn = SignedIn.parse(await (await post(accounts("signInWithPassword"), person)).json());
  const [, payload = ""] = signedIn.idToken.split(".");
  expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({
    aud: projectId,
    email: person.email,
    sub: signedIn.localId,
  });
});

test("has every account operation that the web client calls", async () => {
  const methods = ["signUp", "signInWithPassword", "lookup", "update", "sendOobCode", "signInWithIdp"];
  for (const method of methods) expect((await post(accounts(method), {})).status).not.toBe(404);
});

test("refuses a busy port in one sentence", async () => {
  const port = Number(emulator.host.split(":")[1]);
  await expect(startAuthEmulator({ projectId, port })).rejects.toThrow(
    `Port ${port}, wanted by the Auth emulator, is in use`,
  );
});

test("leaves nobody on its port when it stops", async () => {
  const another = await startAuthEmulator({ projectId });
  await another.stop();
  expect(await answers(Number(another.host.split(":")[1]))).toBe(false);
});
