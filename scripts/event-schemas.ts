import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { CallEvent } from "#shared/calls/call-events.ts";
import { InboundEvent, MessageEvent } from "#shared/messages/events.ts";
import { readFlags, runCommand } from "./command-line.ts";

const FOLDER = fileURLToPath(new URL("../docs/events", import.meta.url));
const USAGE = `Usage: npm run event-schemas
Writes the JSON schemas of what is published into docs/events.
  --help   shows this`;

/** The JSON schema of what each topic that others read carries, by its file under `docs/events`. */
export const EVENT_SCHEMAS = {
  "message-events.v1.json": schemaOf("message-events", MessageEvent),
  "call-events.v1.json": schemaOf("call-events", CallEvent),
  "inbound-messages.v1.json": schemaOf("inbound-messages", InboundEvent),
} as const;

/** Open objects: we publish no other fields than these, but a reader passes over those that are yet to come. */
function schemaOf(topic: string, schema: z.ZodType): string {
  const title = `What is published on the topic ${topic}: at least once, keyed by event_id`;
  const description = "Fields may be added; pass over those that you do not know.";
  const open = z.toJSONSchema(schema, {
    io: "output",
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return `${JSON.stringify({ title, description, ...open }, null, 2)}\n`;
}

if (import.meta.main) {
  process.exitCode = await runCommand(readFlags(process.argv.slice(2), z.object({})), USAGE, async () => {
    for (const [name, text] of Object.entries(EVENT_SCHEMAS)) writeFileSync(`${FOLDER}/${name}`, text);
    return 0;
  });
}
