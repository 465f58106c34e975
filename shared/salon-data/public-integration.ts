import { z } from "zod";
import {
  NextToken,
  PlatformConfig,
  PreviousCredentials,
  SalonIntegration,
  TwilioConfig,
} from "#shared/salons/integration.ts";

/**
 * An integration as its owner may see it: without credentials, sealed or not. It names what may be seen, so that a
 * field which is added to the document stays inside until somebody lists it here.
 */
const PublicIntegration = SalonIntegration.pick({
  salon_id: true,
  requested: true,
  rotation: true,
  status: true,
  status_reason: true,
  revision: true,
  created_at: true,
  updated_at: true,
  created_by: true,
  updated_by: true,
}).extend({
  twilio: TwilioConfig.pick({
    token_signs_since: true,
    phone_number: true,
    phone_number_sid: true,
    whatsapp_number: true,
    mode: true,
    is_active: true,
    is_verified: true,
    verification_status: true,
    capabilities: true,
    webhook_base_url: true,
    webhook_status: true,
    usage: true,
    billing_mode: true,
    configured_at: true,
    rotated_at: true,
    verified_at: true,
    last_used_at: true,
  }).extend({
    next_auth_token: NextToken.pick({ origin: true, stored_at: true }).nullable().default(null),
    previous: PreviousCredentials.pick({
      phone_number: true,
      whatsapp_number: true,
      rotated_at: true,
      expires_at: true,
    })
      .nullable()
      .default(null),
    // An address may have a password before its host, and in its query as well.
    earlier_webhooks: z.record(z.string(), z.string().transform(withoutSecrets)).nullable().default(null),
  }),
  platform: PlatformConfig.pick({
    parent: true,
    phone_number: true,
    phone_number_sid: true,
    whatsapp_number: true,
    capabilities: true,
    webhook_status: true,
    is_active: true,
    configured_at: true,
  })
    .nullable()
    .default(null),
});
export type PublicIntegration = z.infer<typeof PublicIntegration>;

export function publicIntegration(integration: SalonIntegration): PublicIntegration {
  return PublicIntegration.parse(integration);
}

function withoutSecrets(address: string): string {
  const url = URL.parse(address);
  return url === null ? "" : `${url.origin}${url.pathname}`;
}
