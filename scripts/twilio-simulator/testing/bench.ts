import twilio from "twilio";
import { onTestFinished } from "vitest";
import { type SimulatorOptions, startTwilioSimulator } from "../simulator.ts";
import { startWebhookSink } from "./webhook-sink.ts";

export interface Credentials {
  readonly accountSid: string;
  readonly authToken: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A fresh simulator for one test, with the ways to talk to it. It closes when the test is over. */
export async function startBench(options: SimulatorOptions = {}) {
  const simulator = await startTwilioSimulator({ stageMs: 5, priceMs: 10, ...options });
  onTestFinished(() => simulator.close());
  const { url, main } = simulator;

  async function send(
    method: string,
    path: string,
    init: { headers?: Record<string, string>; body?: string } = {},
  ) {
    const response = await fetch(url + path, { method, ...init });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const body: unknown = isJson ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body };
  }

  /** A form-encoded request to Twilio's API, as the main account unless told otherwise. */
  function api(
    method: string,
    path: string,
    form?: Readonly<Record<string, string>>,
    as: Credentials = main,
  ): Promise<Answered> {
    const headers = { ...authorization(as), "content-type": "application/x-www-form-urlencoded" };
    return send(
      method,
      path,
      form === undefined ? { headers } : { headers, body: new URLSearchParams(form).toString() },
    );
  }

  /** A request with a body of JSON, as the younger hosts of Twilio's want it. */
  function postJson(path: string, value: unknown, as: Credentials = main): Promise<Answered> {
    const headers = { ...authorization(as), "content-type": "application/json" };
    return send("POST", path, { headers, body: JSON.stringify(value) });
  }

  function admin(method: string, path: string, value?: unknown): Promise<Answered> {
    return send(method, `/simulator${path}`, value === undefined ? {} : { body: JSON.stringify(value) });
  }

  return {
    simulator,
    main,
    url,
    api,
    postJson,
    admin,
    /** A number that an account simply has. */
    async own(
      phoneNumber: string,
      accountSid = main.accountSid,
      more: Readonly<Record<string, unknown>> = {},
    ) {
      const { body } = await admin("POST", "/numbers", {
        account_sid: accountSid,
        phone_number: phoneNumber,
        ...more,
      });
      return field(body, "sid");
    },
    /** The real client, pointed here. */
    client: (as: Credentials = main) => clientFor(url, as),
    async sink() {
      const sink = await startWebhookSink();
      onTestFinished(() => sink.close());
      return sink;
    },
  };
}

export type Bench = Awaited<ReturnType<typeof startBench>>;

type Observe = (method: string, path: string, status: number, body: unknown) => void;

/** Twilio's client, every one of its hosts mapped to the simulator's origin. */
export function clientFor(
  origin: string,
  { accountSid, authToken }: Credentials,
  observe?: Observe,
): twilio.Twilio {
  const httpClient = new twilio.RequestClient({ timeout: 2000, keepAlive: false });
  const request = httpClient.request.bind(httpClient);
  httpClient.request = async (options) => {
    const uri = options.uri.replace(/^https:\/\/[a-z]+\.twilio\.com/, origin);
    const response = await request({ ...options, uri });
    observe?.(options.method.toUpperCase(), new URL(uri).pathname, response.statusCode, response.body);
    return response;
  };
  return twilio(accountSid, authToken, { httpClient, accountSid });
}

/** A string inside an answer, by its path. */
export function field(body: unknown, ...path: (string | number)[]): string {
  return String(at(body, ...path));
}

export function at(body: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null) return undefined;
    return new Map(Object.entries(value)).get(String(key));
  }, body);
}

function authorization({ accountSid, authToken }: Credentials) {
  return { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` };
}
