import { createHash, randomBytes as systemRandomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { Secret } from "#shared/core/secret.ts";
import { open as openGcm, seal as sealGcm } from "./aes-gcm.ts";
import type { BoundEnvelope, Envelope } from "./envelope.ts";
import type { Kms } from "./kms.ts";

export type CredentialKind = "account_sid" | "auth_token";

export interface Vault {
  /** Throws `unavailable` when Cloud KMS does not answer. */
  seal(credential: { salonId: string; kind: CredentialKind; secret: Secret }): Promise<BoundEnvelope>;
  /**
   * Throws failed-precondition when the envelope was altered or belongs to another salon or kind, `unavailable` when
   * Cloud KMS does not answer.
   */
  open(credential: { salonId: string; kind: CredentialKind; envelope: Envelope }): Promise<Secret>;
  /** `hits` are opens that needed no Cloud KMS call of their own. */
  stats(): { hits: number; misses: number };
}

/** How many opened credentials an instance keeps, and for how long: two a salon, ten minutes. */
export const VAULT_CACHE = { max: 4_000, ttlMs: 600_000 } as const;

export interface VaultSettings {
  readonly kms: Kms;
  readonly clock: Clock;
  readonly randomBytes?: (size: number) => Buffer;
  /** How many opened credentials are kept, and for how long in milliseconds. */
  readonly cache: { readonly max: number; readonly ttlMs: number };
  /** Whether the platform's first format opens, which binds a credential to no salon: for the migration only. */
  readonly acceptUnversioned?: boolean;
}

/** Envelope encryption of salons' credentials: a fresh AES key each, wrapped by Cloud KMS, bound to salon and kind. */
export function createVault(settings: VaultSettings): Vault {
  const { kms, clock, randomBytes = systemRandomBytes, cache, acceptUnversioned = false } = settings;
  const opened = new LRUCache<string, Promise<Secret>>({
    max: cache.max,
    ttl: cache.ttlMs,
    ttlResolution: 0,
    perf: { now: () => clock.now().getTime() },
  });
  const counts = { hits: 0, misses: 0 };

  async function unwrapAndOpen(salonId: string, kind: CredentialKind, envelope: Envelope): Promise<Secret> {
    const bound = "version" in envelope;
    if (!bound && !acceptUnversioned) throw refusal("is in the old format, which is no longer read");
    const wrapped = Buffer.from(envelope.data_key, "base64");
    const key = bound
      ? await kms.unwrap(wrapped, wrappingData(salonId), envelope.key_name)
      : await kms.unwrap(wrapped, NOTHING);
    try {
      const plaintext = openGcm(Buffer.from(envelope.ciphertext, "base64"), {
        key,
        nonce: Buffer.from(envelope.nonce, "base64"),
        associatedData: bound ? sealingData(salonId, kind) : NOTHING,
      });
      if (plaintext === undefined) throw refusal("was altered or belongs elsewhere");
      return new Secret(plaintext.toString("utf8"));
    } finally {
      key.fill(0);
    }
  }

  return {
    async seal({ salonId, kind, secret }) {
      const key = randomBytes(32);
      try {
        const nonce = randomBytes(12);
        const associatedData = sealingData(salonId, kind);
        const ciphertext = sealGcm(Buffer.from(secret.reveal(), "utf8"), { key, nonce, associatedData });
        const { wrapped, keyName } = await kms.wrap(key, wrappingData(salonId));
        return {
          ciphertext: ciphertext.toString("base64"),
          data_key: wrapped.toString("base64"),
          nonce: nonce.toString("base64"),
          version: "2",
          key_name: keyName,
        };
      } finally {
        key.fill(0);
      }
    },

    open({ salonId, kind, envelope }) {
      const id = cacheKey(salonId, kind, envelope);
      const known = opened.get(id);
      if (known !== undefined) {
        counts.hits += 1;
        return known;
      }
      counts.misses += 1;
      // The promise is kept, so that requests at the same moment share one call; a failure is forgotten at once.
      const opening = unwrapAndOpen(salonId, kind, envelope);
      opened.set(id, opening);
      opening.catch(() => opened.peek(id) === opening && opened.delete(id));
      return opening;
    },

    stats: () => ({ ...counts }),
  };
}

const NOTHING = Buffer.alloc(0);

/** What Cloud KMS binds the data key to: the salon, so that a token may become current, next or previous as it is. */
function wrappingData(salonId: string): Buffer {
  return Buffer.from(JSON.stringify(["2", salonId]), "utf8");
}

function sealingData(salonId: string, kind: CredentialKind): Buffer {
  return Buffer.from(JSON.stringify(["2", salonId, kind]), "utf8");
}

/** A digest, so that the cache's keys hold nothing of the envelope. */
function cacheKey(salonId: string, kind: CredentialKind, envelope: Envelope): string {
  const { ciphertext, data_key, nonce } = envelope;
  const bound = "version" in envelope ? [envelope.version, envelope.key_name] : [];
  return createHash("sha256")
    .update(JSON.stringify([salonId, kind, ciphertext, data_key, nonce, ...bound]))
    .digest("base64");
}

function refusal(what: string): AppError {
  return new AppError("failed-precondition", `The stored credential ${what}; it must be entered again.`);
}
