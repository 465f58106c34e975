import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type SecretManagerServer,
  startSecretManagerServer,
} from "#scripts/local-stack/secret-manager-server.ts";
import { createSecrets } from "./secrets.ts";

const projectId = "salon-flow-test";
let server: SecretManagerServer;

beforeAll(async () => {
  process.env.METADATA_SERVER_DETECTION = "none";
  server = await startSecretManagerServer({ projectId, secrets: { "twilio-auth-token": "canary-7f3a9c" } });
});
afterAll(() => server.stop());

describe("secrets", () => {
  it("are read once a minute, not once a use", async () => {
    const secrets = createSecrets({ projectId, endpoint: server.endpoint });
    const before = server.calls().access;
    for (const _ of [1, 2, 3])
      expect((await secrets.read("twilio-auth-token")).reveal()).toBe("canary-7f3a9c");
    expect(server.calls().access - before).toBe(1);
  });

  it("that do not exist are named, with what to check", async () => {
    const secrets = createSecrets({ projectId, endpoint: server.endpoint });
    await expect(secrets.read("twilio-account-sid-b")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/Secret Manager did not give the secret twilio-account-sid-b; check/),
    });
  });

  it("that need not be there are looked for without an error, and once a minute", async () => {
    const secrets = createSecrets({ projectId, endpoint: server.endpoint });
    const before = server.calls().access;
    for (const _ of [1, 2]) expect(await secrets.find("twilio-phone-number")).toBeUndefined();
    expect(server.calls().access - before).toBe(1);
    expect((await secrets.find("twilio-auth-token"))?.reveal()).toBe("canary-7f3a9c");
    await expect(secrets.read("twilio-phone-number")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("that arrive damaged are refused", async () => {
    const secrets = createSecrets({ projectId, endpoint: server.endpoint });
    server.setFault({ kind: "wrong_crc" });
    await expect(secrets.read("twilio-auth-token")).rejects.toMatchObject({ code: "unavailable" });
    server.setFault(undefined);
  });

  it("fail with the service's name when it does not answer", async () => {
    const secrets = createSecrets({ projectId, endpoint: server.endpoint });
    server.setFault({ kind: "unavailable" });
    await expect(secrets.read("twilio-auth-token")).rejects.toMatchObject({
      code: "unavailable",
      context: { service: "Secret Manager" },
    });
    server.setFault(undefined);
  });
});
