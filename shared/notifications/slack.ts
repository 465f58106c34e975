import { IncomingWebhook } from "@slack/webhook";
import { z } from "zod";
import type { Secret } from "#shared/core/secret.ts";
import { type Channel, refusedBy } from "./channel.ts";
import { slackTextOf } from "./texts.ts";

const DEADLINE_MS = 10_000;
const HttpError = z.object({ statusCode: z.number() });

/** Posts to the security team's Slack channel; nothing where none is configured. Who has the URL can post: a Secret. */
export function createSlack(url: Secret | undefined): Channel {
  if (url === undefined) return async () => ({ state: "skipped", reason: "SLACK_WEBHOOK_URL is not set." });
  const webhook = new IncomingWebhook(url.reveal(), { timeout: DEADLINE_MS });
  return async (told) => {
    try {
      await webhook.send({ text: slackTextOf(told), unfurl_links: false, unfurl_media: false });
      return { state: "sent" };
    } catch (error) {
      throw refusedBy("Slack", HttpError.safeParse(error).data?.statusCode, error);
    }
  };
}
