import { createMigration } from "./migration.ts";
import { runCommand } from "./run-command.ts";

/** `npm run credentials:migrate`: the platform's first format becomes version 2. */
const code = await runCommand(
  {
    name: "credentials:migrate",
    purpose:
      "Seals credentials in the platform's first format again as version 2, bound to their salon and kind.\n" +
      "It trusts that each credential stands in the document of its own salon: nothing in the first format says so.",
    action: "migrated",
    readsFirstFormat: true,
    createRewrite: createMigration,
  },
  process.argv.slice(2),
);
// Google's clients keep their connections open.
process.exit(code);
