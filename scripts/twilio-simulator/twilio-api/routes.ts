import type { Faults } from "../faults/faults.ts";
import type { Route } from "../http/router.ts";
import type { Courier } from "../messaging/courier.ts";
import type { Timers } from "../timers.ts";
import type { Dial } from "../voice/outbound-call.ts";
import type { World } from "../world/world.ts";
import { createAccountResource } from "./accounts.ts";
import type { ApiHandler } from "./api-request.ts";
import { createAuthTokenResource } from "./auth-tokens.ts";
import { createAvailableNumberResource } from "./available-numbers.ts";
import { createCallResource } from "./calls.ts";
import { createContentResource } from "./contents.ts";
import { createIncomingNumberResource } from "./incoming-numbers.ts";
import { createMediaResource } from "./media.ts";
import { createMessageResource } from "./messages.ts";
import { createMessagingServiceResource, createPoolResource } from "./messaging-services.ts";
import { createRecordingResource } from "./recordings.ts";
import { createSenderResource } from "./senders.ts";
import { createUsageResource } from "./usage-records.ts";

export interface ApiDeps {
  readonly world: World;
  readonly faults: Faults;
  readonly timers: Timers;
  readonly courier: Courier;
  readonly dial: Dial;
  /** How long WhatsApp takes to approve a template. */
  readonly approvalMs: number;
}

/** Every path of Twilio's that is answered, whatever its host: api, accounts, messaging and content share one origin here. */
export function apiRoutes(deps: ApiDeps): readonly Route<ApiHandler>[] {
  const { world, faults, timers, courier, dial, approvalMs } = deps;
  const accounts = createAccountResource(world);
  const available = createAvailableNumberResource(world);
  const numbers = createIncomingNumberResource(world);
  const messages = createMessageResource({ world, faults, courier });
  const media = createMediaResource(world);
  const calls = createCallResource({ world, faults, dial });
  const recordings = createRecordingResource(world);
  const usage = createUsageResource(world);
  const tokens = createAuthTokenResource(world);
  const senders = createSenderResource(world, timers);
  const services = createMessagingServiceResource(world);
  const pool = createPoolResource(world);
  const contents = createContentResource(world, timers, approvalMs);
  const inService = "/v1/Services/{ServiceSid}/PhoneNumbers";
  const account = "/2010-04-01/Accounts/{AccountSid}";
  return [
    { method: "POST", path: "/2010-04-01/Accounts.json", handler: accounts.create },
    { method: "GET", path: "/2010-04-01/Accounts.json", handler: accounts.list },
    { method: "GET", path: "/2010-04-01/Accounts/{Sid}.json", handler: accounts.fetch },
    { method: "POST", path: "/2010-04-01/Accounts/{Sid}.json", handler: accounts.update },
    {
      method: "GET",
      path: `${account}/AvailablePhoneNumbers/{CountryCode}/{Kind}.json`,
      handler: available.list,
    },
    { method: "POST", path: `${account}/IncomingPhoneNumbers.json`, handler: numbers.create },
    { method: "GET", path: `${account}/IncomingPhoneNumbers.json`, handler: numbers.list },
    { method: "GET", path: `${account}/IncomingPhoneNumbers/{Sid}.json`, handler: numbers.fetch },
    { method: "POST", path: `${account}/IncomingPhoneNumbers/{Sid}.json`, handler: numbers.update },
    { method: "DELETE", path: `${account}/IncomingPhoneNumbers/{Sid}.json`, handler: numbers.remove },
    { method: "POST", path: `${account}/Messages.json`, handler: messages.create },
    { method: "GET", path: `${account}/Messages.json`, handler: messages.list },
    { method: "GET", path: `${account}/Messages/{Sid}.json`, handler: messages.fetch },
    { method: "POST", path: `${account}/Messages/{Sid}.json`, handler: messages.update },
    { method: "DELETE", path: `${account}/Messages/{Sid}.json`, handler: messages.remove },
    { method: "GET", path: `${account}/Messages/{MessageSid}/Media.json`, handler: media.list },
    { method: "POST", path: `${account}/Calls.json`, handler: calls.create },
    { method: "GET", path: `${account}/Calls.json`, handler: calls.list },
    { method: "GET", path: `${account}/Calls/{Sid}.json`, handler: calls.fetch },
    { method: "GET", path: `${account}/Calls/{CallSid}/Recordings.json`, handler: recordings.list },
    {
      method: "DELETE",
      path: `${account}/Calls/{CallSid}/Recordings/{Sid}.json`,
      handler: recordings.remove,
    },
    { method: "GET", path: `${account}/Recordings/{Sid}.mp3`, handler: recordings.play },
    { method: "GET", path: `${account}/Usage/Records.json`, handler: usage.list },
    { method: "GET", path: `${account}/Usage/Records/{Subresource}.json`, handler: usage.list },
    { method: "POST", path: "/v1/AuthTokens/Secondary", handler: tokens.create },
    { method: "DELETE", path: "/v1/AuthTokens/Secondary", handler: tokens.remove },
    { method: "POST", path: "/v1/AuthTokens/Promote", handler: tokens.promote },
    { method: "POST", path: "/v1/Services", handler: services.create },
    { method: "GET", path: "/v1/Services", handler: services.list },
    { method: "GET", path: "/v1/Services/{Sid}", handler: services.fetch },
    { method: "POST", path: "/v1/Services/{Sid}", handler: services.update },
    { method: "POST", path: inService, handler: pool.create },
    { method: "GET", path: inService, handler: pool.list },
    { method: "GET", path: `${inService}/{Sid}`, handler: pool.fetch },
    { method: "DELETE", path: `${inService}/{Sid}`, handler: pool.remove },
    { method: "POST", path: "/v2/Channels/Senders", handler: senders.create },
    { method: "GET", path: "/v2/Channels/Senders", handler: senders.list },
    { method: "GET", path: "/v2/Channels/Senders/{Sid}", handler: senders.fetch },
    { method: "POST", path: "/v2/Channels/Senders/{Sid}", handler: senders.update },
    { method: "DELETE", path: "/v2/Channels/Senders/{Sid}", handler: senders.remove },
    { method: "POST", path: "/v1/Content", handler: contents.create },
    { method: "GET", path: "/v1/Content", handler: contents.list },
    { method: "GET", path: "/v1/ContentAndApprovals", handler: contents.listWithApprovals },
    { method: "GET", path: "/v1/Content/{Sid}", handler: contents.fetch },
    { method: "DELETE", path: "/v1/Content/{Sid}", handler: contents.remove },
    { method: "POST", path: "/v1/Content/{ContentSid}/ApprovalRequests/whatsapp", handler: contents.submit },
    { method: "GET", path: "/v1/Content/{Sid}/ApprovalRequests", handler: contents.fetchApproval },
  ];
}
