import { parseArgs } from "node:util";
import { z } from "zod";
import type { SimulatorOptions } from "./simulator.ts";

export const USAGE = `Usage: npm run twilio-simulator -- [flags]
  --port N               where to listen on 127.0.0.1; 0 takes any free port (default 4010)
  --account-sid AC…      the main account's SID (default: from the seed)
  --auth-token TOKEN     the main account's auth token (default: from the seed)
  --seed N               the same seed gives the same SIDs and tokens (default 1)
  --latency-ms N         before every answer (default 0)
  --stage-ms N           from one status of a message to the next (default 20)
  --price-ms N           from the last status to the price (default 50)
  --subaccount-limit N   open subaccounts of a main account (default 1000)
  --help                 shows this`;

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`);
const milliseconds = whole(0, 600_000).optional();

const Flags = z.object({
  port: whole(0, 65_535).prefault("4010"),
  "account-sid": z
    .string()
    .regex(/^AC[0-9a-fA-F]{32}$/, "must be AC and 32 hexadecimal digits")
    .optional(),
  "auth-token": z.string().min(1, "must not be empty").optional(),
  seed: whole(0, 2 ** 31).prefault("1"),
  "latency-ms": milliseconds,
  "stage-ms": milliseconds,
  "price-ms": milliseconds,
  "subaccount-limit": whole(0, 1_000_000).optional(),
});

export type CommandLine =
  | { readonly kind: "start"; readonly options: SimulatorOptions & { readonly port: number } }
  | { readonly kind: "help" }
  /** `sentence` names the flag and the remedy. */
  | { readonly kind: "wrong"; readonly sentence: string };

export function readCommandLine(args: readonly string[]): CommandLine {
  const flags = parse(args);
  if (typeof flags === "string")
    return { kind: "wrong", sentence: `${flags} Run with --help to see all flags.` };
  if (flags.help === true) return { kind: "help" };
  const result = Flags.safeParse(flags);
  if (!result.success) {
    const issue = result.error.issues[0];
    return {
      kind: "wrong",
      sentence: `--${String(issue?.path[0])} ${issue?.message}. Run with --help to see all flags.`,
    };
  }
  const { data } = result;
  return {
    kind: "start",
    options: {
      port: data.port,
      seed: data.seed,
      mainAccountSid: data["account-sid"],
      mainAuthToken: data["auth-token"],
      latencyMs: data["latency-ms"],
      stageMs: data["stage-ms"],
      priceMs: data["price-ms"],
      subaccountLimit: data["subaccount-limit"],
    },
  };
}

function parse(args: readonly string[]): Record<string, unknown> | string {
  const text = { type: "string" } as const;
  const names = Flags.keyof().options;
  const options = {
    ...Object.fromEntries(names.map((name) => [name, text])),
    help: { type: "boolean" } as const,
  };
  try {
    return { ...parseArgs({ args: [...args], options, allowPositionals: false }).values };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${reason.split(". ")[0]}.`;
  }
}
