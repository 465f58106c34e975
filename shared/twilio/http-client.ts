import { Agent } from "node:http";
import RequestClient from "twilio/lib/base/RequestClient.js";
import { AppError } from "#shared/core/errors.ts";
import { toTwilioFailure } from "./errors.ts";

export interface HttpClientSettings {
  /** Where requests go instead of Twilio: a simulator on loopback, over plain http. */
  readonly apiBaseUrl?: string | undefined;
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

const MAX_SOCKETS = 50;
const MAX_FREE_SOCKETS = 10;

/**
 * The HTTP client of all accounts: one pool of connections, and nothing remembered of a request, since the SDK's own
 * client keeps the credentials and bodies of the last one. Throws failed-precondition when `apiBaseUrl` is not loopback.
 */
export function createHttpClient(settings: HttpClientSettings = {}): RequestClient {
  const { apiBaseUrl, timeoutMs = 10_000 } = settings;
  return new ForgetfulClient(timeoutMs, apiBaseUrl === undefined ? undefined : loopbackOrigin(apiBaseUrl));
}

class ForgetfulClient extends RequestClient {
  readonly #origin: URL | undefined;

  constructor(timeoutMs: number, origin: URL | undefined) {
    super({
      timeout: timeoutMs,
      maxSockets: MAX_SOCKETS,
      maxFreeSockets: MAX_FREE_SOCKETS,
      autoRetry: false,
    });
    this.#origin = origin;
    this.axios.defaults.httpAgent = new Agent({
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      maxFreeSockets: MAX_FREE_SOCKETS,
    });
    // The client's own timeout only ends a silence; this ends an answer that trickles in, too.
    this.axios.interceptors.request.use((config) => {
      config.signal = AbortSignal.timeout(timeoutMs);
      return config;
    });
    const nothing = { get: () => undefined, set: () => {} };
    Object.defineProperties(this, { lastRequest: nothing, lastResponse: nothing });
  }

  /** Debug logging stays off, whatever the environment says: it prints what is sent. */
  override async request<TData>(options: RequestClient.RequestOptions<TData>) {
    const uri = this.#destination(options.uri);
    try {
      return await super.request({ ...options, uri, logLevel: "none" });
    } catch (error) {
      throw toTwilioFailure(error);
    }
  }

  /** Credentials go to Twilio or to the simulator, nowhere else, whatever a page link may say. */
  #destination(uri: string): string {
    const url = new URL(uri);
    if (url.protocol !== "https:" || !url.hostname.endsWith(".twilio.com")) {
      throw new AppError("internal", "A request meant for Twilio was addressed to another host.");
    }
    return this.#origin === undefined ? uri : new URL(`${url.pathname}${url.search}`, this.#origin).href;
  }
}

function loopbackOrigin(apiBaseUrl: string): URL {
  const url = URL.canParse(apiBaseUrl) ? new URL(apiBaseUrl) : undefined;
  if (url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) return url;
  throw new AppError(
    "failed-precondition",
    "TWILIO_API_BASE_URL may only name a simulator on this machine, such as http://127.0.0.1:4010; leave it out to use Twilio.",
    { context: { field: "TWILIO_API_BASE_URL" } },
  );
}
