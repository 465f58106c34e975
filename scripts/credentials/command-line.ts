import { parseArgs } from "node:util";
import { z } from "zod";

const Flags = z.object({
  apply: z.boolean().default(false),
  after: z
    .string()
    .regex(/^[^/]+$/, "must be a salon's id")
    .optional(),
  "page-size": z
    .string()
    .regex(/^\d{1,3}$/, "must be a whole number")
    .transform(Number)
    .refine((size) => size >= 1 && size <= 500, "must be from 1 to 500")
    .prefault("100"),
});

export type CommandLine =
  | {
      readonly kind: "run";
      readonly apply: boolean;
      readonly after?: string | undefined;
      readonly pageSize: number;
    }
  | { readonly kind: "help" }
  /** `sentence` names the flag and the remedy. */
  | { readonly kind: "wrong"; readonly sentence: string };

/** The flags that both commands have. */
export const USAGE = `  --apply          writes; without it everything is tried and nothing written
  --after SALON    begins after this salon, where an earlier run ended
  --page-size N    salons read at a time (default 100)
  --help           shows this
Reads GOOGLE_CLOUD_PROJECT, KMS_KEY_NAME and the others under "credentials" in .env.example.
With --apply each salon's change has its audit entry. Run it as one of AUDIT_TRUSTED_PRINCIPALS, such as the service account of
the functions (impersonated): a change by anybody else raises an alarm, one a salon.`;

export function readCommandLine(args: readonly string[]): CommandLine {
  const boolean = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  const options = { apply: boolean, help: boolean, after: text, "page-size": text };
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    if (values.help === true) return { kind: "help" };
    const { apply, after, "page-size": pageSize } = Flags.parse(values);
    return { kind: "run", apply, after, pageSize };
  } catch (error) {
    return { kind: "wrong", sentence: `${wordsOf(error)} Run with --help to see all flags.` };
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return `--${String(issue?.path[0])} ${issue?.message}.`;
  }
  return `${String(error instanceof Error ? error.message : error).split(". ")[0]}.`;
}
