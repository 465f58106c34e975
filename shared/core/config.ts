import { z } from "zod";
import { AppError } from "./errors.ts";
import { createLogger, type Logger } from "./logger.ts";
import { Secret } from "./secret.ts";

const loopback = (value: string) =>
  /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(value.replace(/^http:\/\//, ""));
const seconds = (fallback: number) => z.coerce.number().positive().max(86_400).default(fallback);

/** Every environment variable of the suite; `.env.example` gives the reason for each. */
export const variables = z.object({
  GOOGLE_CLOUD_PROJECT: z.string().min(1, "must name the Google Cloud project"),
  FIRESTORE_EMULATOR_HOST: z.string().refine(loopback, "must be a loopback host:port").optional(),
  PUBSUB_EMULATOR_HOST: z.string().refine(loopback, "must be a loopback host:port").optional(),
  KMS_KEY_NAME: z
    .string()
    .regex(
      /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
      "must be projects/P/locations/L/keyRings/R/cryptoKeys/K",
    ),
  KMS_ENDPOINT: z.string().refine(loopback, "must be a loopback host:port").optional(),
  SECRET_MANAGER_ENDPOINT: z.string().refine(loopback, "must be a loopback host:port").optional(),
  TWILIO_API_BASE_URL: z.string().refine(loopback, "must be http:// and a loopback host:port").optional(),
  PUBLIC_WEBHOOK_BASE: z.url({
    protocol: /^https?$/,
    error: "must be the public https:// address of the webhooks",
  }),
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
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

/**
 * Reads the variables a function needs when it loads: `loadConfig(variables.pick({ KMS_KEY_NAME: true }))`. A missing
 * or wrong one stops the instance with one log line that names the variable and what it must be, never its value.
 */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: NodeJS.ProcessEnv = process.env,
  logger: Logger = createLogger(),
): z.infer<Schema> {
  const names = Object.keys(schema.shape);
  const given = Object.fromEntries(names.map((name) => [name, env[name] === "" ? undefined : env[name]]));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    return given[name] === undefined ? `${name} is not set` : `${name} ${message}`;
  });
  const error = new AppError("internal", `Configuration: ${problems.join("; ")}. See .env.example.`);
  logger.error(error.message, { error });
  throw error;
}
