import { DEPLOYMENTS, type Deployment, type Trigger } from "#scripts/deployments.ts";
import { emailOf, memberOf } from "./foundation.ts";
import { SUITE_ACCOUNT, TRIGGER_ACCOUNT } from "./names.ts";
import type { Settings, Target } from "./settings.ts";
import { command } from "./shell.ts";

/** Between the variables of one flag, because their values hold commas; see `gcloud topic escaping`. */
const DELIMITER = ";;";

/** One service: public where Hosting leads to it, else for nobody but who is granted it. */
export function deployService(deployment: Deployment, target: Target, settings: Settings): string[] {
  const { name, source, trigger, instances } = deployment;
  const { project, region } = target;
  const isPublic = trigger.kind === "http" && trigger.hosting.length > 0;
  const secrets = settings.secretsOf(source).map(([variable, secret]) => `${variable}=${secret}:latest`);
  const values = settings.variablesOf(source).map(([variable, value]) => `${variable}=${value}`);
  const deploy = command(
    "gcloud",
    "functions",
    "deploy",
    name,
    "--gen2",
    "--runtime=nodejs24",
    `--region=${region}`,
    `--source=dist/${source}`,
    `--entry-point=${source}`,
    ...triggerFlags(trigger, target),
    isPublic ? "--allow-unauthenticated" : "--no-allow-unauthenticated",
    `--service-account=${emailOf(SUITE_ACCOUNT, project)}`,
    `--timeout=${instances.timeoutSeconds}s`,
    "--memory=512Mi",
    "--cpu=1",
    `--concurrency=${instances.concurrency}`,
    `--min-instances=${instances.minInstances}`,
    `--set-env-vars=^${DELIMITER}^${values.join(DELIMITER)}`,
    ...(secrets.length > 0 ? [`--set-secrets=${secrets.join(",")}`] : []),
  );
  return trigger.kind === "http" ? [deploy] : [deploy, letTriggerCall(name, target)];
}

function triggerFlags(trigger: Trigger, { project, databaseLocation }: Target): string[] {
  if (trigger.kind === "http") return ["--trigger-http"];
  const called = [`--trigger-service-account=${emailOf(TRIGGER_ACCOUNT, project)}`, "--retry"];
  if (trigger.kind === "topic") return [`--trigger-topic=${trigger.topic}`, ...called];
  return [
    `--trigger-location=${databaseLocation}`,
    `--trigger-event-filters=type=${trigger.eventType}`,
    "--trigger-event-filters=database=(default)",
    `--trigger-event-filters-path-pattern=document=${trigger.pattern}`,
    ...called,
  ];
}

function letTriggerCall(name: string, { project, region }: Target): string {
  return command(
    "gcloud",
    "functions",
    "add-invoker-policy-binding",
    name,
    `--member=${memberOf(TRIGGER_ACCOUNT, project)}`,
    `--region=${region}`,
  );
}

/** A tick must carry data: the functions framework does not understand an empty message. */
export function scheduleTicks({ region }: Target): string[] {
  return DEPLOYMENTS.flatMap(({ name, trigger }) => {
    if (trigger.kind !== "topic" || trigger.schedule === undefined) return [];
    const flags = [
      name,
      `--topic=${trigger.topic}`,
      `--schedule=${trigger.schedule}`,
      "--time-zone=Etc/UTC",
      "--message-body={}",
      `--location=${region}`,
    ];
    const job = (verb: string) => command("gcloud", "scheduler", "jobs", verb, "pubsub", ...flags);
    return [`${job("update")} 2> /dev/null ||\n  ${job("create")}`];
  });
}
