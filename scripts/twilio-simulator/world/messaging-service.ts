import type { Random } from "../random.ts";
import type { OwnedNumber } from "./phone-number.ts";

type Method = "GET" | "POST";

/** What an engineer may configure on a service. */
export interface ServiceSettings {
  friendlyName: string;
  /** Null takes no messages in, unless the numbers' own webhooks count. */
  inboundRequestUrl: string | null;
  inboundMethod: Method;
  fallbackUrl: string | null;
  fallbackMethod: Method;
  statusCallback: string | null;
  stickySender: boolean;
  mmsConverter: boolean;
  smartEncoding: boolean;
  areaCodeGeomatch: boolean;
  validityPeriod: number;
  usecase: string;
  useInboundWebhookOnNumber: boolean;
}

export interface MessagingService extends ServiceSettings {
  readonly sid: string;
  readonly accountSid: string;
  readonly dateCreated: Date;
  dateUpdated: Date;
  /** When each of its numbers came in, by the number's SID. */
  readonly members: Map<string, Date>;
}

export interface MessagingServices {
  add(accountSid: string, settings: Partial<ServiceSettings>): MessagingService;
  find(sid: string): MessagingService | undefined;
  ofAccount(accountSid: string): readonly MessagingService[];
  /** The service that the number is in; one that was moved to another account has left it. */
  holding(number: OwnedNumber): MessagingService | undefined;
  clear(): void;
}

export function createMessagingServices(random: Random): MessagingServices {
  const services = new Map<string, MessagingService>();
  const ofAccount = (accountSid: string) =>
    [...services.values()].filter((service) => service.accountSid === accountSid);
  return {
    add(accountSid, settings) {
      const now = new Date();
      const service: MessagingService = {
        ...STANDARD,
        ...settings,
        sid: random.sid("MG"),
        accountSid,
        dateCreated: now,
        dateUpdated: now,
        members: new Map(),
      };
      services.set(service.sid, service);
      return service;
    },
    find: (sid) => services.get(sid),
    ofAccount,
    holding: ({ sid, accountSid }) => ofAccount(accountSid).find(({ members }) => members.has(sid)),
    clear: () => services.clear(),
  };
}

const STANDARD: ServiceSettings = {
  friendlyName: "",
  inboundRequestUrl: null,
  inboundMethod: "POST",
  fallbackUrl: null,
  fallbackMethod: "POST",
  statusCallback: null,
  stickySender: true,
  mmsConverter: true,
  smartEncoding: true,
  areaCodeGeomatch: true,
  validityPeriod: 36_000,
  usecase: "undeclared",
  useInboundWebhookOnNumber: false,
};
