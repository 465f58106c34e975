import { parseArgs } from "node:util";
import type { z } from "zod";
import { createLogger } from "#shared/core/logger.ts";
import { wordsOf } from "./credentials/words.ts";

export type CommandLine<Flags> =
  | { readonly kind: "run"; readonly flags: Flags }
  | { readonly kind: "help" }
  /** `sentence` names the flag and the remedy. */
  | { readonly kind: "wrong"; readonly sentence: string };

/** For `loadConfig` in a command: what is wrong is said to the operator, not to a log. */
export const SILENT = createLogger({ level: "silent" });

/** Reads flags by a schema that is keyed by their names; those in `switches` take no value. `--help` comes first. */
export function readFlags<Schema extends z.ZodObject>(
  args: readonly string[],
  schema: Schema,
  switches: readonly (keyof Schema["shape"])[] = [],
): CommandLine<z.infer<Schema>> {
  const typeOf = (name: string) =>
    ({ type: name === "help" || switches.includes(name) ? "boolean" : "string" }) as const;
  const names = [...Object.keys(schema.shape), "help"];
  const options = Object.fromEntries(names.map((name) => [name, typeOf(name)]));
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...args], options, allowPositionals: false }));
  } catch (error) {
    return wrong(`${String(error instanceof Error ? error.message : error).split(". ")[0]}.`);
  }
  if (values.help === true) return { kind: "help" };
  const { success, data, error } = schema.safeParse(values);
  if (success) return { kind: "run", flags: data };
  const [issue] = error.issues;
  return wrong(`--${String(issue?.path[0])} ${issue?.message}.`);
}

function wrong(sentence: string): { kind: "wrong"; sentence: string } {
  return { kind: "wrong", sentence: `${sentence} Run with --help to see all flags.` };
}

/** Does what a command line asks for and gives the exit code: 2 when a flag is wrong, 1 when `work` fails. Never a stack trace. */
export async function runCommand<Flags>(
  line: CommandLine<Flags>,
  usage: string,
  work: (flags: Flags) => Promise<number>,
): Promise<number> {
  if (line.kind === "help") {
    console.log(usage);
    return 0;
  }
  if (line.kind === "wrong") {
    console.error(line.sentence);
    return 2;
  }
  try {
    return await work(line.flags);
  } catch (error) {
    console.error(wordsOf(error));
    return 1;
  }
}
