import { createRewrapping } from "./rewrapping.ts";
import { runCommand } from "./run-command.ts";

/** `npm run credentials:rewrap`: after a key rotation, or when KMS_KEY_NAME names another key of the same ring. */
const code = await runCommand(
  {
    name: "credentials:rewrap",
    purpose:
      "Has data keys wrapped again by the primary version of KMS_KEY_NAME. Before an old version or key is disabled,\n" +
      "run it until it finds nothing to rewrite: a new primary version takes up to some hours to reach all of Cloud KMS.",
    action: "rewrapped",
    readsFirstFormat: false,
    createRewrite: createRewrapping,
  },
  process.argv.slice(2),
);
// Google's clients keep their connections open.
process.exit(code);
