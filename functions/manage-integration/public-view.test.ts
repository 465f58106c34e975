import { describe, expect, test } from "vitest";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { IntegrationView, publicView } from "./public-view.ts";

const NOW = new Date("2026-03-01T10:00:00Z");
const addresses = { sms: "s", whatsapp: "w", voice: "v", status_callback: "c" };
const envelope = (mark: string) => ({
  ciphertext: Buffer.from(`${mark}-ciphertext-0123456789`).toString("base64"),
  data_key: Buffer.from(`${mark}-data-key`).toString("base64"),
  nonce: Buffer.from("012345678901").toString("base64"),
});
const previous = (expires_at: Date) => ({
  account_sid: envelope("canary"),
  auth_token: envelope("canary"),
  phone_number: "+14155550123",
  whatsapp_number: null,
  rotated_at: new Date("2026-03-01T09:00:00Z"),
  expires_at,
});

function shown(twilio: object = {}, more: object = {}) {
  const integration = SalonIntegration.parse({ salon_id: "salon-1", twilio, ...more });
  return publicView({
    salonId: "salon-1",
    role: "staff",
    integration,
    setUp: undefined,
    sidEnding: "cdef",
    addresses,
    now: NOW,
  });
}

/** Every string that stands anywhere in a value. */
const strings = (value: unknown): string[] =>
  typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [String(value)];

describe("what is shown of an integration", () => {
  test("holds nothing of any envelope, nor who asked", () => {
    const credentials = {
      account_sid: envelope("canary"),
      auth_token: envelope("canary"),
      next_auth_token: { auth_token: envelope("canary"), origin: "pasted", stored_at: NOW },
      previous: previous(new Date("2026-03-02T09:00:00Z")),
      phone_number_sid: "PNcanary",
      earlier_webhooks: { sms_url: "https://crm.example.org/canary" },
    };
    const platform = {
      parent: "canary-parent",
      account_sid: envelope("canary"),
      auth_token: envelope("canary"),
      phone_number_sid: "PNcanary",
    };
    const more = {
      platform,
      requested: { messaging: "own_account", by: "canary-uid", at: NOW },
      created_by: "canary-uid",
      updated_by: "canary-uid",
      email: { smtp: "canary" },
      payment: { key: "canary" },
    };
    const view = shown(credentials, more);
    const text = JSON.stringify(view);
    expect(text).not.toContain("canary");
    for (const part of strings(envelope("canary"))) expect(text).not.toContain(part);
    expect(text).not.toMatch(/envelope|ciphertext|data_key|nonce|auth_token/);
    expect(IntegrationView.parse(view)).toEqual(view);
    expect(view.own_account).toMatchObject({ account_sid_last4: "cdef", rotation_under_way: true });
  });

  test("has no own account where none was ever entered, and no platform where none was set up", () => {
    expect(shown()).toMatchObject({ own_account: null, platform: null, status: "not_configured" });
  });

  test.each([
    ["before they expire", "2026-03-01T10:00:01Z", true],
    ["at the moment they expire", "2026-03-01T10:00:00Z", false],
    ["until they are purged", "2026-02-01T10:00:00Z", false],
  ])("offers the previous credentials for a rollback %s: %s", (_, expires_at, offered) => {
    const twilio = { account_sid: envelope("a"), previous: previous(new Date(expires_at)) };
    expect(shown(twilio).own_account?.previous != null).toBe(offered);
  });

  test.each([
    ["of the same account, the new one not having signed", true, null, true],
    ["of the same account, the new one having signed", true, NOW, false],
    ["of another account", false, null, false],
  ])(
    "waits for the new token's promotion after one %s: %s",
    (_, same_account, token_signs_since, pending) => {
      const kept = { ...previous(new Date("2026-02-01T10:00:00Z")), same_account };
      const twilio = { account_sid: envelope("a"), previous: kept, token_signs_since };
      expect(shown(twilio).own_account).toMatchObject({ promotion_pending: pending, previous: null });
    },
  );

  test("tells how old the credentials are", () => {
    const at = new Date("2026-02-01T00:00:00Z");
    const rotation = { due_at: at, last_rotated_at: at, level: "overdue" };
    expect(shown({ account_sid: envelope("a") }, { rotation }).own_account?.rotation).toEqual({
      due_at: "2026-02-01T00:00:00.000Z",
      last_rotated_at: "2026-02-01T00:00:00.000Z",
      level: "overdue",
    });
  });

  test("tells why the set-up failed, and forgets it once it is ready", () => {
    const at = new Date("2026-02-01T00:00:00Z");
    const last_error = { step: "number" as const, code: "unavailable", reason: "No number to be had.", at };
    const common = {
      salon_id: "salon-1",
      attempts: 1,
      last_error,
      requested_at: at,
      started_at: at,
      ready_at: null,
    };
    const reasonIn = (state: "failed" | "ready") =>
      publicView({
        salonId: "salon-1",
        role: "owner",
        integration: undefined,
        setUp: { ...common, state, step: "number" },
        sidEnding: null,
        addresses,
        now: NOW,
      }).platform_set_up?.reason;
    expect([reasonIn("failed"), reasonIn("ready")]).toEqual(["No number to be had.", null]);
  });
});
