import { AppError } from "#shared/core/errors.ts";
import { accountFingerprint, type SalonId } from "#shared/core/ids.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import type { SalonIntegration } from "#shared/salons/integration.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import type { Vault } from "#shared/vault/vault.ts";
import type { RedactionAccount, RedactionAccounts } from "./redaction.ts";

interface Pair {
  readonly owner: RedactionAccount["owner"];
  readonly account_sid: Envelope;
  readonly auth_token: Envelope;
}

interface Deps {
  readonly vault: Pick<Vault, "open">;
  readonly twilio: Pick<Twilio, "account">;
  readonly defaultSenders: Pick<DefaultSenders, "list">;
}

/**
 * Every account of the salon's whose credentials are still here: own, next, previous and the subaccount, and the
 * platform's own, which critical messages may have gone through. Throws while Cloud KMS or Secret Manager is away; credentials that cannot be opened for what they are leave their account out, as `unreadable` where
 * at least its SID opens.
 */
export async function redactionAccounts(
  { vault, twilio, defaultSenders }: Deps,
  salonId: SalonId,
  integration: SalonIntegration | undefined,
): Promise<RedactionAccounts> {
  const found = new Map<string, RedactionAccount | "unreadable">();
  for (const { owner, account_sid, auth_token } of pairsOf(integration)) {
    const sid = await unlessUnusable(() =>
      vault.open({ salonId, kind: "account_sid", envelope: account_sid }),
    );
    if (sid === undefined) continue;
    const accountSid = sid.reveal();
    const fingerprint = accountFingerprint(accountSid);
    const known = found.get(fingerprint) ?? "unreadable";
    const client = await unlessUnusable(async () => {
      const authToken = await vault.open({ salonId, kind: "auth_token", envelope: auth_token });
      return twilio.account({ accountSid, authToken });
    });
    const others = known === "unreadable" ? [] : known.clients;
    found.set(fingerprint, client === undefined ? known : { owner, clients: [...others, client] });
  }
  for (const { accountSid, authToken } of await defaultSenders.list()) {
    const parent = {
      owner: "platform_default",
      clients: [twilio.account({ accountSid, authToken })],
    } as const;
    const fingerprint = accountFingerprint(accountSid);
    if (!found.has(fingerprint)) found.set(fingerprint, parent);
  }
  return found;
}

/** Undefined for what is stored and cannot be used: altered, another salon's, or no credential at all. */
async function unlessUnusable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.code === "failed-precondition") return undefined;
    throw error;
  }
}

/** The current token first: a next one may not be promoted, and a previous one may be dead. */
function pairsOf(integration: SalonIntegration | undefined): Pair[] {
  if (integration === undefined) return [];
  const { twilio: own, platform } = integration;
  const { account_sid, auth_token, next_auth_token, previous } = own;
  const pairs: Pair[] = [];
  if (account_sid !== null) {
    for (const token of [auth_token, next_auth_token?.auth_token]) {
      if (token != null) pairs.push({ owner: "salon_own", account_sid, auth_token: token });
    }
  }
  if (previous !== null) pairs.push({ owner: "salon_own", ...previous });
  if (platform !== null) pairs.push({ owner: "platform_subaccount", ...platform });
  return pairs;
}
