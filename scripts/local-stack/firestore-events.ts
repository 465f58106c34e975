import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { listen } from "./listen.ts";
import { backoffMs, type PushedEvent, pushEvent } from "./push-event.ts";

export interface FirestoreEvents {
  /** For the emulator's `functionsEmulator`. */
  readonly host: string;
  /** From now on events of that trigger go to the function at `url`. */
  forward(triggerId: string, url: string): void;
  /** When nothing that has come so far is still on its way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  readonly port?: number;
  /** Deliveries of one event before it is dropped. Production stops after 24 hours. */
  readonly attempts?: number;
  /** Who the `.withAuthContext` events say it was; the emulator knows nobody. */
  readonly authContext?: () => { readonly type: string; readonly id: string };
}

/** A function gets so many events at once, as an instance does in production; a campaign has thousands. */
const AT_ONCE = 16;

/**
 * Plays Eventarc between the Firestore emulator and our functions: delivers each event until it is accepted.
 *
 * The emulator (seen in 1.19.9) POSTs once, one event after the other, to /functions/projects/P/triggers/ID:
 *   ce-* headers for specversion, type, source, id, subject, time, datacontenttype, dataschema, location, project,
 *   database, namespace, document, and for .withAuthContext authtype ("unknown") and authid (an invented address);
 *   Content-Type application/protobuf; and a body that is the DocumentEventData **in base64**, with an update_mask
 *   that is always empty. Its source says "projects/projects/P". What differs from production is put right here,
 *   but for the update_mask: compare `value` with `old_value` instead.
 */
export async function startFirestoreEvents(options: Options = {}): Promise<FirestoreEvents> {
  const targets = new Map<string, string>();
  const queues = new Map<string, LimitFunction>();
  const queueOf = (triggerId: string) => {
    const queue = queues.get(triggerId) ?? pLimit(AT_ONCE);
    queues.set(triggerId, queue);
    return queue;
  };
  const closing = new AbortController();
  const deliveries = new Set<Promise<void>>();

  const deliver = async (triggerId: string, event: PushedEvent) => {
    const { attempts = 30 } = options;
    let problem: string | undefined;
    for (let attempt = 1; attempt <= attempts && !closing.signal.aborted; attempt += 1) {
      const url = targets.get(triggerId);
      problem = url === undefined ? "has no function" : await pushEvent(url, event, closing.signal);
      if (problem === undefined) return;
      await delay(backoffMs(attempt), undefined, { signal: closing.signal }).catch(() => undefined);
    }
    if (!closing.signal.aborted) console.error(`A Firestore event was dropped: ${triggerId} ${problem}.`);
  };

  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const triggerId = /^\/functions\/projects\/[^/]+\/triggers\/([^/?]+)/.exec(request.url ?? "")?.[1];
    if (triggerId === undefined) return response.writeHead(404).end();
    const event = toEventarc(request.headers, await buffer(request), options.authContext);
    response.writeHead(200).end(); // at once: the emulator sends the next event only after this answer
    const delivery = queueOf(triggerId)(() => deliver(triggerId, event));
    deliveries.add(delivery);
    await delivery.finally(() => deliveries.delete(delivery));
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy()); // the emulator hung up
  });
  const listening = await listen(server, options.port ?? 0, "the Firestore events");

  return {
    host: listening.host,
    forward: (triggerId, url) => {
      targets.set(triggerId, url);
    },
    idle: async () => {
      await Promise.all(deliveries);
    },
    close: async () => {
      closing.abort();
      await Promise.all(deliveries);
      await listening.close();
    },
  };
}

function toEventarc(
  received: IncomingHttpHeaders,
  body: Buffer,
  authContext: Options["authContext"],
): PushedEvent {
  const attributes = Object.entries(received).flatMap(([name, value]) =>
    name.startsWith("ce-") && typeof value === "string" ? [[name, value] as const] : [],
  );
  const headers: Record<string, string> = {
    ...Object.fromEntries(attributes),
    "content-type": "application/protobuf",
  };
  delete headers["ce-datacontenttype"]; // in binary mode that is the Content-Type
  headers["ce-source"] = (headers["ce-source"] ?? "").replace("/projects/projects/", "/projects/");
  const auth = headers["ce-type"]?.endsWith(".withAuthContext") ? authContext?.() : undefined;
  if (auth !== undefined) Object.assign(headers, { "ce-authtype": auth.type, "ce-authid": auth.id });
  return { headers, body: Uint8Array.from(Buffer.from(body.toString("latin1"), "base64")) };
}
