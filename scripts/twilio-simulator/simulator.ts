import { adminRoutes } from "./admin/routes.ts";
import { createAdmin } from "./admin/serve.ts";
import { createFaults } from "./faults/faults.ts";
import { listen, type Serve } from "./http/server.ts";
import { createCourier } from "./messaging/courier.ts";
import { createReceive } from "./messaging/inbound.ts";
import { createReport } from "./messaging/status-callback.ts";
import { createRandom } from "./random.ts";
import { createTimers } from "./timers.ts";
import { createRequestCounts } from "./twilio-api/request-counts.ts";
import { createApi } from "./twilio-api/serve.ts";
import { createCallPlans } from "./voice/call-plans.ts";
import { createRing } from "./voice/inbound-call.ts";
import { createDial } from "./voice/outbound-call.ts";
import { createDeliver } from "./webhooks/deliver.ts";
import { createExchange } from "./webhooks/exchange.ts";
import { createWebhookLog } from "./webhooks/log.ts";
import { createWorld } from "./world/world.ts";

export interface TwilioSimulator {
  /** Where everything is served: Twilio's API, whatever its host, and /simulator. */
  readonly url: string;
  readonly main: { readonly accountSid: string; readonly authToken: string };
  /** Stops at once: what was under way is given up, and nothing is left running. */
  close(): Promise<void>;
}

export interface SimulatorOptions {
  /** 0 or left out: any free port. */
  readonly port?: number | undefined;
  readonly host?: "127.0.0.1" | undefined;
  readonly mainAccountSid?: string | undefined;
  readonly mainAuthToken?: string | undefined;
  /** Before every answer of Twilio's API. */
  readonly latencyMs?: number | undefined;
  /** The same seed gives the same SIDs, tokens and coin throws. */
  readonly seed?: number | undefined;
  /** How many open subaccounts a main account may have; Twilio's standard is 1,000. */
  readonly subaccountLimit?: number | undefined;
  /** From one status of a message or call to the next. */
  readonly stageMs?: number | undefined;
  /** From the last status to the price. */
  readonly priceMs?: number | undefined;
  /** From the request for WhatsApp's approval of a template to the approval. */
  readonly approvalMs?: number | undefined;
  /** What time it is at Twilio; the system's if left out. Waits take real time all the same. */
  readonly now?: (() => Date) | undefined;
}

/** Starts a Twilio of one's own on loopback; rejects with the system's error when the port is taken. */
export async function startTwilioSimulator(options: SimulatorOptions = {}): Promise<TwilioSimulator> {
  const { port = 0, host = "127.0.0.1", latencyMs = 0, seed = 1, subaccountLimit = 1000 } = options;
  const pace = { stageMs: options.stageMs ?? 20, priceMs: options.priceMs ?? 50 };
  const { mainAccountSid, mainAuthToken, approvalMs = 50, now } = options;
  const world = createWorld({ seed, mainAccountSid, mainAuthToken, subaccountLimit, now });
  const random = createRandom(seed, "chance");
  const timers = createTimers();
  const faults = createFaults(createRandom(seed, "faults"));
  const log = createWebhookLog();
  const counts = createRequestCounts();
  const exchange = createExchange();
  const deliver = createDeliver({ accounts: world.accounts, exchange, log, random, timers });
  const report = createReport({ deliver, random, timers, whatsAppSenders: world.whatsAppSenders });
  const courier = createCourier({ world, faults, timers, pace, report });
  const receive = createReceive({ world, faults, courier, deliver, random });
  const ring = createRing({ world, faults, timers, pace, deliver });
  const plans = createCallPlans();
  const dial = createDial({ world, faults, timers, pace, deliver, plans });
  const reset = () => {
    timers.clear();
    world.reset();
    for (const part of [faults, log, counts, plans]) part.clear();
  };

  const api = createApi({ world, faults, timers, courier, dial, counts, random, latencyMs, approvalMs });
  const admin = createAdmin(
    adminRoutes({ world, faults, log, counts, courier, receive, ring, plans, reset }),
  );
  const serve: Serve = (request) => (request.path.startsWith("/simulator") ? admin(request) : api(request));
  const server = await listen(serve, port, host);
  const bound = server.address();
  const { sid: accountSid, authToken } = world.main;
  return {
    url: `http://${host}:${typeof bound === "object" && bound !== null ? bound.port : port}`,
    main: { accountSid, authToken },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      timers.close();
      exchange.close();
      await closed;
    },
  };
}
