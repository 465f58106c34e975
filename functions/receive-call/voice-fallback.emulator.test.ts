import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { readTwiml } from "#scripts/twilio-simulator/twiml/twiml.ts";
import { Secret } from "#shared/core/secret.ts";

const SENTENCE =
  "We are sorry, we cannot take your call right now. Please try again in a few minutes, or send us a message.";
const Header = z.object({ key: z.string(), value: z.string() });
const Hosting = z.object({
  hosting: z.object({
    public: z.string(),
    ignore: z.array(z.string()),
    headers: z.array(z.object({ source: z.string(), headers: z.array(Header) })),
    redirects: z.undefined().optional(),
  }),
});

let bench: WebhookBench;
let salon: BenchSalon;

beforeAll(async () => {
  // No function is served: everything of ours is down but Hosting.
  bench = await startWebhookBench();
  salon = await bench.addSalon("+14155550101");
});
afterAll(() => bench.stop());

test("a caller hears a sentence when every function is down", async () => {
  const call = { to: salon.number, from: "+14155550199", digits: [], duration_seconds: 5 };
  const { steps } = await bench.twilio.call(call);
  expect(steps.at(-1)).toMatchObject({ status: 200, said: [SENTENCE] });
  expect(steps.at(-1)?.twiml).toContain("<Hangup/>");
});

test("the number names the file, to be fetched by GET", async () => {
  const { accountSid, authToken } = salon;
  const account = bench.api.account({ accountSid, authToken: new Secret(authToken) });
  const number = await account.findOwnedNumber(salon.number);
  expect(number?.webhooks).toMatchObject({
    voiceFallbackUrl: `${bench.gateway.url}/voice-fallback.xml`,
    voiceFallbackMethod: "GET",
  });
});

test("firebase.json serves it as a file, as XML, before any rewrite", async () => {
  const firebase = JSON.parse(readFileSync(new URL("../../firebase.json", import.meta.url), "utf8"));
  const { hosting } = Hosting.parse(firebase);
  expect(hosting.public).toBe("public");
  expect(hosting.ignore).not.toContain("*.xml");
  expect(hosting.headers).toContainEqual({
    source: "/voice-fallback.xml",
    headers: [{ key: "Content-Type", value: "text/xml; charset=utf-8" }],
  });
  const answer = await fetch(`${bench.gateway.url}/voice-fallback.xml`);
  const contentType = answer.headers.get("content-type") ?? "";
  const read = readTwiml(contentType, await answer.text());
  expect([answer.status, read.ok]).toEqual([200, true]);
});
