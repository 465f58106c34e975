import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTwilioSimulator } from "#scripts/twilio-simulator/simulator.ts";
import { createLogger } from "#shared/core/logger.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "./account.ts";

const TO = "+14155557890";
const BODY = "Hello Priya, see you at ten";

let simulator: Awaited<ReturnType<typeof startTwilioSimulator>>;
beforeAll(async () => {
  simulator = await startTwilioSimulator();
});
afterAll(() => simulator.close());

const FAULTS = [
  { kind: "http_error", status: 429, code: 20429, message: `Too many requests to ${TO}`, times: 3 },
  { kind: "http_error", status: 400, code: 21211, message: `The 'To' number ${TO} is not valid` },
  { kind: "http_error", status: 401, code: 20003 },
  { kind: "http_error", status: 500, as: "html", message: BODY },
  { kind: "timeout" },
  { kind: "reset" },
];

describe.each(FAULTS)("after a request that ends in $kind $status", (fault) => {
  test("error and log hold neither token, phone number nor body, at any depth and however it is printed", async () => {
    const { accountSid, authToken } = simulator.main;
    const faults = `${simulator.url}/simulator/faults`;
    const headers = { "Content-Type": "application/json" };
    const order = JSON.stringify({ times: 1, ...fault, match: { path: "Messages" } });
    expect((await fetch(faults, { method: "POST", headers, body: order })).ok).toBe(true);

    const lines: string[] = [];
    const logger = createLogger({ write: (line) => lines.push(line) });
    const twilio = createTwilio({ apiBaseUrl: simulator.url, timeoutMs: 200, logger });
    const account = twilio.account({ accountSid, authToken: new Secret(authToken) });
    const error = await account
      .sendMessage({
        to: TO,
        from: "+14155550100",
        body: BODY,
        statusCallback: "http://127.0.0.1:9/x",
        validityPeriodSeconds: 60,
      })
      .then(() => undefined)
      .catch((thrown: unknown) => thrown);

    const basic = Buffer.from(`${accountSid}:${authToken}`).toString("base64");
    const secrets = [authToken, basic, encodeURIComponent(TO), TO.slice(1), "Priya", "4155550100"];
    logger.error("failed", { error });
    const printed = [everythingIn(error), ...lines].join("\n");
    for (const secret of secrets) expect(printed).not.toContain(secret);
  });
});

function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) throw new Error("expected an error");
  const seen: string[] = [];
  for (
    let level: unknown = error;
    level !== undefined;
    level = level instanceof Error ? level.cause : undefined
  ) {
    const printed = inspect(level, { depth: null, showHidden: true, getters: true });
    seen.push(printed, JSON.stringify(level), String(level));
    if (level instanceof Error) seen.push(level.stack ?? "");
  }
  return seen.join("\n");
}
