import { plusSeconds } from "#shared/core/clock.ts";
import { E164 } from "#shared/core/phone.ts";
import type { SealedCredentials } from "#shared/salons/credentials.ts";
import { TROUBLE_WAIT_SECONDS } from "#shared/salons/health.ts";
import { sendableAt } from "#shared/salons/hours.ts";
import type { Capabilities, SalonIntegration } from "#shared/salons/integration.ts";
import { sendingTokens } from "#shared/salons/own-tokens.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { CallAttempt, CallFailure, CallHoldReason, OutboundCall } from "./outbound-call.ts";

/** Where a call goes next. */
export type CallRoute =
  | {
      readonly kind: "call";
      readonly source: CallAttempt["source"];
      readonly sender: E164;
      /** Of one account, the first choice first: another token may be about to take its place. */
      readonly credentials: readonly SealedCredentials[];
    }
  /** `request`: nobody has asked for messaging yet, so this first call does (spec §5.1). */
  | {
      readonly kind: "hold";
      readonly reason: CallHoldReason;
      readonly until: Date;
      readonly request: boolean;
    }
  | { readonly kind: "fail"; readonly failure: CallFailure };

export interface CallRouteInput {
  readonly salon: Salon;
  readonly integration: SalonIntegration | undefined;
  readonly call: OutboundCall;
  readonly now: Date;
}

/** How long a call waits for a provisioning that nobody reports finished. */
const PROVISIONING_WAIT_SECONDS = 30;

/** Chooses the account and the number that a salon calls from (spec §5): its own Twilio when it is active, else its subaccount. */
export function callRoute({ salon, integration, call, now }: CallRouteInput): CallRoute {
  if (integration?.requested?.messaging === "off")
    return fail("account", "Messaging is switched off for this salon; switch it on in the settings.");
  if (!salon.communication.voice_enabled)
    return fail("sender", "The salon has switched calls off in its settings.");
  const { at, reason } = sendableAt({ salon, timing: call.timing, at: now });
  if (reason !== null && at > now) return hold(reason, at);
  const way = wayThrough(integration, now);
  if (way.kind !== "call") return way;
  const trouble = integration?.health[way.source];
  if (trouble == null || trouble.channel !== null) return way;
  return hold("account_trouble", plusSeconds(now, TROUBLE_WAIT_SECONDS));
}

function wayThrough(integration: SalonIntegration | undefined, now: Date): CallRoute {
  const own = integration?.twilio;
  if (own?.is_active) return through("salon_own", own, sendingTokens(own));
  const platform = integration?.platform;
  if (platform?.is_active) return through("platform_subaccount", platform, [platform]);
  if (integration?.requested?.messaging === "own_account")
    return fail(
      "account",
      "The salon's own Twilio account is not active; finish its set-up in the settings.",
    );
  const until = plusSeconds(now, PROVISIONING_WAIT_SECONDS);
  return { kind: "hold", reason: "provisioning", until, request: integration?.requested == null };
}

function through(
  source: CallAttempt["source"],
  {
    phone_number,
    capabilities,
  }: { readonly phone_number: string | null; readonly capabilities: Capabilities },
  credentials: readonly SealedCredentials[],
): CallRoute {
  if (credentials.length === 0)
    return fail(
      "credential",
      "The salon's own Twilio account has no credentials; enter them in the settings.",
    );
  const sender = E164.safeParse(phone_number).data;
  if (sender === undefined || !capabilities.voice)
    return fail("sender", "The salon has no number that can make calls.");
  return { kind: "call", source, sender, credentials };
}

function hold(reason: CallHoldReason, until: Date): CallRoute {
  return { kind: "hold", reason, until, request: false };
}

function fail(failureClass: CallFailure["class"], reason: string): CallRoute {
  return { kind: "fail", failure: { class: failureClass, twilio_code: null, reason } };
}
