import type { Principal } from "#shared/runtime/event-boundary.ts";

/** Kinds of caller that have an id of their own choosing, or none. */
const NOBODY = ["unauthenticated", "api_key"];

/**
 * Whether a write was made by one of our service accounts. `trusted` holds e-mail addresses, and
 * `*@PROJECT.iam.gserviceaccount.com` for every service account of a project (AUDIT_TRUSTED_PRINCIPALS). The type
 * says little: Firestore calls people at its console `unknown`. Nobody named is nobody trusted.
 */
export function isTrusted(trusted: readonly string[], principal: Principal | undefined): boolean {
  if (principal === undefined || NOBODY.includes(principal.type)) return false;
  const id = principal.id.toLowerCase();
  const domain = /^[a-z0-9._-]+(@[^@]+)$/.exec(id)?.[1];
  if (domain === undefined) return false;
  return trusted.some((pattern) => pattern === id || pattern === `*${domain}`);
}
