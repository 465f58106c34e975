import { templateText } from "../messaging/template-text.ts";
import { isWebhookUrl } from "../webhooks/url.ts";
import type { Account } from "../world/account.ts";
import { isE164 } from "../world/e164.ts";
import { isWhatsApp, numberOf } from "../world/message.ts";
import { SANDBOX_ADDRESS } from "../world/whatsapp-sender.ts";
import type { World } from "../world/world.ts";
import { given } from "./api-request.ts";
import { readInstant } from "./dates.ts";
import { TwilioError } from "./error.ts";

export interface MessageForm {
  readonly to: string;
  /** Null when the Messaging Service will choose. */
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  readonly body: string;
  readonly mediaUrls: readonly string[];
  readonly contentSid: string | null;
  readonly statusCallback: string | null;
  readonly sendAt: Date | undefined;
  readonly smartEncoded: boolean;
}

const LONGEST_BODY = 1600;
const MOST_MEDIA = 10;
const LONGEST_VALIDITY_SECONDS = 36_000;
const SOONEST_MS = 5 * 60_000;
const LATEST_MS = 35 * 24 * 3_600_000;
/** One to eleven letters, digits or spaces, with a letter among them; such a sender only writes, nobody can answer. */
const ALPHANUMERIC_SENDER = /^(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}$/;

/** Reads the parameters of a new message, with Twilio's refusals in Twilio's order. */
export function readMessageForm(world: World, account: Account, form: URLSearchParams): MessageForm {
  const to = given(form, "To");
  if (to === undefined) throw new TwilioError(21604);
  if (!isE164(numberOf(to))) throw new TwilioError(21211, `Invalid 'To' Phone Number: ${to}`);
  const content = readContent(world, account, form);
  const messagingServiceSid = given(form, "MessagingServiceSid") ?? null;
  if (messagingServiceSid !== null && !/^MG[0-9a-fA-F]{32}$/.test(messagingServiceSid))
    throw new TwilioError(21701);
  const from = given(form, "From") ?? null;
  if (from === null && messagingServiceSid === null) throw new TwilioError(21603);
  if (from !== null) checkSender(world, account, from, to);
  const validity = Number(given(form, "ValidityPeriod") ?? LONGEST_VALIDITY_SECONDS);
  if (!(validity >= 1 && validity <= LONGEST_VALIDITY_SECONDS)) throw new TwilioError(21624);
  const statusCallback = given(form, "StatusCallback") ?? null;
  if (statusCallback !== null && !isWebhookUrl(statusCallback)) {
    throw new TwilioError(21609, `The 'StatusCallback' URL ${statusCallback} is not a valid URL.`);
  }
  const sendAt = readSchedule(form, messagingServiceSid);
  const smartEncoded = given(form, "SmartEncoded") === "true";
  return { to, from, messagingServiceSid, ...content, statusCallback, sendAt, smartEncoded };
}

function readContent(
  { contents }: World,
  account: Account,
  form: URLSearchParams,
): Pick<MessageForm, "body" | "mediaUrls" | "contentSid"> {
  const body = form.get("Body") ?? "";
  const mediaUrls = form.getAll("MediaUrl").filter((url) => url !== "");
  const contentSid = given(form, "ContentSid");
  if (body === "" && mediaUrls.length === 0 && contentSid === undefined) throw new TwilioError(21602);
  if (body.length > LONGEST_BODY) throw new TwilioError(21617);
  if (mediaUrls.length > MOST_MEDIA) throw new TwilioError(21623);
  if (mediaUrls.some((url) => !isWebhookUrl(url))) throw new TwilioError(21620);
  if (contentSid === undefined) return { body, mediaUrls, contentSid: null };
  const template = contents.find(contentSid);
  if (template?.accountSid !== account.sid) throw new TwilioError(21655);
  const text = templateText(template, given(form, "ContentVariables"));
  if (text.length > LONGEST_BODY) throw new TwilioError(21617);
  return { body: text, mediaUrls, contentSid };
}

function checkSender({ numbers, whatsAppSenders }: World, account: Account, from: string, to: string) {
  if (isWhatsApp(from) !== isWhatsApp(to)) {
    throw new TwilioError(21212, `The 'From' and 'To' addresses must be of one channel: ${from}, ${to}`);
  }
  if (isWhatsApp(from)) {
    const sender = from === SANDBOX_ADDRESS || whatsAppSenders.at(from, account.sid)?.status === "ONLINE";
    if (!sender) throw new TwilioError(63007);
    return;
  }
  if (ALPHANUMERIC_SENDER.test(from) && !from.startsWith("+")) {
    if (to.startsWith("+1"))
      throw new TwilioError(
        21612,
        `Message cannot be sent with the current combination of 'To' (${to}) and/or 'From' (${from})`,
      );
    return;
  }
  if (!isE164(from))
    throw new TwilioError(
      21212,
      `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`,
    );
  const number = numbers.find(from);
  if (number?.accountSid !== account.sid) {
    throw new TwilioError(21660, `Mismatch between the 'From' number ${from} and the account ${account.sid}`);
  }
  if (!number.capabilities.sms) {
    throw new TwilioError(
      21606,
      `The 'From' phone number provided (${from}) is not a valid, message-capable Twilio phone number for this destination/account`,
    );
  }
}

function readSchedule(form: URLSearchParams, messagingServiceSid: string | null): Date | undefined {
  const sendAt = given(form, "SendAt");
  if (given(form, "ScheduleType") !== "fixed" || sendAt === undefined) return undefined;
  if (messagingServiceSid === null) throw new TwilioError(35118);
  const at = readInstant(sendAt);
  const ahead = at.getTime() - Date.now();
  if (ahead <= SOONEST_MS || ahead > LATEST_MS) throw new TwilioError(35115);
  return at;
}
