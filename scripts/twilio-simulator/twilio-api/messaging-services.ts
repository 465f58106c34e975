import { json, noContent } from "../http/reply.ts";
import type { MessagingService } from "../world/messaging-service.ts";
import type { OwnedNumber } from "../world/phone-number.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, type ApiRequest, given, pathParameter } from "./api-request.ts";
import { TwilioError } from "./error.ts";
import { metaPageOf } from "./paging.ts";
import { readServiceSettings } from "./service-settings.ts";

const HOST = "messaging.twilio.com";
const MOST_NUMBERS = 400;

/** messaging.twilio.com /v1/Services. */
export function createMessagingServiceResource({
  messagingServices,
}: World): Record<"create" | "list" | "fetch" | "update", ApiHandler> {
  return {
    create({ account, form }) {
      if (given(form, "FriendlyName") === undefined) throw new TwilioError(20001, "FriendlyName is required");
      return json(201, presentService(messagingServices.add(account.sid, readServiceSettings(form))));
    },
    list: (request) =>
      metaPageOf(request, HOST, {
        key: "services",
        items: messagingServices.ofAccount(request.account.sid),
        tokenOf: ({ sid }) => sid,
        present: presentService,
      }),
    fetch: (request) => json(200, presentService(serviceIn(messagingServices, request, "Sid"))),
    update(request) {
      const service = serviceIn(messagingServices, request, "Sid");
      Object.assign(service, readServiceSettings(request.form), { dateUpdated: new Date() });
      return json(200, presentService(service));
    },
  };
}

/** The numbers of a service. */
export function createPoolResource({
  messagingServices,
  numbers,
}: World): Record<"create" | "list" | "fetch" | "remove", ApiHandler> {
  const membersOf = (service: MessagingService) =>
    numbers.ofAccount(service.accountSid).filter(({ sid }) => service.members.has(sid));

  function found(request: ApiRequest) {
    const service = serviceIn(messagingServices, request, "ServiceSid");
    const number = membersOf(service).find(({ sid }) => sid === pathParameter(request, "Sid"));
    if (number === undefined) throw notFound(request);
    return { service, number };
  }

  return {
    create(request) {
      const service = serviceIn(messagingServices, request, "ServiceSid");
      const sid = given(request.form, "PhoneNumberSid");
      if (sid === undefined) throw new TwilioError(20001, "PhoneNumberSid is required");
      const number = numbers.ofAccount(service.accountSid).find((each) => each.sid === sid);
      if (number === undefined) throw notFound(request);
      const holder = messagingServices.holding(number);
      if (holder !== undefined) throw new TwilioError(holder === service ? 21710 : 21712);
      if (membersOf(service).length >= MOST_NUMBERS) throw new TwilioError(20001, "The service is full");
      service.members.set(number.sid, new Date());
      return json(201, presentMember(service, number));
    },
    list(request) {
      const service = serviceIn(messagingServices, request, "ServiceSid");
      return metaPageOf(request, HOST, {
        key: "phone_numbers",
        items: membersOf(service),
        tokenOf: ({ sid }) => sid,
        present: (number) => presentMember(service, number),
      });
    },
    fetch(request) {
      const { service, number } = found(request);
      return json(200, presentMember(service, number));
    },
    remove(request) {
      const { service, number } = found(request);
      service.members.delete(number.sid);
      return noContent;
    },
  };
}

function serviceIn(services: World["messagingServices"], request: ApiRequest, name: string) {
  const service = services.find(pathParameter(request, name));
  if (service?.accountSid === request.account.sid) return service;
  throw notFound(request);
}

function notFound({ path }: ApiRequest): TwilioError {
  return new TwilioError(20404, `The requested resource ${path} was not found`);
}

const LINKS = {
  phone_numbers: "PhoneNumbers",
  short_codes: "ShortCodes",
  alpha_senders: "AlphaSenders",
  messages: "Messages",
  us_app_to_person: "Compliance/Usa2p",
  us_app_to_person_usecases: "Compliance/Usa2p/Usecases",
  channel_senders: "ChannelSenders",
  destination_alpha_senders: "DestinationAlphaSenders",
} as const;

function presentService(service: MessagingService) {
  const url = `https://${HOST}/v1/Services/${service.sid}`;
  return {
    account_sid: service.accountSid,
    sid: service.sid,
    date_created: iso(service.dateCreated),
    date_updated: iso(service.dateUpdated),
    friendly_name: service.friendlyName,
    inbound_request_url: service.inboundRequestUrl,
    inbound_method: service.inboundMethod,
    fallback_url: service.fallbackUrl,
    fallback_method: service.fallbackMethod,
    status_callback: service.statusCallback,
    sticky_sender: service.stickySender,
    smart_encoding: service.smartEncoding,
    mms_converter: service.mmsConverter,
    fallback_to_long_code: false,
    scan_message_content: "inherit",
    area_code_geomatch: service.areaCodeGeomatch,
    validity_period: service.validityPeriod,
    synchronous_validation: false,
    usecase: service.usecase,
    us_app_to_person_registered: false,
    use_inbound_webhook_on_number: service.useInboundWebhookOnNumber,
    links: Object.fromEntries(Object.entries(LINKS).map(([key, path]) => [key, `${url}/${path}`])),
    url,
  };
}

function presentMember(service: MessagingService, number: OwnedNumber) {
  const { voice, sms, mms } = number.capabilities;
  const joined = iso(service.members.get(number.sid) ?? service.dateCreated);
  return {
    sid: number.sid,
    account_sid: service.accountSid,
    service_sid: service.sid,
    date_created: joined,
    date_updated: joined,
    phone_number: number.phoneNumber,
    country_code: number.isoCountry,
    capabilities: [...(mms ? ["MMS"] : []), ...(sms ? ["SMS"] : []), ...(voice ? ["Voice"] : [])],
    url: `https://${HOST}/v1/Services/${service.sid}/PhoneNumbers/${number.sid}`,
  };
}

/** To the second, as these hosts write times. */
function iso(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
