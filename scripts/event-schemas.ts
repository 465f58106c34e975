import { writeFileSync } from "node:fs";
import { z } from "zod";
import { CallEvent } from "#shared/calls/call-events.ts";
import { InboundEvent, MessageEvent } from "#shared/messages/events.ts";

/** The JSON schema of what each topic that others read carries, by its file under `docs/events`. */
export const EVENT_SCHEMAS = {
  "message-events.v1.json": schemaOf("message-events", MessageEvent),
  "call-events.v1.json": schemaOf("call-events", CallEvent),
  "inbound-messages.v1.json": schemaOf("inbound-messages", InboundEvent),
} as const;

function schemaOf(topic: string, schema: z.ZodType): string {
  const title = `What is published on the topic ${topic}: at least once, keyed by event_id`;
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: "output" }) }, null, 2)}\n`;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(EVENT_SCHEMAS)) writeFileSync(`docs/events/${name}`, text);
}
