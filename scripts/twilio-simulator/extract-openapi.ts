/**
 * Cuts Twilio's published OpenAPI descriptions (https://github.com/twilio/twilio-oai, Apache 2.0) down to the answers
 * that the simulator gives:
 *
 *   node scripts/twilio-simulator/extract-openapi.ts --from DIR
 *
 * DIR holds twilio_api_v2010.json and its neighbours. The results go to openapi/ and are committed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ANSWERED, DESCRIPTIONS, type Description } from "./openapi/answered-operations.ts";

const Tree = z.record(z.string(), z.unknown());
const Operation = z.looseObject({
  operationId: z.string(),
  responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), Tree).optional() })),
});
const OpenApi = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string(), license: Tree }),
  paths: z.record(z.string(), Tree),
  components: z.looseObject({ schemas: z.record(z.string(), Tree) }),
});
type OpenApi = z.infer<typeof OpenApi>;

/** Words for people, and hints for generators of other languages. */
const PROSE = ["description", "summary", "title", "example", "examples", "tags"];

/** Where the description contradicts its own examples and what Twilio sends. */
const CORRECTIONS = [
  {
    /** And all that begin so: Daily, Monthly and the others. */
    schema: "api.v2010.account.usage.usage_record",
    property: "price",
    type: "string",
    reason: "Described as a number; every example of Twilio's, like its answers, has a string.",
  },
] as const;

const { values } = parseArgs({ options: { from: { type: "string" } } });
if (values.from === undefined) {
  console.error("Say where Twilio's descriptions are: --from DIR");
  process.exitCode = 1;
} else {
  for (const name of fileNames()) extract(values.from, name);
}

function fileNames(): Description[] {
  return [
    "twilio_api_v2010.json",
    "twilio_accounts_v1.json",
    "twilio_messaging_v1.json",
    "twilio_messaging_v2.json",
    "twilio_content_v1.json",
  ];
}

function extract(directory: string, name: Description) {
  const source = OpenApi.parse(JSON.parse(readFileSync(join(directory, name), "utf8")));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const answered of ANSWERED[name]) {
    const [method = "", path = ""] = answered.split(" ");
    const verb = method.toLowerCase();
    const operation = Operation.parse(source.paths[path]?.[verb]);
    paths[path] = { ...paths[path], [verb]: answersOf(operation) };
  }
  const corrections = CORRECTIONS.filter(({ schema }) => schema in source.components.schemas);
  const { title, version, license } = source.info;
  const result = {
    "x-origin": {
      note: "An excerpt of Twilio's published OpenAPI description: only the answers the simulator gives, without prose.",
      source: `https://github.com/twilio/twilio-oai, ${name}`,
      script: "scripts/twilio-simulator/extract-openapi.ts",
      corrections,
    },
    openapi: source.openapi,
    info: { title, version, license },
    paths,
    components: { schemas: schemasUsedBy(paths, source) },
  };
  const target = new URL(`openapi/${DESCRIPTIONS[name]}`, import.meta.url);
  writeFileSync(target, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`openapi/${DESCRIPTIONS[name]}: ${ANSWERED[name].length} operations`);
}

function answersOf({ operationId, responses }: z.infer<typeof Operation>) {
  const kept = Object.entries(responses).map(([status, { content }]) => {
    const schema = content?.["application/json"]?.schema;
    return [
      status,
      schema === undefined ? {} : { content: { "application/json": { schema: withoutProse(schema) } } },
    ];
  });
  return { operationId, responses: Object.fromEntries(kept) };
}

/** The named schemas that the paths need, and those that these need in turn. */
function schemasUsedBy(paths: unknown, { components }: OpenApi): Record<string, unknown> {
  const used: Record<string, unknown> = {};
  const waiting = referencesIn(paths);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name in used) continue;
    const schema = corrected(name, withoutProse(components.schemas[name]));
    used[name] = schema;
    waiting.push(...referencesIn(schema));
  }
  return Object.fromEntries(Object.entries(used).sort(([a], [b]) => a.localeCompare(b)));
}

function corrected(name: string, schema: unknown): unknown {
  const correction = CORRECTIONS.find(({ schema }) => name.startsWith(schema));
  if (correction === undefined) return schema;
  const { properties, ...rest } = z.looseObject({ properties: z.record(z.string(), Tree) }).parse(schema);
  const { property, type } = correction;
  return { ...rest, properties: { ...properties, [property]: { ...properties[property], type } } };
}

function referencesIn(value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].flatMap(
    ([, name]) => name ?? [],
  );
}

function withoutProse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => {
    const isWords =
      PROSE.includes(key) && (typeof inner !== "object" || key === "examples" || key === "tags");
    return !isWords && !key.startsWith("x-");
  });
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutProse(inner)]));
}
