import { z } from "zod";
import type { Progress } from "#shared/provisioning/progress.ts";
import { type PlatformConfig, SalonIntegration, type TwilioConfig } from "#shared/salons/integration.ts";
import { awaitsPromotion } from "#shared/salons/own-tokens.ts";

const Time = z.iso.datetime();
const Capabilities = z.object({
  voice: z.boolean(),
  sms: z.boolean(),
  whatsapp: z.boolean(),
  mms: z.boolean(),
});
const WebhookStatus = z.enum(["not_configured", "configured", "error"]);

const OwnAccountView = z.object({
  account_sid_last4: z.string().nullable().describe("null while it cannot be read"),
  phone_number: z.string().nullable(),
  whatsapp_number: z.string().nullable(),
  mode: z.enum(["sandbox", "production"]),
  capabilities: Capabilities,
  is_active: z.boolean().describe("Whether messages go through this account"),
  verification_status: z.enum(["pending", "verified", "failed"]),
  verified_at: Time.nullable(),
  webhook_status: WebhookStatus,
  configured_at: Time.nullable(),
  rotated_at: Time.nullable(),
  rotation: z
    .object({ due_at: Time, last_rotated_at: Time, level: z.enum(["none", "soon", "due", "overdue"]) })
    .nullable()
    .describe("How old the credentials are, for the banner"),
  rotation_under_way: z.boolean(),
  promotion_pending: z
    .boolean()
    .describe(
      "Twilio has signed nothing with the new Auth Token yet. If it is a secondary one, promote it to primary in your Twilio Console; until it signs, for at most 90 days, what Twilio sends us is checked with the earlier one as well",
    ),
  previous: z
    .object({ rotated_at: Time, expires_at: Time })
    .nullable()
    .describe("The credentials that a rollback puts back, while it still may"),
});

const PlatformView = z.object({
  phone_number: z.string().nullable(),
  whatsapp_number: z.string().nullable(),
  capabilities: Capabilities,
  is_active: z.boolean(),
  webhook_status: WebhookStatus,
  configured_at: Time.nullable(),
});

const SetUpView = z.object({
  state: z.enum(["running", "waiting", "ready", "failed"]),
  step: z.enum(["subaccount", "number", "webhooks", "test_message", "activation"]),
  reason: z.string().nullable().describe("Why the last attempt did not succeed, for the salon's owner"),
  requested_at: Time,
  ready_at: Time.nullable(),
});

/** A salon's integration as its staff may see it: no envelope, no whole SID, nobody's uid. */
export const IntegrationView = z.object({
  salon_id: z.string(),
  your_role: z.enum(["owner", "manager", "staff", "operator"]),
  requested: z.enum(["platform", "own_account", "off"]).nullable(),
  status: z.enum(["not_configured", "partial", "active", "error"]),
  status_reason: z.string().nullable(),
  revision: z.int(),
  own_account: OwnAccountView.nullable(),
  platform: PlatformView.nullable(),
  platform_set_up: SetUpView.nullable(),
  webhook_addresses: z
    .object({ sms: z.string(), whatsapp: z.string(), voice: z.string(), status_callback: z.string() })
    .describe(
      "What is to be pasted where Twilio lets nobody but its owner set it, such as the WhatsApp sandbox",
    ),
});
export type IntegrationView = z.infer<typeof IntegrationView>;

export interface Shown {
  readonly salonId: string;
  readonly role: IntegrationView["your_role"];
  readonly integration: SalonIntegration | undefined;
  readonly setUp: Progress | undefined;
  readonly sidEnding: string | null;
  readonly addresses: IntegrationView["webhook_addresses"];
  readonly now: Date;
}

/** A salon that has no integration yet is shown as one where nothing is configured. */
export function publicView(shown: Shown): IntegrationView {
  const integration = shown.integration ?? SalonIntegration.parse({ salon_id: shown.salonId });
  const { requested, status, status_reason, revision, platform } = integration;
  return {
    salon_id: shown.salonId,
    your_role: shown.role,
    requested: requested?.messaging ?? null,
    status,
    status_reason,
    revision,
    own_account: ownAccountView(integration, shown),
    platform: platform === null ? null : platformView(platform),
    platform_set_up: shown.setUp === undefined ? null : setUpView(shown.setUp),
    webhook_addresses: shown.addresses,
  };
}

function ownAccountView(
  { twilio, rotation }: SalonIntegration,
  { sidEnding, now }: Shown,
): IntegrationView["own_account"] {
  if (twilio.account_sid === null) return null;
  const { phone_number, whatsapp_number, mode, capabilities, is_active } = twilio;
  const { verification_status, webhook_status } = twilio;
  return {
    account_sid_last4: sidEnding,
    phone_number,
    whatsapp_number,
    mode,
    capabilities,
    is_active,
    verification_status,
    verified_at: time(twilio.verified_at),
    webhook_status,
    configured_at: time(twilio.configured_at),
    rotated_at: time(twilio.rotated_at),
    rotation:
      rotation === null
        ? null
        : {
            due_at: rotation.due_at.toISOString(),
            last_rotated_at: rotation.last_rotated_at.toISOString(),
            level: rotation.level,
          },
    rotation_under_way: twilio.next_auth_token !== null,
    promotion_pending: awaitsPromotion(twilio),
    previous: previousView(twilio, now),
  };
}

/** After they expire a rollback refuses, though they are purged only later. */
function previousView({ previous }: TwilioConfig, now: Date) {
  if (previous === null || previous.expires_at <= now) return null;
  return { rotated_at: previous.rotated_at.toISOString(), expires_at: previous.expires_at.toISOString() };
}

function platformView(platform: PlatformConfig): IntegrationView["platform"] {
  const { phone_number, whatsapp_number, capabilities, is_active, webhook_status } = platform;
  const configured_at = time(platform.configured_at);
  return { phone_number, whatsapp_number, capabilities, is_active, webhook_status, configured_at };
}

function setUpView({ state, step, last_error, requested_at, ready_at }: Progress) {
  const reason = state === "ready" ? null : (last_error?.reason ?? null);
  return { state, step, reason, requested_at: requested_at.toISOString(), ready_at: time(ready_at) };
}

function time(instant: Date | null): string | null {
  return instant === null ? null : instant.toISOString();
}
