/** The files as Twilio publishes them, and as they are kept here. */
export const DESCRIPTIONS = {
  "twilio_api_v2010.json": "api-v2010.json",
  "twilio_accounts_v1.json": "accounts-v1.json",
  "twilio_messaging_v1.json": "messaging-v1.json",
  "twilio_messaging_v2.json": "messaging-v2.json",
  "twilio_content_v1.json": "content-v1.json",
} as const;

export type Description = keyof typeof DESCRIPTIONS;

const account = "/2010-04-01/Accounts/{AccountSid}";
const usage = [
  "",
  "/AllTime",
  "/Daily",
  "/LastMonth",
  "/Monthly",
  "/ThisMonth",
  "/Today",
  "/Yearly",
  "/Yesterday",
];
const numberKinds = ["Local", "Mobile", "TollFree"];

/** Every operation of Twilio's that the simulator answers, as `METHOD path`. */
export const ANSWERED: Readonly<Record<Description, readonly string[]>> = {
  "twilio_api_v2010.json": [
    "POST /2010-04-01/Accounts.json",
    "GET /2010-04-01/Accounts.json",
    "GET /2010-04-01/Accounts/{Sid}.json",
    "POST /2010-04-01/Accounts/{Sid}.json",
    ...numberKinds.map((kind) => `GET ${account}/AvailablePhoneNumbers/{CountryCode}/${kind}.json`),
    `POST ${account}/IncomingPhoneNumbers.json`,
    `GET ${account}/IncomingPhoneNumbers.json`,
    `GET ${account}/IncomingPhoneNumbers/{Sid}.json`,
    `POST ${account}/IncomingPhoneNumbers/{Sid}.json`,
    `DELETE ${account}/IncomingPhoneNumbers/{Sid}.json`,
    `POST ${account}/Messages.json`,
    `GET ${account}/Messages.json`,
    `GET ${account}/Messages/{Sid}.json`,
    `POST ${account}/Messages/{Sid}.json`,
    `DELETE ${account}/Messages/{Sid}.json`,
    `GET ${account}/Messages/{MessageSid}/Media.json`,
    `POST ${account}/Calls.json`,
    `GET ${account}/Calls.json`,
    `GET ${account}/Calls/{Sid}.json`,
    `GET ${account}/Calls/{CallSid}/Recordings.json`,
    `DELETE ${account}/Calls/{CallSid}/Recordings/{Sid}.json`,
    ...usage.map((subresource) => `GET ${account}/Usage/Records${subresource}.json`),
  ],
  "twilio_accounts_v1.json": [
    "POST /v1/AuthTokens/Secondary",
    "DELETE /v1/AuthTokens/Secondary",
    "POST /v1/AuthTokens/Promote",
  ],
  "twilio_messaging_v1.json": [
    "POST /v1/Services",
    "GET /v1/Services",
    "GET /v1/Services/{Sid}",
    "POST /v1/Services/{Sid}",
    "POST /v1/Services/{ServiceSid}/PhoneNumbers",
    "GET /v1/Services/{ServiceSid}/PhoneNumbers",
    "GET /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}",
    "DELETE /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}",
  ],
  "twilio_messaging_v2.json": [
    "POST /v2/Channels/Senders",
    "GET /v2/Channels/Senders",
    "GET /v2/Channels/Senders/{Sid}",
    "POST /v2/Channels/Senders/{Sid}",
    "DELETE /v2/Channels/Senders/{Sid}",
  ],
  "twilio_content_v1.json": [
    "POST /v1/Content",
    "GET /v1/Content",
    "GET /v1/ContentAndApprovals",
    "GET /v1/Content/{Sid}",
    "DELETE /v1/Content/{Sid}",
    "POST /v1/Content/{ContentSid}/ApprovalRequests/whatsapp",
    "GET /v1/Content/{Sid}/ApprovalRequests",
  ],
};
