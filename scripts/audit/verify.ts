import { readFile } from "node:fs/promises";
import { z } from "zod";
import { readFlags, runCommand, SILENT } from "#scripts/command-line.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { type HeadsBySalon, readLoggedHeads } from "./logged-heads.ts";
import { verifyChains } from "./verify-chains.ts";

const USAGE = `Usage: npm run audit:verify -- [--salon ID] [--heads FILE]
Says whether anybody has edited, removed, inserted, moved or cut off an entry of the audit: a line a problem, and ends
with 1 when a chain does not hold, or when the salon that was asked for has none.
  --salon ID     one salon's chain instead of all
  --heads FILE   what the locked log bucket was told. Without it a chain that was rewritten together with its head looks
                 good. From: gcloud logging read 'jsonPayload.message="audit head"' --bucket=audit-heads --location=L
                 --view=_AllLogs --format=json > FILE
  --help         shows this
Reads GOOGLE_CLOUD_PROJECT.`;

const Flags = z.object({
  salon: z
    .string()
    .refine((id) => SalonId.safeParse(id).success, "must be a salon's id")
    .optional(),
  heads: z.string().min(1, "must name a file").optional(),
});

/** `npm run audit:verify`. */
process.exitCode = await runCommand(readFlags(process.argv.slice(2), Flags), USAGE, async (flags) => {
  const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true }), process.env, SILENT);
  const logged = flags.heads === undefined ? undefined : await readHeads(flags.heads);
  const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
  try {
    const { chains, entries, problems } = await verifyChains(database, { salonId: flags.salon, logged });
    for (const { salonId, seq, kind, detail } of problems)
      console.log(`${salonId} ${seq}: ${kind}: ${detail}`);
    const against = logged === undefined ? "no log of heads to compare with" : `compared with ${flags.heads}`;
    console.log(`${chains} chains, ${entries} entries, ${problems.length} problems; ${against}.`);
    const isMissing = flags.salon !== undefined && chains === 0;
    if (isMissing) console.log(`${flags.salon} has no audit chain: look at the id.`);
    return problems.length > 0 || isMissing ? 1 : 0;
  } finally {
    await database.firestore.terminate();
  }
});

async function readHeads(file: string): Promise<HeadsBySalon> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new AppError("invalid-argument", `--heads ${file} cannot be read.`, { cause });
  });
  return readLoggedHeads(text);
}
