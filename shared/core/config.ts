import { z } from "zod";
import { createAddressList, isCidr } from "./address-list.ts";
import { AppError } from "./errors.ts";
import { createLogger, type Logger } from "./logger.ts";
import { Secret } from "./secret.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const loopback = (value: string) =>
  /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(value.replace(/^http:\/\//, ""));
const cryptoKey = z
  .string()
  .regex(
    /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
    "must be projects/P/locations/L/keyRings/R/cryptoKeys/K",
  );
/** https anywhere, plain http on loopback only. The path of such an address is often its password, so it is a Secret. */
const secretUrl = z
  .string()
  .refine((value) => isHttpsOrLoopback(value), "must be https://, or http:// on loopback")
  .transform((value) => new Secret(value));
const flag = z.enum(["true", "false"], "must be true or false").transform((value) => value === "true");
const seconds = (fallback: number) => z.coerce.number().positive().max(86_400).default(fallback);

/** One address, or every service account of one project: a wildcard over all of Google's would trust strangers. */
const servicePrincipal = /^([a-z0-9._-]+@[a-z0-9.-]+|\*@[a-z][a-z0-9-]+\.iam\.gserviceaccount\.com)$/;
const SERVICE_PRINCIPAL_RULE =
  "must be e-mail addresses or *@PROJECT.iam.gserviceaccount.com, separated by commas";

/** Every environment variable of the suite; `.env.example` gives the reason for each. */
export const variables = z.object({
  GOOGLE_CLOUD_PROJECT: z.string().min(1, "must name the Google Cloud project"),
  FIRESTORE_EMULATOR_HOST: z.string().refine(loopback, "must be a loopback host:port").optional(),
  PUBSUB_EMULATOR_HOST: z.string().refine(loopback, "must be a loopback host:port").optional(),
  FIREBASE_AUTH_EMULATOR_HOST: z.string().refine(loopback, "must be a loopback host:port").optional(),
  KMS_KEY_NAME: cryptoKey,
  CREDENTIALS_ACCEPT_UNVERSIONED: flag.prefault("false"),
  CREDENTIALS_UNVERSIONED_KEY_NAME: cryptoKey.optional(),
  KMS_ENDPOINT: z.string().refine(loopback, "must be a loopback host:port").optional(),
  SECRET_MANAGER_ENDPOINT: z.string().refine(loopback, "must be a loopback host:port").optional(),
  TWILIO_API_BASE_URL: z.string().refine(loopback, "must be http:// and a loopback host:port").optional(),
  PUBLIC_WEBHOOK_BASE: z.url({
    protocol: /^https?$/,
    error: "must be the public https:// address of the webhooks",
  }),
  VOICE_FALLBACK_BASE: z
    .url({ protocol: /^https?$/, error: "must be the https:// address that voice-fallback.xml lies under" })
    .optional(),
  PLATFORM_ACCOUNTS: z
    .string()
    .default("default")
    .transform((list) => list.split(",").map((label) => label.trim()))
    .pipe(z.array(z.string().regex(/^[a-z][a-z0-9-]*$/, "must be labels, separated by commas")).min(1)),
  PARTY_HASH_KEY: z
    .string()
    .min(32, "must hold at least 32 characters")
    .transform((value) => new Secret(value)),
  NUMBER_COUNTRY: z.string().length(2, "must be an ISO 3166 country code").default("US"),
  NUMBER_PURCHASES_PER_HOUR: z.coerce.number().int().nonnegative().default(20),
  MESSAGE_LEASE_SECONDS: seconds(60),
  UNCERTAIN_RECHECK_SECONDS: seconds(120),
  AUDIT_TRUSTED_PRINCIPALS: z
    .string()
    .transform((list) => list.split(",").map((principal) => principal.trim().toLowerCase()))
    .pipe(z.array(z.string().regex(servicePrincipal, SERVICE_PRINCIPAL_RULE)).min(1)),
  SMTP_URL: z
    .string()
    .refine(
      (value) => /^smtps?:\/\/[^/?#]+\/?$/.test(value) && URL.canParse(value),
      "must be smtps:// or smtp:// with user, password, host and port, and no options",
    )
    .transform((value) => new Secret(value)),
  MAIL_FROM: z
    .string()
    .regex(
      /^([^<>@\r\n"]+ <[^<>@\s]+@[A-Za-z0-9.-]+>|[^<>@\s]+@[A-Za-z0-9.-]+)$/,
      "must be an e-mail address, such as Salon Flow <messaging@salonflow.example>",
    ),
  SLACK_WEBHOOK_URL: secretUrl.optional(),
  SECURITY_WEBHOOK_URL: secretUrl.optional(),
  SECURITY_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, "must be whsec_ and 24 to 64 random bytes in base64")
    .transform((value) => new Secret(value))
    .optional(),
  DASHBOARD_ORIGIN: z
    .string()
    .refine(
      (value) => isHttpsOrLoopback(value) && URL.parse(value)?.origin === value,
      "must be an origin, such as https://dashboard.salonflow.example, without a path; http:// on loopback only",
    )
    .optional(),
  TRUSTED_PROXY_HOPS: z
    .string()
    .regex(/^[0-5]$/, "must be 0, 1, 2, 3, 4 or 5")
    .transform(Number)
    .prefault("0"),
  TWILIO_WEBHOOK_ALLOWED_CIDRS: z
    .string()
    .transform((list) => list.split(",").map((cidr) => cidr.trim()))
    .pipe(z.array(z.string().refine(isCidr, "must be networks such as 203.0.113.0/24, separated by commas")))
    .transform(createAddressList)
    .optional(),
  WEBHOOK_INGRESS: z
    .enum(["all", "proxies-alone"], "must be all or, where nobody gets past the proxies, proxies-alone")
    .default("all"),
  SALON_MESSAGES_PER_MINUTE: z.coerce.number().int().positive().max(1_000_000).default(600),
  SALON_MESSAGES_BURST: z.coerce.number().int().positive().max(1_000_000).default(6_000),
  CALLER_TOKENS: z
    .enum(
      ["verify", "verified-by-cloud-run", "local"],
      "must be verify, verified-by-cloud-run or, with FIRESTORE_EMULATOR_HOST only, local",
    )
    .default("verify"),
  SEND_MESSAGE_AUDIENCE: z
    .string()
    .regex(/^\S+$/, "must be the audience of send-message's tokens: its address"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

/** Google's clients follow these whether a function asks for them or not, so they are always checked. */
const emulators = variables.pick({
  FIRESTORE_EMULATOR_HOST: true,
  PUBSUB_EMULATOR_HOST: true,
  FIREBASE_AUTH_EMULATOR_HOST: true,
});

/**
 * Reads the variables a function needs when it loads: `loadConfig(variables.pick({ KMS_KEY_NAME: true }))`. A missing
 * or wrong one, or an emulator anywhere but on loopback, stops the instance with one log line that names the variable
 * and what it must be, never its value.
 */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: NodeJS.ProcessEnv = process.env,
  logger: Logger = createLogger(),
): z.infer<Schema> {
  const names = Object.keys({ ...emulators.shape, ...schema.shape });
  const given = Object.fromEntries(names.map((name) => [name, env[name] === "" ? undefined : env[name]]));
  const result = schema.safeParse(given);
  const local = emulators.safeParse(given);
  if (result.success && local.success) return result.data;
  const issues = [...(result.error?.issues ?? []), ...(local.error?.issues ?? [])];
  const problems = new Set(
    issues.map(({ path, message }) => {
      const name = String(path[0]);
      return given[name] === undefined ? `${name} is not set` : `${name} ${message}`;
    }),
  );
  const error = new AppError("internal", `Configuration: ${[...problems].join("; ")}. See .env.example.`);
  logger.error(error.message, { error });
  throw error;
}

function isHttpsOrLoopback(value: string): boolean {
  const url = URL.parse(value);
  if (url === null) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.includes(url.hostname));
}
