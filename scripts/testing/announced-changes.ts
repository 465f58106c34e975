import type { Server } from "node:http";
import { cloudEvent } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { createHandler } from "#functions/announce-change/handler.ts";
import { DEPLOYMENTS } from "#scripts/deployments.ts";
import { registerFirestoreTrigger } from "#scripts/local-stack/firestore-emulator.ts";
import { startFirestoreEvents } from "#scripts/local-stack/firestore-events.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { consequencesOf } from "./delivery-parts.ts";
import { type RecordingPublisher, recordPublisher } from "./recording-publisher.ts";

interface Given {
  readonly projectId: string;
  readonly database: Database;
  readonly partyOf: PartyOf;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly clock: Clock;
  readonly logger: Logger;
}

const NAME = "announce-change";

export interface AnnouncedChanges {
  /** What it publishes by: nothing but news. */
  readonly publisher: RecordingPublisher;
  /** When nothing that has come so far is still on its way. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** Has the real `announce-change` follow a project's messages and calls, by the emulator's own events. */
export async function announceChanges(given: Given): Promise<AnnouncedChanges> {
  const { projectId, database, clock, logger } = given;
  const publisher = recordPublisher(createPublisher(projectId));
  const handler = createHandler({ publisher, drawConsequences: consequencesOf(given) });
  const deadLetters = createDeadLetters(database, clock);
  cloudEvent(NAME, eventFunction(handler, { name: NAME, logger, deadLetters, onFailure: "redeliver" }));
  const server: Server = getTestServer(NAME);
  const listening = await listen(server, 0, NAME);
  const events = await startFirestoreEvents();
  const { FIRESTORE_EMULATOR_HOST: host = "" } = process.env;
  const port = events.host.split(":").at(-1);
  for (const { name, source, trigger } of DEPLOYMENTS) {
    if (source !== NAME || trigger.kind !== "document") continue;
    const { eventType, pattern: document } = trigger;
    const triggerId = `${name}-${port}`;
    events.forward(triggerId, `http://${listening.host}`);
    await registerFirestoreTrigger({ host, projectId, triggerId, eventType, document });
  }
  return {
    publisher,
    idle: events.idle,
    async stop() {
      await events.close();
      await listening.close();
    },
  };
}
