import { crc32c } from "@aws-crypto/crc32c";
import { SecretManagerServiceClient } from "@google-cloud/secret-manager/build/src/v1/secret_manager_service_client.js";
import { credentials } from "@grpc/grpc-js";
import { LRUCache } from "lru-cache";
import { withDeadline } from "#shared/core/deadline.ts";
import { AppError } from "#shared/core/errors.ts";
import { Secret } from "#shared/core/secret.ts";

export interface ReadSecretOptions {
  /** Skips the cache, for the moment when a rotation within the last minute would cost something. */
  readonly fresh?: boolean;
}

export interface Secrets {
  /**
   * The newest version of one of the platform's own secrets, at most a minute old, so that a rotation needs no new
   * revision. Throws `unavailable` when Secret Manager has no good answer.
   */
  read(name: string, options?: ReadSecretOptions): Promise<Secret>;
  /** The same of a secret that need not be there. */
  find(name: string): Promise<Secret | undefined>;
}

export interface SecretsSettings {
  readonly projectId: string;
  /** host:port of a local server, without TLS and therefore on loopback only (config.ts sees to that). */
  readonly endpoint?: string | undefined;
}

const SERVICE = "Secret Manager";
const REMEDY = "check SECRET_MANAGER_ENDPOINT, or that the secret exists and this function may access it";
const DEADLINE_MS = 3_000;
const CACHE_MS = 60_000;

export function createSecrets({ projectId, endpoint }: SecretsSettings): Secrets {
  const client = new SecretManagerServiceClient(endpoint === undefined ? {} : localOptions(endpoint));
  const cache = new LRUCache<string, { readonly secret: Secret | undefined }>({ max: 50, ttl: CACHE_MS });

  async function access(name: string): Promise<Secret> {
    const path = `projects/${projectId}/secrets/${name}/versions/latest`;
    const [{ payload }] = await client.accessSecretVersion({ name: path }, { timeout: DEADLINE_MS });
    const data = Buffer.from(payload?.data ?? "");
    const intact = payload?.dataCrc32c == null || Number(payload.dataCrc32c) === crc32c(data);
    if (data.length === 0 || !intact)
      throw new AppError("unavailable", `${SERVICE} gave a damaged ${name}; try again.`);
    return new Secret(data.toString("utf8"));
  }

  /** The secret, or what Secret Manager said to there being none. */
  async function ask(name: string): Promise<{ secret: Secret } | { secret: undefined; cause: unknown }> {
    try {
      return { secret: await withDeadline(SERVICE, REMEDY, DEADLINE_MS, access(name)) };
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      if (isNotFound(cause)) return { secret: undefined, cause };
      throw notGiven(name, cause);
    }
  }

  return {
    async read(name, { fresh = false } = {}) {
      const known = fresh ? undefined : cache.get(name)?.secret;
      if (known !== undefined) return known;
      const found = await ask(name);
      if (found.secret === undefined) throw notGiven(name, found.cause);
      cache.set(name, found);
      return found.secret;
    },
    async find(name) {
      const known = cache.get(name);
      if (known !== undefined) return known.secret;
      const { secret } = await ask(name);
      cache.set(name, { secret });
      return secret;
    },
  };
}

function notGiven(name: string, cause: unknown): AppError {
  const message = `${SERVICE} did not give the secret ${name}; ${REMEDY}.`;
  return new AppError("unavailable", message, { cause, context: { service: SERVICE } });
}

/** gRPC's NOT_FOUND: no such secret, or one without a version. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === 5;
}

function localOptions(endpoint: string) {
  const [servicePath = "", port] = endpoint.split(":");
  return { servicePath, port: Number(port), sslCreds: credentials.createInsecure() };
}
