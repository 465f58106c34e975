import { json, type Reply } from "../http/reply.ts";

/** Twilio's error codes as this API answers them, each with its HTTP status and Twilio's wording. */
const ERRORS = {
  10001: { status: 403, message: "Account is not active" },
  20001: { status: 400, message: "Invalid parameter" },
  20003: { status: 401, message: "Authenticate" },
  20004: { status: 405, message: "Method not allowed" },
  20009: { status: 409, message: "Cannot delete this resource before it is complete" },
  20404: { status: 404, message: "The requested resource was not found" },
  20409: { status: 409, message: "The resource was modified by another request" },
  20429: { status: 429, message: "Too Many Requests" },
  20500: { status: 500, message: "An internal server error has occurred" },
  20503: { status: 503, message: "Service is unavailable" },
  21201: { status: 400, message: "No 'To' number is specified" },
  21205: { status: 400, message: "Url is not a valid URL" },
  21210: { status: 400, message: "The source phone number provided is not yet verified for your account" },
  21211: { status: 400, message: "The 'To' number is not a valid phone number" },
  21212: {
    status: 400,
    message: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID",
  },
  21213: { status: 400, message: "No 'From' number is specified" },
  21402: { status: 400, message: "The URL is not a valid URL" },
  21403: { status: 400, message: "The HTTP method must be GET or POST" },
  21404: { status: 400, message: "Trial accounts cannot purchase phone numbers" },
  21421: { status: 400, message: "PhoneNumber is not a valid phone number" },
  21422: { status: 400, message: "PhoneNumber is not available" },
  21450: { status: 400, message: "A PhoneNumber or an AreaCode is required" },
  21452: { status: 400, message: "No phone numbers found in this area code" },
  21480: { status: 400, message: "Account has reached its limit of subaccounts" },
  21602: { status: 400, message: "Message body is required" },
  21603: { status: 400, message: "A 'From' phone number is required" },
  21604: { status: 400, message: "A 'To' phone number is required" },
  21606: {
    status: 400,
    message: "The 'From' phone number is not a valid, message-capable Twilio phone number",
  },
  21609: { status: 400, message: "The 'StatusCallback' URL is not a valid URL" },
  21610: { status: 400, message: "Attempt to send to unsubscribed recipient" },
  21612: { status: 400, message: "Message cannot be sent with the current combination of 'To' and 'From'" },
  21617: { status: 400, message: "The concatenated message body exceeds the 1600 character limit" },
  21620: { status: 400, message: "Invalid media URL(s)" },
  21623: { status: 400, message: "Number of media files exceeds allowed limit" },
  21624: { status: 400, message: "The ValidityPeriod must be between 1 and 36000" },
  21655: { status: 400, message: "The ContentSid is invalid" },
  21656: { status: 400, message: "The ContentVariables parameter is invalid" },
  21658: { status: 400, message: "Parameter exceeded character limit" },
  21660: { status: 400, message: "Mismatch between the 'From' number and the account" },
  21701: { status: 400, message: "The Messaging Service does not exist" },
  21703: { status: 400, message: "The Messaging Service contains no phone numbers" },
  21710: { status: 409, message: "Phone Number is already in the Messaging Service" },
  21712: { status: 409, message: "Phone Number is associated with another Messaging Service" },
  30409: { status: 400, message: "The message cannot be canceled" },
  35115: { status: 400, message: "The SendAt time must be more than 5 minutes and at most 35 days ahead" },
  35118: { status: 400, message: "A MessagingServiceSid is required to schedule a message" },
  63007: { status: 400, message: "Twilio could not find a Channel with the specified From address" },
} as const satisfies Record<number, { status: number; message: string }>;

export type TwilioErrorCode = keyof typeof ERRORS;

/** A refusal as Twilio words it. `detail` replaces the standard sentence. */
export class TwilioError extends Error {
  readonly code: TwilioErrorCode;
  readonly status: number;

  constructor(code: TwilioErrorCode, detail?: string) {
    super(detail ?? ERRORS[code].message);
    this.name = "TwilioError";
    this.code = code;
    this.status = ERRORS[code].status;
  }
}

/** The body of every refusal of Twilio's API. */
export function errorReply(error: { status: number; code: number; message: string }): Reply {
  const more_info = `https://www.twilio.com/docs/errors/${error.code}`;
  return json(error.status, { code: error.code, message: error.message, more_info, status: error.status });
}

/** The status and sentence of any code, including those that only a fault ever answers. */
export function describeCode(code: number): { status: number; message: string } {
  const known = Object.entries(ERRORS).find(([key]) => Number(key) === code)?.[1];
  return known ?? { status: 400, message: `Twilio error ${code}` };
}

/** The code that Twilio uses for a bare HTTP status. */
export function codeForStatus(status: number): number {
  const codes = new Map([
    [400, 20001],
    [401, 20003],
    [403, 20403],
    [404, 20404],
    [409, 20409],
    [429, 20429],
    [503, 20503],
  ]);
  return codes.get(status) ?? (status >= 500 ? 20500 : 20001);
}
