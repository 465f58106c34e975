import { randomBytes } from "node:crypto";
import { z } from "zod";
import { localCallerToken } from "#scripts/local-stack/caller-token.ts";
import type { Stack } from "#scripts/local-stack/stack.ts";
import { eventually } from "./eventually.ts";
import { createSimulatorClient, type SimulatorClient } from "./simulator-client.ts";
import { listenTo, type TopicListener } from "./topic-listener.ts";

/** The people and places of the story. */
export const SALON_A = "salon-anjali";
export const SALON_B = "salon-bloom";
export const PARENT_NUMBER = "+14155550100";
/** In the Twilio account that salon A brings along. */
export const OWN_NUMBER = "+14155550177";
export const OWN_ACCOUNT = "Anjali's own account";
export const OWNER_A = "+14155550111";
export const CUSTOMER = "+14155550142";
export const SECOND_CUSTOMER = "+14155550163";
export const UNLUCKY_CUSTOMER = "+14155550188";

/** The service that books appointments, and sends for all salons. */
export const BOOKING_SERVICE = "booking@salon-flow-local.iam.gserviceaccount.com";

/** What the story is played with: the stack's front doors, and eyes on what comes out. */
export interface StoryContext {
  readonly stack: Stack;
  readonly twilio: SimulatorClient;
  readonly inboundMessages: TopicListener;
  readonly messageEvents: TopicListener;
  /** POST /v1/messages, as a service of the platform does. */
  send(
    message: Record<string, unknown>,
    idempotencyKey?: string,
  ): Promise<{ status: number; body: MessageView }>;
  /** POST /v1/messages:bulk; gives the state of each message. */
  sendMany(call: Record<string, unknown>): Promise<(string | undefined)[]>;
  /** A document as it is stored now. */
  read(path: string): Promise<Record<string, unknown> | undefined>;
  /** Waits until a message is in one of these states, and gives the stored document. */
  reaches(messageId: string, ...states: string[]): Promise<StoredMessage>;
}

export const MessageView = z.looseObject({
  message_id: z.string().optional(),
  state: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string(), field: z.string().optional() }).optional(),
});
export type MessageView = z.infer<typeof MessageView>;

const StoredMessage = z.looseObject({
  state: z.string(),
  hold_reason: z.string().nullable(),
  attempts: z.array(z.looseObject({ sid: z.string().nullable(), state: z.string(), source: z.string() })),
});
export type StoredMessage = z.infer<typeof StoredMessage>;

export async function createStoryContext(stack: Stack): Promise<StoryContext & { close(): Promise<void> }> {
  const inboundMessages = await listenTo(stack.pubsub, "inbound-messages");
  const messageEvents = await listenTo(stack.pubsub, "message-events");
  const read = async (path: string) => (await stack.database.firestore.doc(path).get()).data();
  return {
    stack,
    twilio: createSimulatorClient(stack.simulator.url),
    inboundMessages,
    messageEvents,
    read,
    async send(message, idempotencyKey = randomBytes(8).toString("hex")) {
      const response = await fetch(`${stack.fn("send-message").url}/v1/messages`, {
        method: "POST",
        headers: {
          authorization: localCallerToken(BOOKING_SERVICE),
          "content-type": "application/json",
          "idempotency-key": idempotencyKey,
        },
        body: JSON.stringify(message),
      });
      return { status: response.status, body: MessageView.parse(await response.json()) };
    },
    async sendMany(call) {
      const response = await fetch(`${stack.fn("send-message").url}/v1/messages:bulk`, {
        method: "POST",
        headers: { authorization: localCallerToken(BOOKING_SERVICE), "content-type": "application/json" },
        body: JSON.stringify(call),
      });
      if (!response.ok) throw new Error(`send-message answered ${response.status} to a bulk call`);
      const { results } = z.object({ results: z.array(MessageView) }).parse(await response.json());
      return results.map(({ state }) => state);
    },
    reaches: (messageId, ...states) =>
      eventually(`message ${messageId} to be ${states.join(" or ")}`, async () => {
        const message = StoredMessage.safeParse(await read(`messages/${messageId}`)).data;
        return message !== undefined && states.includes(message.state) ? message : undefined;
      }),
    async close() {
      await Promise.all([inboundMessages.close(), messageEvents.close()]);
    },
  };
}
