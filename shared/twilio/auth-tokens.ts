import { z } from "zod";
import { Secret } from "#shared/core/secret.ts";
import { nothingWhen404, type Request } from "./request.ts";
import type { OwnHosts } from "./sdk.ts";

/**
 * The two auth tokens of the account that authenticates. Both authenticate, only the primary signs webhooks.
 * Source: https://www.twilio.com/docs/iam/api/authtoken
 */
export interface AuthTokens {
  /** Makes a secondary token; one that was there before is replaced. */
  createSecondaryToken(): Promise<Secret>;
  /** Done when there is none. */
  deleteSecondaryToken(): Promise<void>;
  /**
   * Makes the secondary token the primary one and returns it. The old primary is dead from then on, and this account
   * with it. After an `unclear` failure, what authenticates tells whether it happened.
   */
  promoteSecondaryToken(): Promise<Secret>;
}

export function createAuthTokens(hosts: OwnHosts, request: Request): AuthTokens {
  const tokens = async () => (await hosts.accounts()).v1;
  return {
    createSecondaryToken: () =>
      request(secondarySchema, async () => (await tokens()).secondaryAuthToken().create()),
    deleteSecondaryToken: async () => {
      const remove = async () => (await tokens()).secondaryAuthToken().remove();
      await nothingWhen404(request(z.literal(true), remove));
    },
    promoteSecondaryToken: () =>
      request(promotedSchema, async () => (await tokens()).authTokenPromotion().update()),
  };
}

const token = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));
const secondarySchema = z.object({ secondaryAuthToken: token }).transform((made) => made.secondaryAuthToken);
const promotedSchema = z.object({ authToken: token }).transform((promoted) => promoted.authToken);
