import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { listen } from "./listen.ts";

/** A POST whose signature was right. */
export interface ReceivedWebhook {
  /** `webhook-id`: the same when it is sent again. */
  readonly id: string;
  readonly payload: unknown;
}

export interface SlackSink {
  /** For SLACK_WEBHOOK_URL, SECURITY_WEBHOOK_URL and SECURITY_WEBHOOK_SECRET. */
  readonly slackUrl: string;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  /** What was posted to Slack, oldest first. */
  messages(): string[];
  webhooks(): ReceivedWebhook[];
  /** Has Slack or the webhook answer with this status and take nothing; undefined: as usual again. */
  refuse(receiver: "slack" | "webhook", status: number | undefined): void;
  stop(): Promise<void>;
}

/** Of no value anywhere else. */
const SECRET = `whsec_${Buffer.from("local-stack-webhook-secret-0123456789").toString("base64")}`;
const SLACK_PATH = "/services/T00000000/B00000000/local-stack";
const WEBHOOK_PATH = "/security-alerts";
const SlackMessage = z.object({ text: z.string().min(1) });

/** Plays Slack's incoming webhooks, and a receiver of signed webhooks that takes nothing unsigned. */
export async function startSlackSink(options: { port?: number } = {}): Promise<SlackSink> {
  const messages: string[] = [];
  const webhooks: ReceivedWebhook[] = [];
  const refusals = new Map<string, number>();
  const verifier = new Webhook(SECRET);

  const takeMessage = (body: string): number => {
    const message = SlackMessage.safeParse(parseJson(body));
    if (!message.success) return 400;
    messages.push(message.data.text);
    return 200;
  };
  const takeWebhook = (body: string, headers: Record<string, string>): number => {
    try {
      const payload = verifier.verify(body, headers);
      webhooks.push({ id: headers["webhook-id"] ?? "", payload });
      return 204;
    } catch {
      return 401;
    }
  };
  const answer = async (request: IncomingMessage): Promise<number> => {
    const body = await text(request);
    const path = request.url ?? "";
    const refusal = refusals.get(path);
    if (refusal !== undefined) return refusal;
    if (request.method !== "POST") return 405;
    if (path === SLACK_PATH) return takeMessage(body);
    return path === WEBHOOK_PATH ? takeWebhook(body, flat(request)) : 404;
  };

  const server = createServer((request, response) => {
    answer(request)
      .then((status) => response.writeHead(status).end(status === 200 ? "ok" : ""))
      .catch(() => response.destroy());
  });
  const listening = await listen(server, options.port ?? 0, "the Slack sink");
  return {
    slackUrl: `http://${listening.host}${SLACK_PATH}`,
    webhookUrl: `http://${listening.host}${WEBHOOK_PATH}`,
    webhookSecret: SECRET,
    messages: () => [...messages],
    webhooks: () => [...webhooks],
    refuse(receiver, status) {
      const path = receiver === "slack" ? SLACK_PATH : WEBHOOK_PATH;
      if (status === undefined) refusals.delete(path);
      else refusals.set(path, status);
    },
    stop: listening.close,
  };
}

function flat({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
