import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { readLoggedHeads } from "./logged-heads.ts";
import { verifyChains } from "./verify-chains.ts";

/**
 * `npm run audit:verify -- [--salon ID] [--heads FILE]`: whether anybody has edited, removed, inserted, moved or cut
 * off an entry of the audit. One line a problem; ends with 1 when a chain does not hold.
 *
 * FILE holds what the locked log bucket was told, without which a chain that was rewritten together with its head
 * looks good: `gcloud logging read 'jsonPayload.message="audit head"' --bucket=B --location=L --view=_AllLogs
 * --format=json > FILE`.
 */
const { values } = parseArgs({ options: { salon: { type: "string" }, heads: { type: "string" } } });
const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true }));
const logged = values.heads === undefined ? undefined : readLoggedHeads(await readFile(values.heads, "utf8"));
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);

try {
  const { chains, entries, problems } = await verifyChains(database, { salonId: values.salon, logged });
  for (const { salonId, seq, kind, detail } of problems) console.log(`${salonId} ${seq}: ${kind}: ${detail}`);
  const against = logged === undefined ? "no log of heads to compare with" : `compared with ${values.heads}`;
  console.log(`${chains} chains, ${entries} entries, ${problems.length} problems; ${against}.`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  await database.firestore.terminate();
}
