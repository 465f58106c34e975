import { createAudit } from "#shared/audit/audit.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { readCommandLine, USAGE } from "./command-line.ts";
import { rewriteAll, type Summary } from "./rewrite-all.ts";
import type { Rewrite, RewriteParts } from "./rewrite-salon.ts";
import { wordsOf } from "./words.ts";

interface Command {
  /** Of the npm script. */
  readonly name: string;
  readonly purpose: string;
  readonly action: RewriteParts["action"];
  readonly readsFirstFormat: boolean;
  readonly createRewrite: (vault: Vault) => Rewrite;
}

/** Runs one of the two commands and gives the exit code: 1 when a credential stays as it was although it should not. */
export async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  const line = readCommandLine(args);
  if (line.kind === "help") {
    console.log(`Usage: npm run ${command.name} -- [flags]\n${command.purpose}\n${USAGE}`);
    return 0;
  }
  if (line.kind === "wrong") {
    console.error(line.sentence);
    return 2;
  }
  try {
    const summary = await rewrite(command, line);
    console.log(describe(summary, line.apply));
    return summary.problems.length === 0 ? 0 : 1;
  } catch (error) {
    console.error(wordsOf(error));
    return 1;
  }
}

async function rewrite(command: Command, line: { apply: boolean; pageSize: number }): Promise<Summary> {
  const config = loadConfig(
    variables.pick({ GOOGLE_CLOUD_PROJECT: true, FIRESTORE_EMULATOR_HOST: true, ...VAULT_VARIABLES }),
    process.env,
    SILENT,
  );
  const clock = systemClock;
  const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
  const vault = connectVault(
    { ...config, CREDENTIALS_ACCEPT_UNVERSIONED: command.readsFirstFormat },
    { clock, logger: SILENT },
  );
  return rewriteAll({
    ...line,
    database,
    vault,
    rewrite: command.createRewrite(vault),
    audit: createAudit({ database, clock, logger: SILENT }),
    action: command.action,
    clock,
    by: command.name,
    print: (text) => console.log(text),
  });
}

/** What goes wrong is said to the operator, by salon and field. */
const SILENT = createLogger({ level: "silent" });

function describe({ salons, envelopes, rewritten, problems, stoppedAfter }: Summary, apply: boolean): string {
  const lines = [
    `${salons} salons, ${envelopes} credentials: ${rewritten} ${apply ? "rewritten" : "to be rewritten"}, ` +
      `${problems.length} cannot be, ${envelopes - rewritten - problems.length} are as they should be.`,
  ];
  if (stoppedAfter !== undefined) {
    const where = stoppedAfter === "" ? "" : ` with --after ${stoppedAfter}`;
    lines.push(`Stopped early because of an outage; run it again${where}.`);
  }
  if (!apply && rewritten > 0) lines.push("Nothing was written; add --apply.");
  return lines.join("\n");
}
