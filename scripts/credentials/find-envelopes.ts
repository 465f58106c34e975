import { type Envelope, envelopeSchema } from "#shared/vault/envelope.ts";
import type { CredentialKind } from "#shared/vault/vault.ts";

/** An envelope where it stands in a document of `salon_integrations`, or why it cannot be dealt with there. */
export type Found =
  | { readonly path: readonly string[]; readonly kind: CredentialKind; readonly envelope: Envelope }
  | { readonly path: readonly string[]; readonly problem: string };

/** Everything that is or looks like an envelope among the fields of ours; other services keep theirs in others. */
export function findEnvelopes(document: Readonly<Record<string, unknown>>): Found[] {
  return Object.entries(document)
    .filter(([field]) => /^(twilio|platform)/.test(field))
    .flatMap(([field, value]) => findWithin(value, [field]));
}

function findWithin(value: unknown, path: readonly string[]): Found[] {
  if (Array.isArray(value)) {
    const inside = value.flatMap((item, index) => findWithin(item, [...path, String(index)]));
    return inside.map((found) => ({ path: found.path, problem: "stands in a list, where none is expected" }));
  }
  if (!isMap(value)) return [];
  if ("ciphertext" in value || "data_key" in value) return [asFound(value, path)];
  return Object.entries(value).flatMap(([field, inner]) => findWithin(inner, [...path, field]));
}

function asFound(value: object, path: readonly string[]): Found {
  const envelope = envelopeSchema.safeParse(value);
  if (!envelope.success) return { path, problem: "is not an envelope of a known format" };
  const kind = kindOf(path.at(-1) ?? "");
  if (kind === undefined) return { path, problem: "has a name that does not tell SID from token" };
  return { path, kind, envelope: envelope.data };
}

function kindOf(field: string): CredentialKind | undefined {
  if (field.endsWith("account_sid")) return "account_sid";
  return field.endsWith("auth_token") ? "auth_token" : undefined;
}

/** A map of Firestore's, and not one of its classes such as Timestamp. */
function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
