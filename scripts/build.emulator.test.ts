import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { PubSub } from "@google-cloud/pubsub";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "#shared/core/clock.ts";
import { variables } from "#shared/core/config.ts";
import { Secret } from "#shared/core/secret.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { buildFunctions } from "./build.ts";
import { eventually } from "./demo/eventually.ts";
import { DEPLOYMENTS } from "./deployments.ts";
import { FUNCTION_VARIABLES, LOCAL_VARIABLES } from "./function-variables.ts";
import { LOCAL_AUDIENCE, localCallerToken } from "./local-stack/caller-token.ts";
import { claimPort } from "./local-stack/free-port.ts";
import { type AloneOptions, installFor, startAlone } from "./testing/deployed-alone.ts";
import { uniqueProjectId } from "./testing/test-project.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = readdirSync(`${ROOT}/functions`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const NOTE_VARIABLES = fileURLToPath(new URL("./testing/note-variables.cjs", import.meta.url));
const SALON = "salon-alone";
const NUMBER = "+14155550101";
const ACCOUNT_SID = `AC${"1".repeat(32)}`;
const AUTH_TOKEN = "0123456789abcdef0123456789abcdef";
const SERVICE = "booking@salon-flow.iam.gserviceaccount.com";
const PUBLIC_BASE = "https://hooks.example.com";
const Manifest = z.looseObject({ dependencies: z.record(z.string(), z.string()) });
const manifestAt = (folder: string) =>
  Manifest.parse(JSON.parse(readFileSync(`${folder}/package.json`, "utf8")));

/** Holds the bundles and what they list, and nothing else that Node could find. */
const out = mkdtempSync(join(tmpdir(), "bundles-"));
const projectId = uniqueProjectId();
const { FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, KMS_ENDPOINT, KMS_KEY_NAME = "" } = process.env;
const env = {
  ...parseEnv(readFileSync(`${ROOT}/.env.example`, "utf8")),
  GOOGLE_CLOUD_PROJECT: projectId,
  FIRESTORE_EMULATOR_HOST,
  PUBSUB_EMULATOR_HOST,
  KMS_KEY_NAME,
  KMS_ENDPOINT,
  METADATA_SERVER_DETECTION: "none",
  PUBLIC_WEBHOOK_BASE: PUBLIC_BASE,
  CALLER_TOKENS: "local",
  SEND_MESSAGE_AUDIENCE: LOCAL_AUDIENCE,
};

let built: string[];
let running: Awaited<ReturnType<typeof startAlone>> | undefined;

beforeAll(async () => {
  built = await buildFunctions(ROOT, out);
  installFor(`${out}/receive-message`, out);
  const database = createDatabase(projectId);
  const { firestore } = database;
  const kms = createKms({ keyName: KMS_KEY_NAME, endpoint: KMS_ENDPOINT });
  const vault = createVault({ kms, clock: systemClock, cache: VAULT_CACHE });
  const seal = (kind: "account_sid" | "auth_token", value: string) =>
    vault.seal({ salonId: SALON, kind, secret: new Secret(value) });
  const platform = {
    parent: "default",
    account_sid: await seal("account_sid", ACCOUNT_SID),
    auth_token: await seal("auth_token", AUTH_TOKEN),
    phone_number: NUMBER,
    is_active: true,
  };
  const pubsub = new PubSub({ projectId });
  await Promise.all([
    firestore.doc(`salons/${SALON}`).set({ name: "Alone", status: "open" }),
    firestore.doc(`callers/${SERVICE}`).set({ salons: [SALON] }),
    firestore.doc(`salon_integrations/${SALON}`).set({ salon_id: SALON, platform }),
    ...["outbound", "outbound-critical", "inbound-messages"].map((topic) => pubsub.createTopic(topic)),
  ]);
  await Promise.all([firestore.terminate(), pubsub.close()]);
}, 120_000);
afterEach(async () => {
  await running?.stop();
  running = undefined;
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

async function start(options: Omit<AloneOptions, "env">, changes: AloneOptions["env"] = {}): Promise<string> {
  running = await startAlone(out, { ...options, env: { ...env, ...changes } });
  return running.url;
}

/** A customer's message, signed for the public address and sent to the function's own. */
async function deliverTo(url: string, token = AUTH_TOKEN) {
  const path = `/webhooks/twilio/sms/${SALON}`;
  const form = {
    AccountSid: ACCOUNT_SID,
    MessageSid: `SM${"2".repeat(32)}`,
    From: "+14155550199",
    To: NUMBER,
    Body: "Hi",
  };
  const signature = getExpectedTwilioSignature(token, `${PUBLIC_BASE}${path}`, form);
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    body: new URLSearchParams(form),
    headers: { "x-twilio-signature": signature },
  });
  return { status: response.status, text: await response.text() };
}

/** `@scope/name/file.js` is a file of the package `@scope/name`. */
function packageOf(module: string): string {
  return module
    .split("/")
    .slice(0, module.startsWith("@") ? 2 : 1)
    .join("/");
}

describe("every bundle", () => {
  test("is built, one for each folder of functions", () => {
    expect([...built].sort()).toEqual([...FOLDERS].sort());
  });

  test.each(FOLDERS)("%s lists exactly what its code imports, in the versions that are tested", (name) => {
    const code = readFileSync(`${out}/${name}/index.cjs`, "utf8");
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, module = ""]) => module);
    const packages = [...new Set(required.filter((module) => !isBuiltin(module)).map(packageOf))].sort();
    const { dependencies } = manifestAt(`${out}/${name}`);
    expect(Object.keys(dependencies).sort()).toEqual(packages);
    const tested = manifestAt(ROOT).dependencies;
    for (const [dependency, version] of Object.entries(dependencies))
      expect(version).toBe(tested[dependency]);
  });
});

describe("alone in a folder with nothing but what is listed", () => {
  test.each(Object.entries(FUNCTION_VARIABLES))(
    "%s starts with the variables that the table gives it, and reads each and no other",
    async (target, names) => {
      const { kind } = DEPLOYMENTS.find(({ source }) => source === target)?.trigger ?? { kind: "topic" };
      const lines: string[] = [];
      const given = Object.entries(env).filter(
        ([name]) =>
          !(name in variables.shape) || [...names, ...LOCAL_VARIABLES].some((each) => each === name),
      );
      running = await startAlone(out, {
        target,
        signatureType: kind === "http" ? "http" : "cloudevent",
        env: { ...Object.fromEntries(given), NODE_OPTIONS: `--require=${NOTE_VARIABLES}` },
        lines,
      });
      const read = lines.flatMap((line) => /^reads ([A-Z_]+)$/.exec(line)?.[1] ?? []);
      const local: readonly string[] = LOCAL_VARIABLES;
      const ours = read.filter((name) => name in variables.shape && !local.includes(name));
      expect(ours.toSorted()).toEqual(names.toSorted());
    },
  );

  test("receive-message takes a signed message, whatever its own address is, and refuses a forged one", async () => {
    const url = await start({ target: "receive-message" });
    const answer = '<?xml version="1.0" encoding="UTF-8"?><Response/>';
    expect(await deliverTo(url)).toEqual({ status: 200, text: answer });
    expect((await deliverTo(url, "forged")).status).toBe(403);
  });

  test("send-message accepts a message, and refuses a malformed one by its field", async () => {
    const url = await start({ target: "send-message" });
    const send = (to: string) =>
      fetch(`${url}/v1/messages`, {
        method: "POST",
        headers: {
          authorization: localCallerToken(SERVICE),
          "content-type": "application/json",
          "idempotency-key": "one",
        },
        body: JSON.stringify({ salon_id: SALON, channel: "sms", to, body: "Hello" }),
      });
    expect((await send("+14155550199")).status).toBe(202);
    const refused = await send("12345");
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { field: "to" } }]);
  });

  test("a body that is not JSON is refused by the framework, and stands neither in the answer nor in the log", async () => {
    const lines: string[] = [];
    const url = await start({ target: "send-message", lines });
    const response = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "one" },
      body: '{"to": "+14155550199", "body": "canary-7f3a9c" oops',
    });
    expect(response.status).toBe(400);
    expect(await response.text()).not.toMatch(/canary-7f3a9c|14155550199/);
    const reported = async () =>
      lines.join().includes("the framework reported an error") ? true : undefined;
    await eventually("the log line", reported, 3_000);
    const logged = lines.join("\n");
    expect(logged).toContain("the framework reported an error");
    expect(logged).not.toMatch(/canary-7f3a9c|14155550199/);
  });
});

describe("a function that is configured wrongly does not start", () => {
  test.each([
    ["receive-message", "KMS_KEY_NAME", undefined, "KMS_KEY_NAME is not set"],
    [
      "receive-status",
      "PUBLIC_WEBHOOK_BASE",
      "not an address",
      "PUBLIC_WEBHOOK_BASE must be the public https://",
    ],
    [
      "provision-salon",
      "PARTY_HASH_KEY",
      "too-short-to-guess",
      "PARTY_HASH_KEY must hold at least 32 characters",
    ],
    ["send-message", "GOOGLE_CLOUD_PROJECT", "", "GOOGLE_CLOUD_PROJECT is not set"],
  ])(
    "%s with %s %j: one log line says what is wrong, without the value",
    async (target, variable, value, words) => {
      const lines: string[] = [];
      await expect(start({ target, lines }, { [variable]: value })).rejects.toThrow(
        /ended with exit code [1-9]/,
      );
      const logged = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
      expect(logged).toHaveLength(1);
      expect(logged[0]).toMatchObject({ severity: "ERROR", message: expect.stringContaining(words) });
      if (value) expect(lines.join("\n")).not.toContain(value);
    },
  );
});

describe("when what it needs is down, it says what and where to look", () => {
  test("Cloud KMS: 503, with its name and the variable", async () => {
    const closed = `127.0.0.1:${await claimPort(0, "nobody")}`;
    const url = await start({ target: "receive-message" }, { KMS_ENDPOINT: closed });
    const { status, text } = await deliverTo(url);
    expect(status).toBe(503);
    expect(text).toMatch(/Cloud KMS.*KMS_ENDPOINT/);
  });

  test("Firestore: 503 within 10 s, with its name and the variable", async () => {
    const closed = `127.0.0.1:${await claimPort(0, "nobody")}`;
    const url = await start({ target: "receive-message" }, { FIRESTORE_EMULATOR_HOST: closed });
    const started = performance.now();
    const { status, text } = await deliverTo(url);
    expect(status).toBe(503);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(text).toMatch(/Firestore.*FIRESTORE_EMULATOR_HOST/);
  });
});
