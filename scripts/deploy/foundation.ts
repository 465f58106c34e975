import { DEPLOYMENTS, PUBLISHED_TOPICS } from "#scripts/deployments.ts";
import { secretName } from "#shared/platform/accounts.ts";
import { KEY, SUITE_ACCOUNT, TRIGGER_ACCOUNT } from "./names.ts";
import type { Settings, Target } from "./settings.ts";
import { command, unlessThere } from "./shell.ts";

const APIS = [
  "artifactregistry",
  "cloudbuild",
  "cloudfunctions",
  "cloudkms",
  "cloudscheduler",
  "eventarc",
  "firebasehosting",
  "firestore",
  "identitytoolkit",
  "pubsub",
  "run",
  "secretmanager",
];

/** What the functions may do in the project; the key and the secrets are granted one by one. */
const ROLES = [
  "roles/datastore.user",
  "roles/pubsub.publisher",
  // manage-integration asks whether an ID token was revoked.
  "roles/firebaseauth.viewer",
];

export function enableApis(): string[] {
  return [command("gcloud", "services", "enable", ...APIS.map((name) => `${name}.googleapis.com`))];
}

export function createAccounts({ project }: Target): string[] {
  const create = (name: string) =>
    unlessThere(
      command("gcloud", "iam", "service-accounts", "describe", emailOf(name, project)),
      command("gcloud", "iam", "service-accounts", "create", name),
    );
  const grant = (name: string, role: string) =>
    command(
      "gcloud",
      "projects",
      "add-iam-policy-binding",
      project,
      `--member=${memberOf(name, project)}`,
      `--role=${role}`,
      "--condition=None",
    );
  return [
    create(SUITE_ACCOUNT),
    create(TRIGGER_ACCOUNT),
    ...ROLES.map((role) => grant(SUITE_ACCOUNT, role)),
    grant(TRIGGER_ACCOUNT, "roles/eventarc.eventReceiver"),
  ];
}

export function createDatabase({ project, databaseLocation }: Target): string[] {
  const database = "--database=(default)";
  return [
    unlessThere(
      command("gcloud", "firestore", "databases", "describe", database),
      command("gcloud", "firestore", "databases", "create", `--location=${databaseLocation}`, database),
    ),
    // Hosting waits for the services that it leads to.
    `${command("npx", "firebase", "deploy", "--only=firestore", `--project=${project}`)} < /dev/null`,
  ];
}

export function createKey({ project, region }: Target): string[] {
  const kms = (...words: string[]) => command("gcloud", "kms", ...words, `--location=${region}`);
  const inRing = `--keyring=${KEY.ring}`;
  return [
    unlessThere(kms("keyrings", "describe", KEY.ring), kms("keyrings", "create", KEY.ring)),
    unlessThere(
      kms("keys", "describe", KEY.name, inRing),
      kms("keys", "create", KEY.name, inRing, "--purpose=encryption"),
    ),
    kms(
      "keys",
      "add-iam-policy-binding",
      KEY.name,
      inRing,
      `--member=${memberOf(SUITE_ACCOUNT, project)}`,
      "--role=roles/cloudkms.cryptoKeyEncrypterDecrypter",
    ),
  ];
}

/** Creates them without a value, and stops the plan until a person has given each that is needed one. */
export function createSecrets({ project }: Target, settings: Settings): string[] {
  const ofParents = settings.parents.flatMap((label) =>
    ["twilio-account-sid", "twilio-auth-token"].map((name) => secretName(name, label)),
  );
  const mounted = DEPLOYMENTS.flatMap(({ source }) => settings.secretsOf(source).map(([, secret]) => secret));
  const needed = [...new Set([...ofParents, ...mounted])];
  // Without a value there are no such numbers; the secret itself is there so that reading it is allowed.
  const optional = settings.parents.map((label) => secretName("twilio-phone-number", label));
  const secrets = (...words: string[]) => command("gcloud", "secrets", ...words);
  return [
    ...[...needed, ...optional].flatMap((name) => [
      unlessThere(secrets("describe", name), secrets("create", name, "--replication-policy=automatic")),
      secrets(
        "add-iam-policy-binding",
        name,
        `--member=${memberOf(SUITE_ACCOUNT, project)}`,
        "--role=roles/secretmanager.secretAccessor",
      ),
    ]),
    "missing=",
    ...needed.map((name) =>
      unlessThere(
        secrets("versions", "describe", "latest", `--secret=${name}`),
        `missing="$missing ${name}"`,
      ),
    ),
    `[ -z "$missing" ] || {
  echo "Give each of these secrets a value and run the plan again:$missing" >&2
  echo "  gcloud secrets versions add NAME --data-file=FILE   # no line break at the end of FILE" >&2
  exit 1
}`,
  ];
}

export function createTopics(): string[] {
  const topics = [
    ...DEPLOYMENTS.flatMap(({ trigger }) => (trigger.kind === "topic" ? [trigger.topic] : [])),
    ...PUBLISHED_TOPICS,
  ];
  return topics.map((topic) =>
    unlessThere(
      command("gcloud", "pubsub", "topics", "describe", topic),
      command("gcloud", "pubsub", "topics", "create", topic),
    ),
  );
}

export function emailOf(account: string, project: string): string {
  return `${account}@${project}.iam.gserviceaccount.com`;
}

export function memberOf(account: string, project: string): string {
  return `serviceAccount:${emailOf(account, project)}`;
}
