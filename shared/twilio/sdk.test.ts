import { afterEach, expect, test, vi } from "vitest";
import { Secret } from "#shared/core/secret.ts";
import { createHttpClient } from "./http-client.ts";
import { connect } from "./sdk.ts";

const ACCOUNT = `AC${"1".repeat(32)}`;
const OTHERS_TOKEN = "f".repeat(32);

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["token", ACCOUNT, ""],
  ["SID", "", "a".repeat(32)],
  ["SID of an account, but that of an API key", `SK${"2".repeat(32)}`, "a".repeat(32)],
])("without a %s, never takes another tenant's credentials from the environment", (_, accountSid, token) => {
  vi.stubEnv("TWILIO_ACCOUNT_SID", ACCOUNT);
  vi.stubEnv("TWILIO_AUTH_TOKEN", OTHERS_TOKEN);
  const credentials = { accountSid, authToken: new Secret(token) };
  expect(() => connect(credentials, createHttpClient())).toThrow(/needs its SID .* and its auth token/);
});

test("asks Twilio's own host, whatever edge and region the environment names", async () => {
  vi.stubEnv("TWILIO_EDGE", "sydney");
  vi.stubEnv("TWILIO_REGION", "au1");
  const httpClient = createHttpClient();
  const request = vi.spyOn(httpClient, "request").mockRejectedValue(new Error("not asked"));
  const credentials = { accountSid: ACCOUNT, authToken: new Secret("a".repeat(32)) };
  await connect(credentials, httpClient)
    .accounts(ACCOUNT)
    .fetch()
    .catch(() => undefined);
  expect(request.mock.calls[0]?.[0].uri).toBe(`https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}.json`);
});
