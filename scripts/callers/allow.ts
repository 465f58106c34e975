import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import type { CallerEmail, CallerPolicy } from "#shared/identity/caller-policies.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { readCommandLine, USAGE } from "./command-line.ts";

/** `npm run callers:allow`: which service may send for which salons. Ends with 2 when a flag is wrong. */
const line = readCommandLine(process.argv.slice(2));
if (line.kind === "help") {
  console.log(USAGE);
} else if (line.kind === "wrong") {
  blame(line.sentence);
} else {
  const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true, FIRESTORE_EMULATOR_HOST: true }));
  const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
  try {
    await (line.kind === "disable" ? disable(database, line.email) : allow(database, line));
  } finally {
    await database.firestore.terminate();
  }
}

interface Allowed extends Pick<CallerPolicy, "salons"> {
  readonly email: CallerEmail;
  readonly critical: boolean;
}

async function allow(database: Database, { email, salons, critical }: Allowed): Promise<void> {
  const updated_at = systemClock.now();
  const policy: CallerPolicy = { salons, may_send_critical: critical, disabled: false, updated_at };
  await database.run((firestore) => firestore.collection("callers").doc(email).set(policy));
  const whom = salons === "*" ? "every salon" : salons.join(", ");
  console.log(`${email} may send for ${whom}, critical messages ${critical ? "included" : "excluded"}.`);
}

async function disable(database: Database, email: CallerEmail): Promise<void> {
  const isKnown = await database.transact(async (transaction, firestore) => {
    const reference = firestore.collection("callers").doc(email);
    const { exists } = await transaction.get(reference);
    if (exists) transaction.merge(reference, { disabled: true, updated_at: systemClock.now() });
    return exists;
  });
  if (isKnown) console.log(`${email} may send nothing any more.`);
  else blame(`--email: no service is known by ${email}.`);
}

function blame(sentence: string): void {
  console.error(sentence);
  process.exitCode = 2;
}
