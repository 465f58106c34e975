import { expect, test } from "vitest";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { closed, reopened, withoutCredentials } from "./integration-erasure.ts";
import { publicIntegration } from "./public-integration.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const sealed = (fill: number) => ({
  ciphertext: Buffer.alloc(32, fill).toString("base64"),
  data_key: Buffer.alloc(32, fill).toString("base64"),
  nonce: Buffer.alloc(12, fill).toString("base64"),
});
const previous = {
  account_sid: sealed(3),
  auth_token: sealed(4),
  phone_number: null,
  whatsapp_number: null,
  rotated_at: NOW,
  expires_at: NOW,
};
const integration = SalonIntegration.parse({
  salon_id: "salon-1",
  twilio: {
    account_sid: sealed(1),
    auth_token: sealed(2),
    next_auth_token: { auth_token: sealed(5), origin: "secondary", stored_at: NOW },
    previous,
    is_active: true,
    earlier_webhooks: { sms_url: "https://user:pass@salon.example/sms?key=1", voice_url: "no address" },
  },
  platform: { parent: "default", account_sid: sealed(6), auth_token: sealed(7), is_active: true },
  email: { api_key: "SG.secret" },
});

test("a closed integration sends nothing and keeps its credentials", () => {
  const change = closed(integration, "uid-1", NOW);
  expect(change.requested).toEqual({ messaging: "off", by: "uid-1", at: NOW });
  expect([change.twilio?.is_active, change.platform?.is_active]).toEqual([false, false]);
  expect(change.twilio?.auth_token).toEqual(sealed(2));
});

test("a closed integration refuses everybody else's changes until it is opened again, still off", () => {
  const erased = { ...integration, ...closed(integration, "uid-1", NOW) };
  expect(erased.erasing).toBe(true);
  expect({ ...erased, ...reopened() }).toMatchObject({ erasing: false, requested: { messaging: "off" } });
});

test("no envelope is left: not the current, the next, the previous, nor the subaccount's", () => {
  const change = withoutCredentials(integration);
  expect(JSON.stringify({ ...integration, ...change })).not.toMatch(/ciphertext|data_key/);
});

test.each([
  ["current", { account_sid: sealed(1) }],
  ["token", { auth_token: sealed(1) }],
  ["next", { next_auth_token: { auth_token: sealed(5), origin: "pasted", stored_at: NOW } }],
  ["previous", { previous }],
])("a single leftover envelope is noticed: %s", (_, twilio) => {
  const leftover = SalonIntegration.parse({ salon_id: "salon-1", twilio });
  expect(withoutCredentials(leftover)).toHaveProperty("twilio");
});

test("where no credential is, nothing is to change", () => {
  expect(withoutCredentials(SalonIntegration.parse({ salon_id: "salon-1" }))).toEqual({});
});

test("the public form names what may be seen and no more", () => {
  const shown = publicIntegration(integration);
  expect(JSON.stringify(shown)).not.toMatch(/ciphertext|data_key|nonce|SG\.secret|user:pass|key=1/);
  expect(shown.twilio).toMatchObject({
    previous: { rotated_at: NOW, expires_at: NOW },
    next_auth_token: { origin: "secondary", stored_at: NOW },
    earlier_webhooks: { sms_url: "https://salon.example/sms", voice_url: "" },
  });
});
