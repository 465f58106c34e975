import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type SecretManagerServer,
  startSecretManagerServer,
} from "#scripts/local-stack/secret-manager-server.ts";
import { createLogBook, type LogBook } from "#scripts/testing/log-book.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createDefaultSenders } from "./default-senders.ts";

const projectId = "salon-flow-test";
const [FIRST, SECOND] = [`AC${"1".repeat(32)}`, `AC${"2".repeat(32)}`];
let server: SecretManagerServer;
let logs: LogBook;

beforeAll(async () => {
  process.env.METADATA_SERVER_DETECTION = "none";
  server = await startSecretManagerServer({
    projectId,
    secrets: {
      "twilio-account-sid": FIRST,
      "twilio-auth-token": "canary-first",
      "twilio-account-sid-b": SECOND,
      "twilio-auth-token-b": "canary-second",
    },
  });
});
beforeEach(() => {
  logs = createLogBook();
});
afterEach(() => server.setFault(undefined));
afterAll(() => server.stop());

const senders = (labels = ["default", "b"]) =>
  createDefaultSenders(createSecrets({ projectId, endpoint: server.endpoint }), labels, logs.logger);
const numbers = async () => (await senders().list()).map((parent) => parent.numbers);

test("a parent without the secret has no numbers, and that is no trouble", async () => {
  const [first, second] = await senders().list();
  expect(first).toMatchObject({ label: "default", accountSid: FIRST, numbers: [] });
  expect(first?.authToken.reveal()).toBe("canary-first");
  expect(second).toMatchObject({ label: "b", accountSid: SECOND, numbers: [] });
  expect(logs.lines).toEqual([]);
});

test("a secret may hold one number, or several separated by commas", async () => {
  server.setSecret("twilio-phone-number", "+14155559801");
  server.setSecret("twilio-phone-number-b", " +14155559802 , +14155559803,+14155559802\n");
  expect(await numbers()).toEqual([["+14155559801"], ["+14155559802", "+14155559803"]]);
});

test.each(["4155559804", "+14155559801, call me", "  "])(
  "what is no number is named by its secret and never quoted: %j",
  async (value) => {
    server.setSecret("twilio-phone-number", value);
    const [first = []] = await numbers();
    expect(first).toEqual(value.startsWith("+1") ? ["+14155559801"] : []);
    expect(logs.lines.join()).toContain('"reason":"twilio-phone-number"');
    expect(logs.lines.join()).not.toMatch(/41555598|call me/);
  },
);

test("finds the parent that an attempt went through, and no other", async () => {
  const found = await senders().credentialsOf(accountFingerprint(SECOND));
  expect([found?.label, found?.accountSid]).toEqual(["b", SECOND]);
  expect(await senders().credentialsOf(accountFingerprint(`AC${"3".repeat(32)}`))).toBeUndefined();
});

test("a parent without credentials is an error, not one parent less", async () => {
  await expect(senders(["default", "c"]).list()).rejects.toMatchObject({ code: "unavailable" });
});

test("Secret Manager is asked once a minute, also for what is not there", async () => {
  const kept = senders(["b"]);
  await kept.list();
  const before = server.calls().access;
  await kept.list();
  await kept.credentialsOf(accountFingerprint(SECOND));
  expect(server.calls().access).toBe(before);
});

test("a Secret Manager that is away does not pass for a parent without numbers", async () => {
  server.setFault({ kind: "unavailable" });
  await expect(senders().list()).rejects.toMatchObject({ code: "unavailable" });
});
