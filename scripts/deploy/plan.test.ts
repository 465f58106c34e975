import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { DEPLOYMENTS } from "#scripts/deployments.ts";
import type { TopicName } from "#shared/runtime/publisher.ts";
import { createPlan } from "./plan.ts";
import { readSettings } from "./settings.ts";
import { quote } from "./shell.ts";

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const EXAMPLE = readFileSync(fileOf("../../.env.example"), "utf8");
const TARGET = { project: "salon-flow-prod", region: "asia-south1", databaseLocation: "nam5" };
const planOf = (settings = EXAMPLE) => createPlan(TARGET, readSettings(settings, TARGET));
const folder = mkdtempSync(join(tmpdir(), "plan-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pipes a plan to a shell where `gcloud`, `npm` and `npx` only note their words; those that hold `failing` fail. */
function run(plan: string, failing = "nothing of that name") {
  const here = mkdtempSync(join(folder, "run-"));
  const program = `#!/bin/sh
{ printf %s "\${0##*/}"; printf '\\t%s' "$@"; echo; } >> ${here}/calls
case "$*" in *${quote(failing)}*) exit 1 ;; esac
`;
  for (const name of ["gcloud", "npm", "npx"]) writeFileSync(join(here, name), program, { mode: 0o755 });
  const { status, stderr } = spawnSync("/bin/sh", { input: plan, env: { PATH: here }, encoding: "utf8" });
  const calls = readFileSync(join(here, "calls"), "utf8").trimEnd().split("\n");
  return { status, stderr, calls: calls.map((call) => call.split("\t")) };
}

const { status, stderr, calls } = run(planOf());
const startingWith = (...words: string[]) =>
  calls.filter((call) => words.every((word, index) => call[index] === word));
const deployed = (name: string) => startingWith("gcloud", "functions", "deploy", name)[0] ?? [];

describe("the plan of a deployment, piped to a shell", () => {
  test("runs to its end, and names no command but gcloud, npm and firebase", () => {
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const firebase = startingWith("npx").map((call) => call.slice(1));
    expect(firebase).toEqual([
      ["firebase", "deploy", "--only=firestore", "--project=salon-flow-prod"],
      ["firebase", "deploy", "--only=hosting", "--project=salon-flow-prod"],
    ]);
    expect(startingWith("npm")).toEqual([["npm", "run", "build"]]);
  });

  test.each(DEPLOYMENTS)("deploys $name from its own bundle, with what the table gives it", (deployment) => {
    const { name, source, instances } = deployment;
    expect(deployed(name)).toEqual(
      expect.arrayContaining([
        "--gen2",
        "--runtime=nodejs24",
        "--region=asia-south1",
        `--source=dist/${source}`,
        `--entry-point=${source}`,
        `--timeout=${instances.timeoutSeconds}s`,
        `--concurrency=${instances.concurrency}`,
        "--service-account=salon-flow@salon-flow-prod.iam.gserviceaccount.com",
      ]),
    );
  });

  test("opens to the public what Hosting leads to, and nothing else", () => {
    const open = startingWith("gcloud", "functions", "deploy")
      .filter((call) => call.includes("--allow-unauthenticated"))
      .map((call) => call[3]);
    expect(open).toEqual(["receive-message", "receive-call", "receive-status", "manage-integration"]);
  });

  test("has every event come again until it is taken, from an account that may call just that function", () => {
    const events = DEPLOYMENTS.filter(({ trigger }) => trigger.kind !== "http").map(({ name }) => name);
    const trigger = "salon-flow-trigger@salon-flow-prod.iam.gserviceaccount.com";
    for (const name of events) {
      const again = ["--retry", "--no-allow-unauthenticated", `--trigger-service-account=${trigger}`];
      expect(deployed(name), name).toEqual(expect.arrayContaining(again));
    }
    const callable = startingWith("gcloud", "functions", "add-invoker-policy-binding");
    expect(callable.map((call) => call[3])).toEqual(events);
    for (const call of callable) expect(call).toContain(`--member=serviceAccount:${trigger}`);
  });

  test("filters events of documents by path and kind, in the database's location", () => {
    expect(deployed("accept-outbox")).toEqual(
      expect.arrayContaining([
        "--trigger-location=nam5",
        "--trigger-event-filters=type=google.cloud.firestore.document.v1.created",
        "--trigger-event-filters=database=(default)",
        "--trigger-event-filters-path-pattern=document=salons/{salonId}/outbox/{requestId}",
      ]),
    );
    expect(deployed("audit-integration")).toContain(
      "--trigger-event-filters=type=google.cloud.firestore.document.v1.written.withAuthContext",
    );
  });

  test("creates every topic that is published to, that wakes a function or that a schedule ticks, once", () => {
    const published: Record<TopicName, true> = {
      outbound: true,
      "outbound-critical": true,
      "outbound-calls": true,
      "provisioning-due": true,
      notifications: true,
      "erasures-due": true,
      "incidents-due": true,
      "outbox-due": true,
      "inbound-messages": true,
      "message-events": true,
      "call-events": true,
    };
    const triggers = DEPLOYMENTS.flatMap(({ trigger }) => (trigger.kind === "topic" ? [trigger.topic] : []));
    const nothingThere = run(planOf(), "pubsub topics describe");
    const created = nothingThere.calls.filter((call) => call.join(" ").includes("pubsub topics create"));
    expect(created.map((call) => call[4]).toSorted()).toEqual(
      [...new Set([...Object.keys(published), ...triggers])].toSorted(),
    );
  });

  test("ticks every scheduled topic with data, by UTC", () => {
    const scheduled = DEPLOYMENTS.filter(({ trigger }) => trigger.kind === "topic" && trigger.schedule);
    const jobs = startingWith("gcloud", "scheduler", "jobs", "update", "pubsub");
    expect(jobs.map((call) => call[5])).toEqual(scheduled.map(({ name }) => name));
    for (const job of jobs)
      expect(job).toEqual(expect.arrayContaining(["--message-body={}", "--time-zone=Etc/UTC"]));
    expect(jobs[0]).toContain("--schedule=* * * * *");
  });

  test("stops before the functions while a secret has no value, and names it", () => {
    const {
      status: code,
      stderr: said,
      calls: made,
    } = run(planOf(), "versions describe latest --secret=smtp-url");
    expect(code).toBe(1);
    expect(said).toMatch(/run the plan again: smtp-url\n/);
    expect(made.flat()).not.toContain("functions");
  });
});

describe("the settings of a plan", () => {
  const canary = "canary-7f3a9c-of-more-than-32-characters";

  test("give the functions their secrets from Secret Manager: no value of one stands in the plan", () => {
    const secrets = `PARTY_HASH_KEY=${canary}\nSMTP_URL=smtps://a:${canary}@b:465\nSLACK_WEBHOOK_URL=https://c/${canary}`;
    const plan = planOf(`${EXAMPLE}\n${secrets}`);
    expect(plan).not.toContain("canary");
    const mounted = run(plan).calls.find((call) => call[3] === "send-notification");
    expect(mounted).toContain(
      "--set-secrets=SMTP_URL=smtp-url:latest,SLACK_WEBHOOK_URL=slack-webhook-url:latest",
    );
  });

  test("mount an optional secret only where the file names it", () => {
    expect(deployed("send-notification")).toContain("--set-secrets=SMTP_URL=smtp-url:latest");
  });

  test("reach a function as they stand in the file, with commas and blanks", () => {
    const plan = planOf(`${EXAMPLE}\nPLATFORM_ACCOUNTS=default,b\nMAIL_FROM=Anjali's Salon <a@b.example>`);
    const { calls: made } = run(plan);
    const values = made
      .find((call) => call[3] === "deliver-message")
      ?.find((word) => word.startsWith("--set-env"));
    expect(values).toMatch(/^--set-env-vars=\^;;\^GOOGLE_CLOUD_PROJECT=salon-flow-prod;;/);
    expect(values?.split(";;")).toEqual(
      expect.arrayContaining(["PLATFORM_ACCOUNTS=default,b", "MAIL_FROM=Anjali's Salon <a@b.example>"]),
    );
    expect(made.map((call) => call.slice(1, 4).join(" "))).toContain("secrets describe twilio-auth-token-b");
  });

  test.each([
    ["PUBLIC_WEBHOOK_BASE", "", "PUBLIC_WEBHOOK_BASE is not set"],
    ["TRUSTED_PROXY_HOPS", "many", "TRUSTED_PROXY_HOPS must be 0, 1, 2, 3, 4 or 5"],
    ["GOOGLE_CLOUD_PROJECT", "another", "GOOGLE_CLOUD_PROJECT must be salon-flow-prod by the flags"],
    [
      "KMS_KEY_NAME",
      "projects/p/locations/l/keyRings/r/cryptoKeys/k",
      "KMS_KEY_NAME must be projects/salon-flow-prod/",
    ],
  ])("are refused with %s = %j, by its name", (name, value, words) => {
    expect(() => planOf(`${EXAMPLE}\n${name}=${value}`)).toThrow(words);
  });

  test("trust the functions' own account where they name nobody", () => {
    const plan = planOf(EXAMPLE.replace(/^AUDIT_TRUSTED_PRINCIPALS=.*$/m, ""));
    expect(plan).toContain("AUDIT_TRUSTED_PRINCIPALS=salon-flow@salon-flow-prod.iam.gserviceaccount.com");
  });
});

describe("npm run deploy:plan", () => {
  const say = (...args: string[]) =>
    spawnSync(process.execPath, [fileOf("./main.ts"), ...args], { encoding: "utf8", cwd: folder });
  const where = ["--project", "salon-flow-prod", "--region", "asia-south1"];

  test("prints the plan, from whatever folder", () => {
    const { status: code, stdout } = say(...where, "--settings", fileOf("../../.env.example"));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^set -eu\nexport CLOUDSDK_CORE_PROJECT=salon-flow-prod/);
  });

  test.each([
    [[], 2, "--project is missing"],
    [["--project", "x; rm", "--region", "asia-south1"], 2, "--project must be the id of a project"],
    [
      ["--project", "salon-flow-prod", "--region", "us-central1"],
      1,
      "firebase.json, which sends what is public",
    ],
    [where, 1, "--settings .env cannot be read"],
  ])("says what is wrong with %j in a sentence", (args, code, words) => {
    const { status: ended, stdout, stderr: said } = say(...args);
    expect({ ended, stdout }).toEqual({ ended: code, stdout: "" });
    expect(said).toContain(words);
    expect(said).not.toMatch(/\n\s+at /);
  });
});
