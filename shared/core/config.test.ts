import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { loadConfig, variables } from "./config.ts";
import { createLogger } from "./logger.ts";

describe("loadConfig", () => {
  it("gives what was asked for, with defaults", () => {
    const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true, LOG_LEVEL: true }), {
      GOOGLE_CLOUD_PROJECT: "salon-flow",
    });
    expect(config).toEqual({ GOOGLE_CLOUD_PROJECT: "salon-flow", LOG_LEVEL: "info" });
  });

  it.each([
    ["GOOGLE_CLOUD_PROJECT", undefined, "GOOGLE_CLOUD_PROJECT is not set"],
    ["GOOGLE_CLOUD_PROJECT", "", "GOOGLE_CLOUD_PROJECT is not set"],
    ["KMS_KEY_NAME", "my-key", "KMS_KEY_NAME must be projects/P/locations/L/keyRings/R/cryptoKeys/K"],
    ["KMS_ENDPOINT", "kms.example.com:443", "KMS_ENDPOINT must be a loopback host:port"],
    [
      "TWILIO_API_BASE_URL",
      "https://evil.example",
      "TWILIO_API_BASE_URL must be http:// and a loopback host:port",
    ],
    ["PARTY_HASH_KEY", "short", "PARTY_HASH_KEY must hold at least 32 characters"],
    ["PLATFORM_ACCOUNTS", "default,NOT OK", "PLATFORM_ACCOUNTS must be labels, separated by commas"],
    ["SMTP_URL", "smtp://mail.example?requireTLS=false", "and no options"],
    ["SMTP_URL", "https://mail.example", "SMTP_URL must be smtps:// or smtp://"],
    ["MAIL_FROM", "Salon Flow <a@b.example>, c@d.example", "MAIL_FROM must be an e-mail address"],
    ["MAIL_FROM", "a@b.example\r\nBcc: c@d.example", "MAIL_FROM must be an e-mail address"],
    ["SLACK_WEBHOOK_URL", "http://hooks.slack.example/T/B/X", "must be https://, or http:// on loopback"],
    ["SECURITY_WEBHOOK_URL", "http://127.0.0.1.evil.example", "must be https://, or http:// on loopback"],
    ["SECURITY_WEBHOOK_SECRET", "whsec_short", "must be whsec_ and 24 to 64 random bytes in base64"],
    ["TRUSTED_PROXY_HOPS", "6", "TRUSTED_PROXY_HOPS must be 0, 1, 2, 3, 4 or 5"],
    ["TRUSTED_PROXY_HOPS", "-1", "must be 0, 1, 2, 3, 4 or 5"],
    ["TRUSTED_PROXY_HOPS", "1.5", "must be 0, 1, 2, 3, 4 or 5"],
    ["TWILIO_WEBHOOK_ALLOWED_CIDRS", "203.0.113.7", "must be networks such as 203.0.113.0/24"],
    ["TWILIO_WEBHOOK_ALLOWED_CIDRS", "198.51.100.0/24,", "must be networks such as"],
    ["TWILIO_WEBHOOK_ALLOWED_CIDRS", "203.0.113.0/24;10.0.0.0/8", "must be networks such as"],
    ["DASHBOARD_ORIGIN", "*", "DASHBOARD_ORIGIN must be an origin"],
    ["DASHBOARD_ORIGIN", "null", "DASHBOARD_ORIGIN must be an origin"],
    ["DASHBOARD_ORIGIN", "https://dashboard.example/", "DASHBOARD_ORIGIN must be an origin"],
    ["DASHBOARD_ORIGIN", "http://dashboard.example", "http:// on loopback only"],
  ] as const)("refuses %s = %j and says what it must be, never its value", (name, value, words) => {
    const schema = z.object({ [name]: variables.shape[name] });
    const load = () => loadConfig(schema, { [name]: value }, createLogger({ level: "silent" }));
    expect(load).toThrow(words);
    expect(load).toThrow("See .env.example");
    if (value) expect(load).not.toThrow(value);
  });

  it.each([
    ["SMTP_URL", "smtps://user:canary-7f3a9c@mail.example:465"],
    ["SMTP_URL", "smtp://127.0.0.1:2525"],
    ["SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/canary-7f3a9c"],
    ["SECURITY_WEBHOOK_URL", "http://[::1]:9000/canary-7f3a9c"],
    ["SECURITY_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  ] as const)("keeps %s a Secret", (name, value) => {
    const config = loadConfig(z.object({ [name]: variables.shape[name] }), { [name]: value });
    expect(JSON.stringify(config)).toBe(`{"${name}":"[redacted]"}`);
  });

  it("reads the networks that webhooks may come from, and none where there are none", () => {
    const schema = variables.pick({ TWILIO_WEBHOOK_ALLOWED_CIDRS: true });
    const load = (value: string) =>
      loadConfig(schema, { TWILIO_WEBHOOK_ALLOWED_CIDRS: value }).TWILIO_WEBHOOK_ALLOWED_CIDRS;
    expect(load("203.0.113.0/24, 2001:db8::/32")?.has("2001:db8::1")).toBe(true);
    expect(load("203.0.113.0/24")?.has("198.51.100.1")).toBe(false);
    expect(load("")).toBeUndefined();
  });

  it.each(["FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"])(
    "refuses %s anywhere but on loopback, although nobody asked for it: Google's clients follow it",
    (name) => {
      const load = (host: string) =>
        loadConfig(
          variables.pick({ GOOGLE_CLOUD_PROJECT: true }),
          { GOOGLE_CLOUD_PROJECT: "salon-flow", [name]: host },
          createLogger({ level: "silent" }),
        );
      expect(load("127.0.0.1:8080")).toEqual({ GOOGLE_CLOUD_PROJECT: "salon-flow" });
      expect(() => load("emulator.example:8080")).toThrow(`${name} must be a loopback host:port`);
    },
  );

  it("keeps the party hash key a Secret", () => {
    const key = "a-key-of-at-least-32-characters-1";
    const config = loadConfig(variables.pick({ PARTY_HASH_KEY: true }), { PARTY_HASH_KEY: key });
    expect(JSON.stringify(config)).not.toContain(key);
    expect(config.PARTY_HASH_KEY.reveal()).toBe(key);
  });

  it("has a line with a reason in .env.example for every variable, and none for any other", () => {
    const example = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
    const named = [...example.matchAll(/^#?\s?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(named.toSorted()).toEqual(Object.keys(variables.shape).toSorted());
  });
});
