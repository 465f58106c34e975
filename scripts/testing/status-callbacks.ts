import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { z } from "zod";
import { createHandler, type Deps } from "#functions/receive-status/handler.ts";
import { startGateway } from "#scripts/local-stack/gateway.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";

const FIREBASE = new URL("../../firebase.json", import.meta.url);
const Hosting = z.object({ hosting: z.object({ rewrites: z.unknown() }) });
const NAME = "receive-status";

export interface CallbackAddress {
  /** Where Twilio's webhooks go; it stands before anybody answers there. */
  readonly url: string;
  /** Has `receive-status` answer there from now on. */
  serve(deps: Deps): Promise<void>;
  stop(): Promise<void>;
}

/** The address of Twilio's callbacks, behind Hosting's rewrites, and the real `receive-status` at it. */
export async function openCallbackAddress(): Promise<CallbackAddress> {
  const targets: Record<string, string> = {};
  const { rewrites } = Hosting.parse(JSON.parse(readFileSync(FIREBASE, "utf8"))).hosting;
  const gateway = await startGateway({ rewrites, targets });
  const servers: { close(): Promise<void> }[] = [];
  return {
    url: gateway.url,
    async serve(deps) {
      const { logger } = deps;
      http(NAME, httpFunction(createHandler(deps), { name: NAME, logger, maxBodyBytes: MAX_WEBHOOK_BYTES }));
      const server: Server = getTestServer(NAME);
      const listening = await listen(server, 0, NAME);
      servers.push(listening);
      targets[NAME] = `http://${listening.host}`;
    },
    async stop() {
      await Promise.all([gateway.stop(), ...servers.map((server) => server.close())]);
    },
  };
}
