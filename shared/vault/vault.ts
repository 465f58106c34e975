import { createHash, randomBytes as systemRandomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { Secret } from "#shared/core/secret.ts";
import { open as openGcm, seal as sealGcm } from "./aes-gcm.ts";
import { NOTHING, sealingData, wrappingData } from "./associated-data.ts";
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
  /**
   * The same credential, its data key wrapped by what Cloud KMS wraps with today; `undefined` when it already is.
   * Ciphertext and nonce stay as they are. Throws as `open` does, but notices only what concerns the data key.
   */
  rewrap(credential: { salonId: string; envelope: BoundEnvelope }): Promise<BoundEnvelope | undefined>;
  /**
   * `hits` are opens that needed no Cloud KMS call of their own. `unversioned` are opens of the platform's first
   * format, cached ones included: when it stays 0, the migration is done.
   */
  stats(): { hits: number; misses: number; unversioned: number };
}

/** How many opened credentials an instance keeps, and for how long: two a salon, ten minutes. */
export const VAULT_CACHE = { max: 4_000, ttlMs: 600_000 } as const;

export interface VaultSettings {
  readonly kms: Kms;
  readonly clock: Clock;
  readonly randomBytes?: (size: number) => Buffer;
  /** How many opened credentials are kept, and for how long in milliseconds. */
  readonly cache: { readonly max: number; readonly ttlMs: number };
  /**
   * Opens the platform's first format, which binds a credential to no salon, with the key that this one knows: for
   * the migration only. Without it that format is refused.
   */
  readonly unversionedKms?: Kms | undefined;
  /** Told of every envelope that did not open because of what it is, not of outages. `reason` holds nothing of it. */
  readonly onRefused?: (salonId: string, kind: CredentialKind, reason: string) => void;
  /** Told of every envelope in the first format that was opened anew. */
  readonly onUnversioned?: (salonId: string, kind: CredentialKind) => void;
}

/** Envelope encryption of salons' credentials: a fresh AES key each, wrapped by Cloud KMS, bound to salon and kind. */
export function createVault(settings: VaultSettings): Vault {
  const { kms, clock, randomBytes = systemRandomBytes, cache, unversionedKms } = settings;
  const { onRefused, onUnversioned } = settings;
  const opened = new LRUCache<string, Promise<Secret>>({
    max: cache.max,
    ttl: cache.ttlMs,
    ttlResolution: 0,
    perf: { now: () => clock.now().getTime() },
  });
  const counts = { hits: 0, misses: 0, unversioned: 0 };

  async function unwrap(salonId: string, envelope: Envelope): Promise<Buffer> {
    const wrapped = Buffer.from(envelope.data_key, "base64");
    if ("version" in envelope) {
      return (await kms.unwrap(wrapped, wrappingData(salonId), envelope.key_name)).key;
    }
    if (unversionedKms === undefined) throw refusal("is in the old format, which is no longer read");
    return (await unversionedKms.unwrap(wrapped, NOTHING)).key;
  }

  async function unwrapAndOpen(salonId: string, kind: CredentialKind, envelope: Envelope): Promise<Secret> {
    const key = await unwrap(salonId, envelope);
    try {
      const plaintext = openGcm(Buffer.from(envelope.ciphertext, "base64"), {
        key,
        nonce: Buffer.from(envelope.nonce, "base64"),
        associatedData: "version" in envelope ? sealingData(salonId, kind) : NOTHING,
      });
      if (plaintext === undefined) throw refusal("was altered or belongs elsewhere");
      return new Secret(plaintext.toString("utf8"));
    } finally {
      key.fill(0);
    }
  }

  async function openAnew(salonId: string, kind: CredentialKind, envelope: Envelope): Promise<Secret> {
    try {
      const secret = await unwrapAndOpen(salonId, kind, envelope);
      if (!("version" in envelope)) onUnversioned?.(salonId, kind);
      return secret;
    } catch (error) {
      if (error instanceof AppError && error.code === "failed-precondition") {
        onRefused?.(salonId, kind, error.message);
      }
      throw error;
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

    async open({ salonId, kind, envelope }) {
      const secret = await openCached(salonId, kind, envelope);
      if (!("version" in envelope)) counts.unversioned += 1;
      return secret;
    },

    async rewrap({ salonId, envelope }) {
      const associatedData = wrappingData(salonId);
      const wrapped = Buffer.from(envelope.data_key, "base64");
      const { key, current } = await kms.unwrap(wrapped, associatedData, envelope.key_name);
      try {
        if (current) return undefined;
        const again = await kms.wrap(key, associatedData);
        return { ...envelope, data_key: again.wrapped.toString("base64"), key_name: again.keyName };
      } finally {
        key.fill(0);
      }
    },

    stats: () => ({ ...counts }),
  };

  function openCached(salonId: string, kind: CredentialKind, envelope: Envelope): Promise<Secret> {
    const id = cacheKey(salonId, kind, envelope);
    const known = opened.get(id);
    if (known !== undefined) {
      counts.hits += 1;
      return known;
    }
    counts.misses += 1;
    // The promise is kept, so that requests at the same moment share one call; a failure is forgotten at once.
    const opening = openAnew(salonId, kind, envelope);
    opened.set(id, opening);
    opening.catch(() => opened.peek(id) === opening && opened.delete(id));
    return opening;
  }
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
