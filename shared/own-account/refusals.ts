import { AppError, type ErrorCode } from "#shared/core/errors.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";

interface Refusal {
  readonly code: ErrorCode;
  /** The field of the form that it is about, as it is stored. */
  readonly field?: string;
  readonly says: string;
}

/** Why a salon's own Twilio account cannot be used, in words for its owner. */
export const REFUSALS = {
  sid_malformed: {
    code: "invalid-argument",
    field: "account_sid",
    says: "This is not an Account SID. It starts with AC, followed by 32 letters and digits; copy it from the start page of your Twilio Console.",
  },
  credentials_rejected: {
    code: "invalid-argument",
    field: "auth_token",
    says: "Twilio does not accept this Account SID together with this Auth Token. Copy both again from the start page of your Twilio Console. If they are right, look there whether Twilio has suspended your account: it answers the same then.",
  },
  account_suspended: {
    code: "failed-precondition",
    says: "Twilio has suspended this account, so nothing can be sent with it. Sign in to Twilio, settle what it asks for there (often a payment), and try again a few minutes later.",
  },
  account_closed: {
    code: "failed-precondition",
    says: "This Twilio account is closed and cannot be opened again. Enter another Twilio account, or use our messaging instead.",
  },
  trial_in_production: {
    code: "failed-precondition",
    field: "mode",
    says: "This is a Twilio trial account, which can only write to numbers you have confirmed at Twilio. Upgrade the account at Twilio, or choose the sandbox mode to try things out.",
  },
  sid_of_another_account: {
    code: "invalid-argument",
    field: "account_sid",
    says: "This Account SID and this Auth Token belong to different Twilio accounts. Copy both from the start page of the same account.",
  },
  number_not_owned: {
    code: "invalid-argument",
    field: "phone_number",
    says: "This phone number does not belong to this Twilio account. Choose one of the account's active numbers, or buy one at Twilio first.",
  },
  number_lacks_sms: {
    code: "invalid-argument",
    field: "phone_number",
    says: "This phone number cannot send text messages. Choose a number that Twilio lists with SMS, or buy one.",
  },
  whatsapp_not_registered: {
    code: "invalid-argument",
    field: "whatsapp_number",
    says: "This number is not registered for WhatsApp in this Twilio account. Register it at Twilio under Messaging, Senders, WhatsApp senders, or leave the field empty for now.",
  },
  whatsapp_not_online: {
    code: "failed-precondition",
    field: "whatsapp_number",
    says: "This WhatsApp number is registered but not online. See at Twilio, under WhatsApp senders, what is missing and try again when it is shown as online, or leave the field empty for now.",
  },
  number_in_use: {
    code: "failed-precondition",
    field: "phone_number",
    says: "Another salon has connected this phone number, and what customers write or call can reach only one. Disconnect it there first, or choose another number.",
  },
  whatsapp_in_use: {
    code: "failed-precondition",
    field: "whatsapp_number",
    says: "Another salon has connected this WhatsApp number, and what customers write can reach only one. Disconnect it there first, or leave the field empty.",
  },
  twilio_unavailable: {
    code: "unavailable",
    says: "Twilio cannot be reached or is not answering properly at the moment. Nothing was changed; try again in a few minutes.",
  },
  twilio_refused: {
    code: "failed-precondition",
    says: "Twilio refused to show us this account. Sign in to Twilio and see whether it asks you for something; if not, write to our support.",
  },
  not_connected: {
    code: "failed-precondition",
    says: "This salon has no Twilio account of its own connected. Connect one first.",
  },
  token_unchanged: {
    code: "invalid-argument",
    field: "auth_token",
    says: "This is the Auth Token that is in use already. Create another one in your Twilio Console and enter that.",
  },
  rotation_failed: {
    code: "failed-precondition",
    says: "Twilio no longer accepts the new Auth Token, so it was not taken into use. Create another one in your Twilio Console and enter that.",
  },
  nothing_to_roll_back: {
    code: "failed-precondition",
    says: "There are no earlier credentials to bring back. Enter the ones you want to use.",
  },
  rollback_expired: {
    code: "failed-precondition",
    says: "The earlier credentials can only be brought back for 24 hours, and those are over. Enter the ones you want to use.",
  },
  previous_no_longer_valid: {
    code: "failed-precondition",
    says: "Twilio no longer accepts the earlier credentials: an Auth Token ends when another one takes its place. The present ones stay in use.",
  },
} as const satisfies Record<string, Refusal>;

export type RefusalReason = keyof typeof REFUSALS;

export function refusal(reason: RefusalReason, cause?: TwilioFailure): AppError {
  const { code, says, ...about } = REFUSALS[reason];
  const twilioCode = cause?.info.code;
  const context = {
    service: "Twilio",
    reason,
    ...about,
    ...(twilioCode === undefined ? {} : { twilioCode }),
  };
  return new AppError(code, says, { context, ...(cause === undefined ? {} : { cause }) });
}

/** A failure of Twilio's in the owner's words; anything else as it is. */
export function asRefusal(error: unknown): unknown {
  return error instanceof TwilioFailure ? refusal(reasonFor(error), error) : error;
}

/** 20005, 10001 and 90010: the account is not active; 20403: it is suspended or closed. */
const NOT_ACTIVE: readonly number[] = [10001, 20005, 20403, 90010];

function reasonFor({ info: { certainty, code } }: TwilioFailure): RefusalReason {
  if (certainty !== "rejected") return "twilio_unavailable";
  if (code === 20003) return "credentials_rejected";
  return code !== undefined && NOT_ACTIVE.includes(code) ? "account_suspended" : "twilio_refused";
}
