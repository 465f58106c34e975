import { DEPLOYMENTS } from "#scripts/deployments.ts";
import {
  createAccounts,
  createDatabase,
  createKey,
  createSecrets,
  createTopics,
  enableApis,
} from "./foundation.ts";
import { deployService, scheduleTicks } from "./services.ts";
import type { Settings, Target } from "./settings.ts";
import { command } from "./shell.ts";

/**
 * The commands that bring the whole suite into a project, in order, for a POSIX shell in this folder. They may be run
 * again, after a failure or with a new version. No secret's value stands in them.
 */
export function createPlan(target: Target, settings: Settings): string {
  const { project } = target;
  const chapters: readonly (readonly [title: string, commands: readonly string[]])[] = [
    ["What is deployed", ["npm run build < /dev/null"]],
    ["APIs", enableApis()],
    ["Service accounts and what they may do", createAccounts(target)],
    ["Firestore, its rules and indexes", createDatabase(target)],
    ["The key of the credentials", createKey(target)],
    ["Secrets", createSecrets(target, settings)],
    ["Topics", createTopics()],
    ["Functions", DEPLOYMENTS.flatMap((each) => deployService(each, target, settings))],
    [
      "The public addresses",
      [`${command("npx", "firebase", "deploy", "--only=hosting", `--project=${project}`)} < /dev/null`],
    ],
    ["Schedules", scheduleTicks(target)],
  ];
  const text = chapters.map(([title, commands]) => `# ${title}\n${commands.join("\n")}\n`);
  const settled = `export CLOUDSDK_CORE_PROJECT=${project} CLOUDSDK_CORE_DISABLE_PROMPTS=1`;
  return `set -eu\n${settled}\n\n${text.join("\n")}`;
}
