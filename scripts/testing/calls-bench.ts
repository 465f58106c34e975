import { PubSub } from "@google-cloud/pubsub";
import { z } from "zod";
import { createHandler as createCallHandler } from "#functions/receive-call/handler.ts";
import { createHandler as createStatusHandler } from "#functions/receive-status/handler.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { createCallAcceptance } from "#shared/calls/call-acceptance.ts";
import type { CallRequest } from "#shared/calls/call-request.ts";
import { createCallStarts } from "#shared/calls/call-starts.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import type { CallId, OutboundCall } from "#shared/calls/outbound-call.ts";
import { createPlacement, type Placement } from "#shared/calls/placement.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { callerParts } from "./caller-parts.ts";
import { createMovingClock } from "./moving-clock.ts";
import { uniqueSalonId } from "./test-project.ts";
import { startWebhookBench } from "./webhook-bench.ts";

export const LEASE_SECONDS = 60;
export const RECHECK_SECONDS = 120;
/** Where nobody listens: what Twilio tells is lost. */
const NOWHERE = "http://127.0.0.1:9";

const TwilioCall = z.object({
  sid: z.string(),
  account_sid: z.string(),
  from: z.string(),
  status: z.string(),
});
type TwilioCall = z.infer<typeof TwilioCall>;

interface WorkerOptions {
  /** Whether Twilio's webhooks come to nobody. */
  readonly deaf?: boolean;
  readonly timeoutMs?: number;
  /** What happens while it waits for a call's second. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** All that a call of a salon's passes through, with Twilio simulated and customers who do as planned. */
export async function startCallsBench() {
  const webhooks = await startWebhookBench();
  const { database, publisher, twilio: simulator, vault, partyOf } = webhooks;
  const { logger } = webhooks.logs;
  const pubsub = new PubSub({ projectId: webhooks.projectId });
  await pubsub.createTopic("outbound-calls");
  await pubsub.close();
  const clock = createMovingClock();
  const calls = createCalls(database, clock);
  const contacts = createContacts(database);
  const salons = createSalons(database);
  await webhooks.serve("receive-call", createCallHandler({ ...webhooks, ...callerParts(webhooks), calls }));
  await webhooks.serve(
    "receive-status",
    createStatusHandler({
      ...webhooks,
      calls,
      messages: createOutboundMessages(database, webhooks.clock),
    }),
  );
  const changes = createIntegrationChanges({
    database,
    audit: createAudit({ database, clock, logger }),
    clock,
    logger,
  });
  const health = connectAccountHealth({ ...webhooks, changes, twilio: webhooks.api, clock });
  const acceptance = createCallAcceptance({
    salons,
    calls: calls.outbound,
    publisher,
    partyOf,
    clock,
    logger,
  });
  const slept: number[] = [];
  let serial = 2_000;
  const nextNumber = () => E164.parse(`+1415555${(serial++).toString()}`);

  return {
    ...webhooks,
    clock,
    calls: calls.outbound,
    contacts,
    acceptance,
    /** How long workers waited for their second, in milliseconds. */
    slept,
    customer: nextNumber,

    /** An open salon with a number that may call, and no quiet hours unless told otherwise. */
    async salon(communication: object = {}) {
      const salon = await webhooks.addSalon(nextNumber(), {
        communication: { quiet_hours: null, ...communication },
      });
      await database.firestore
        .doc(`salon_integrations/${salon.salonId}`)
        .set({ platform: { capabilities: { voice: true } } }, { merge: true });
      return salon;
    },

    /** How a customer's phone takes the next calls. */
    async plan(to: string, plan: object): Promise<void> {
      const body = JSON.stringify({ to, ...plan });
      const answer = await fetch(`${simulator.url}/simulator/call-plans`, { method: "POST", body });
      if (!answer.ok) throw new Error(`the simulator refused a plan: ${await answer.text()}`);
    },

    /** What Twilio truly has for a customer, oldest first. */
    async atTwilio(to: string): Promise<TwilioCall[]> {
      const answer = await fetch(`${simulator.url}/simulator/calls?to=${encodeURIComponent(to)}`);
      return z.object({ calls: z.array(TwilioCall) }).parse(await answer.json()).calls;
    },

    async accept(salonId: SalonId, to: E164, wanted: Partial<CallRequest> = {}): Promise<OutboundCall> {
      const { call } = await acceptance.accept({
        salonId,
        to,
        idempotencyKey: uniqueSalonId(),
        language: "en",
        confirm: true,
        ...(wanted.template === undefined ? { text: "This is Anjali's Salon. See you at ten." } : {}),
        ...wanted,
      });
      return call;
    },

    /** An instance of place-call, with empty caches of its own. */
    worker: ({ deaf = false, timeoutMs = 5_000, meanwhile }: WorkerOptions = {}): Placement =>
      createPlacement({
        calls: calls.outbound,
        salons: createSalons(database),
        integrations: createIntegrations(database),
        contacts,
        starts: createCallStarts(database, clock),
        vault,
        twilio: createTwilio({
          apiBaseUrl: simulator.url,
          timeoutMs,
          retry: createRetry({ random: () => 0 }),
          logger,
        }),
        urls: deaf ? createWebhookUrls(NOWHERE) : webhooks.urls,
        requestPlatform: changes.requestPlatform,
        noteTrouble: (salonId, source, trouble) =>
          health.report(salonId, source, { ...trouble, channel: "sms" }),
        clock,
        logger,
        random: () => 0.5,
        sleep: async (milliseconds) => {
          slept.push(milliseconds);
          await meanwhile?.();
        },
        leaseSeconds: LEASE_SECONDS,
        recheckSeconds: RECHECK_SECONDS,
      }),

    /** Waits until the call is as wanted; gives it back. */
    untilCall: (id: CallId, isSo: (call: OutboundCall) => boolean): Promise<OutboundCall> =>
      until(async () => {
        const call = await calls.outbound.get(id);
        return call !== undefined && isSo(call) && call;
      }),

    /** The minutes charged to a salon, by the SID of the call. */
    async minutes(salonId: SalonId): Promise<Record<string, number>> {
      const rows = await database.firestore.collection(`salons/${salonId}/usage_ledger`).get();
      return Object.fromEntries(rows.docs.map((row) => [row.id, row.get("quantity")]));
    },

    /** What was published of a call. */
    news: (id: CallId) =>
      webhooks.announcing.published.flatMap(({ topic, data }) =>
        topic === "call-events" && data.call_id === id ? [`${data.state} ${data.answer}`] : [],
      ),
  };
}

export type CallsBench = Awaited<ReturnType<typeof startCallsBench>>;
