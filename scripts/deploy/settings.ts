import { parseEnv } from "node:util";
import { SILENT } from "#scripts/command-line.ts";
import {
  FUNCTION_VARIABLES,
  type FunctionName,
  SECRET_VARIABLES,
  type Variable,
} from "#scripts/function-variables.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { AppError } from "#shared/core/errors.ts";
import { KEY, SUITE_ACCOUNT } from "./names.ts";

/** Where the suite is deployed to. */
export interface Target {
  readonly project: string;
  readonly region: string;
  /** Of the Firestore database: a region, or a multi-region such as `nam5`. */
  readonly databaseLocation: string;
}

export interface Settings {
  /** Labels of the platform's parent accounts. */
  readonly parents: readonly string[];
  /** What a function's environment holds, by value. */
  variablesOf(source: FunctionName): readonly (readonly [name: string, value: string])[];
  /** What it gets from Secret Manager, by the secret's name. */
  secretsOf(source: FunctionName): readonly (readonly [name: string, secret: string])[];
}

/**
 * Reads a filled copy of `.env.example`. Of a secret it matters only that the file names it: no value of one is looked
 * at. Throws with the name of a variable that is missing or wrong.
 */
export function readSettings(text: string, target: Target): Settings {
  const file = parseEnv(text);
  const fixed = { GOOGLE_CLOUD_PROJECT: target.project, KMS_KEY_NAME: keyName(target) };
  for (const [name, value] of Object.entries(fixed)) {
    if ((file[name] || value) !== value)
      throw new AppError("invalid-argument", `${name} must be ${value} by the flags, or be left out.`);
  }
  const defaults = { AUDIT_TRUSTED_PRINCIPALS: `${SUITE_ACCOUNT}@${target.project}.iam.gserviceaccount.com` };
  const values: Readonly<Record<string, string | undefined>> = { ...defaults, ...file, ...fixed };
  const { PLATFORM_ACCOUNTS: parents } = loadConfig(plain, values, SILENT);
  return {
    parents,
    variablesOf: (source) =>
      FUNCTION_VARIABLES[source].flatMap((name) => {
        const value = isSecret(name) ? undefined : values[name];
        return value ? [[name, value] as const] : [];
      }),
    secretsOf: (source) =>
      FUNCTION_VARIABLES[source].flatMap((name) =>
        isSecret(name) && (name in file || isRequired(name)) ? [[name, SECRET_VARIABLES[name]] as const] : [],
      ),
  };
}

/** The CryptoKey that the plan creates. */
function keyName({ project, region }: Target): string {
  return `projects/${project}/locations/${region}/keyRings/${KEY.ring}/cryptoKeys/${KEY.name}`;
}

function isSecret(name: Variable): name is keyof typeof SECRET_VARIABLES {
  return name in SECRET_VARIABLES;
}

function isRequired(name: Variable): boolean {
  return !variables.shape[name].safeParse(undefined).success;
}

/** The variables whose values a plan holds. */
const plain = variables.omit({
  PARTY_HASH_KEY: true,
  SMTP_URL: true,
  SLACK_WEBHOOK_URL: true,
  SECURITY_WEBHOOK_URL: true,
  SECURITY_WEBHOOK_SECRET: true,
});
