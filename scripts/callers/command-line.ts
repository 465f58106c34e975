import { parseArgs } from "node:util";
import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import { CallerEmail, CallerPolicy } from "#shared/identity/caller-policies.ts";

const ALL = "*";

const Flags = z.object({
  email: z.string("is missing").trim().toLowerCase().pipe(CallerEmail),
  salons: z
    .string("is missing")
    .transform((list) => (list.trim() === "*" ? ALL : list.split(",").map((id) => id.trim())))
    .refine(
      (salons) => salons === ALL || salons.every((id) => SalonId.safeParse(id).success),
      "must be * or salon ids, separated by commas",
    )
    .pipe(CallerPolicy.shape.salons),
  critical: z.boolean().default(false),
});
const Disabling = Flags.pick({ email: true });

export type CommandLine =
  | {
      readonly kind: "run";
      readonly email: CallerEmail;
      readonly salons: CallerPolicy["salons"];
      readonly critical: boolean;
    }
  | { readonly kind: "disable"; readonly email: CallerEmail }
  | { readonly kind: "help" }
  /** `sentence` names the flag and the remedy. */
  | { readonly kind: "wrong"; readonly sentence: string };

export const USAGE = `Usage: npm run callers:allow -- --email EMAIL --salons IDS|'*' [--critical]
       npm run callers:allow -- --email EMAIL --disable
Lets a service send messages, in place of whatever it was allowed before, and if it was disabled; or disables it.
  --email EMAIL    of the service account that it calls as
  --salons IDS     the salons it may send for, separated by commas; '*' (quoted) for all
  --critical       it may send critical messages
  --disable        it may send nothing any more, until it is allowed again
  --help           shows this
Reads GOOGLE_CLOUD_PROJECT. It holds everywhere within 30 seconds. The service also needs roles/run.invoker.`;

const SEE_HELP = "Run with --help to see all flags.";

export function readCommandLine(args: readonly string[]): CommandLine {
  const boolean = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  const options = { email: text, salons: text, critical: boolean, disable: boolean, help: boolean };
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    if (values.help === true) return { kind: "help" };
    const { disable, ...flags } = values;
    if (disable !== true) return { kind: "run", ...Flags.parse(flags) };
    const { email } = Disabling.parse(flags);
    const other = Object.keys(flags).find((name) => name !== "email");
    if (other === undefined) return { kind: "disable", email };
    return { kind: "wrong", sentence: `--${other} does not go with --disable. ${SEE_HELP}` };
  } catch (error) {
    return { kind: "wrong", sentence: `${wordsOf(error)} ${SEE_HELP}` };
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return `--${String(issue?.path[0])} ${issue?.message}.`;
  }
  return `${String(error instanceof Error ? error.message : error).split(". ")[0]}.`;
}
