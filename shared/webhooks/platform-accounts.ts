import type { Clock } from "#shared/core/clock.ts";
import { PLATFORM_SEGMENT, SalonId } from "#shared/core/ids.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { ReadSecretOptions } from "#shared/runtime/secrets.ts";
import type { WebhookAccount } from "./accounts.ts";
import type { Admission } from "./admission.ts";
import { createFloodLimit } from "./flood-limit.ts";
import { REREADS_OF_PARENTS } from "./limits.ts";
import { isRefusal, refusal } from "./refusal.ts";
import type { Demand, VerifiedWebhook, VerifyWebhook } from "./verification.ts";

/** The platform's parent accounts, as webhooks are checked against them; `numbers` are those that stand in for salons. */
export async function platformWebhookAccounts(
  defaultSenders: DefaultSenders,
  options?: ReadSecretOptions,
): Promise<WebhookAccount[]> {
  const parents = await defaultSenders.list(options);
  return parents.map(({ accountSid, authToken, numbers }) => ({
    owner: "platform_default",
    accountSid,
    tokens: [{ role: "current", token: authToken }],
    numbers,
  }));
}

/** What one of the parents has signed; whose message it is, is another question. */
export type VerifiedPlatformWebhook = Omit<VerifiedWebhook, "salonId">;

/** Says whether a request is a webhook of one of the parents; the salons' accounts prove nothing here. */
export type VerifyPlatformWebhook = (
  request: HttpRequest,
  demand?: Demand,
) => Promise<VerifiedPlatformWebhook>;

export function createPlatformVerification(deps: {
  readonly defaultSenders: DefaultSenders;
  readonly admission: Admission;
  readonly clock: Clock;
}): VerifyPlatformWebhook {
  const mayReadAgain = createFloodLimit(REREADS_OF_PARENTS, deps.clock);

  return async (request, demand = () => true) => {
    const { form, signedBy } = deps.admission.read(request);
    // A token may have been rotated since it was read: once again, for what says that it is a parent's.
    for (const fresh of [false, true]) {
      if (fresh && !mayReadAgain(PLATFORM_SEGMENT)) break;
      const parents = await platformWebhookAccounts(deps.defaultSenders, { fresh });
      const account = parents.find(({ accountSid }) => accountSid === form.AccountSid);
      if (account === undefined) break;
      const tokenRole = signedBy(account);
      if (tokenRole === undefined) continue;
      if (!demand(account, form)) break;
      request.note({ source: account.owner, tokenRole, outcome: "accepted" });
      deps.admission.count(PLATFORM_SEGMENT, account, form);
      return { account, tokenRole, form };
    }
    throw refusal("forged");
  };
}

/**
 * For what Twilio reports of a salon's messages: one that went through a parent is signed by the parent. Whoever asks has
 * to see that the attempt was of that account. The parents are tried first: they are at hand, and a salon that did not
 * sign has its integration read again.
 */
export function orOfPlatform(verify: VerifyWebhook, verifyPlatform: VerifyPlatformWebhook): VerifyWebhook {
  return async (request, claimedSalonId, demand) => {
    const salonId = SalonId.safeParse(claimedSalonId).data;
    if (salonId === undefined) throw refusal("unknown-salon");
    let noParents: unknown;
    try {
      const webhook = await verifyPlatform(request, demand);
      request.note({ salonId });
      return { salonId, ...webhook };
    } catch (error) {
      noParents = error;
    }
    return verify(request, salonId, demand).catch((error: unknown) => {
      // Where the parents could not be asked, it may have been theirs: Twilio is to come again.
      throw isRefusal(error) && !isRefusal(noParents) ? noParents : error;
    });
  };
}
