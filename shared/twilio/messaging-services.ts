import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { nothingWhen404, type Request } from "./request.ts";
import type { OwnHosts } from "./sdk.ts";

/** A Messaging Service stands between its numbers and their own webhooks for messages. */
export interface MessagingService {
  readonly sid: string;
  /** Empty text: inbound messages are neither delivered nor kept. */
  readonly inboundRequestUrl: string;
  readonly inboundMethod: string;
  /** Whether the number's own `smsUrl` counts, and not `inboundRequestUrl`. */
  readonly useInboundWebhookOnNumber: boolean;
}

export interface MessagingServices {
  /**
   * The service that a number belongs to; there is one at most. Twilio only tells it service by service, hence many
   * requests for an account with many. Throws failed-precondition when there are more than we look through.
   */
  findServiceOf(numberSid: string): Promise<MessagingService | undefined>;
}

const MOST_SERVICES = 200;
const AT_ONCE = 10;

export function createMessagingServices(hosts: OwnHosts, request: Request): MessagingServices {
  const services = async () => (await hosts.messaging()).v1.services;

  async function has(serviceSid: string, numberSid: string): Promise<boolean> {
    const ask = async () => (await services())(serviceSid).phoneNumbers(numberSid).fetch();
    return (await nothingWhen404(request(z.object({ sid: z.string() }), ask))) !== undefined;
  }

  return {
    async findServiceOf(numberSid) {
      const list = async () => (await services()).list({ limit: MOST_SERVICES + 1 });
      const all = await request(z.array(serviceSchema), list);
      for (let from = 0; from < MOST_SERVICES; from += AT_ONCE) {
        const some = all.slice(from, Math.min(from + AT_ONCE, MOST_SERVICES));
        const holds = await Promise.all(some.map(({ sid }) => has(sid, numberSid)));
        const found = some.find((_, index) => holds[index]);
        if (found !== undefined || some.length < AT_ONCE) return found;
      }
      if (all.length <= MOST_SERVICES) return undefined;
      throw new AppError(
        "failed-precondition",
        `The Twilio account has more than ${MOST_SERVICES} messaging services, too many to look through.`,
        { context: { service: "Twilio" } },
      );
    },
  };
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const serviceSchema = z.object({
  sid: z.string(),
  inboundRequestUrl: text,
  inboundMethod: text,
  useInboundWebhookOnNumber: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
});
