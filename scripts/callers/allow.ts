import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import type { CallerPolicy } from "#shared/identity/caller-policies.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { readCommandLine, USAGE } from "./command-line.ts";

/** `npm run callers:allow`: which service may send for which salons. Ends with 2 when a flag is wrong. */
const line = readCommandLine(process.argv.slice(2));
if (line.kind === "help") {
  console.log(USAGE);
} else if (line.kind === "wrong") {
  console.error(line.sentence);
  process.exitCode = 2;
} else {
  const { email, salons, critical } = line;
  const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true, FIRESTORE_EMULATOR_HOST: true }));
  const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
  try {
    const updated_at = systemClock.now();
    const policy: CallerPolicy = { salons, may_send_critical: critical, disabled: false, updated_at };
    await database.run((firestore) => firestore.collection("callers").doc(email).set(policy));
    const whom = salons === "*" ? "every salon" : salons.join(", ");
    console.log(`${email} may send for ${whom}, critical messages ${critical ? "included" : "excluded"}.`);
  } finally {
    await database.firestore.terminate();
  }
}
