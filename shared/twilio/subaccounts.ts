import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import { z } from "zod";
import { Secret } from "#shared/core/secret.ts";
import type { Request } from "./request.ts";
import type { TwilioApi } from "./sdk.ts";

export interface Account {
  readonly sid: string;
  readonly friendlyName: string;
  readonly status: "active" | "suspended" | "closed" | "unknown";
  readonly isTrial: boolean;
  /** The parent of a subaccount; an account that stands alone owns itself. */
  readonly ownerSid: string;
  /** The primary token. Twilio tells it only to who asks with a token, not with an API key. */
  readonly authToken: Secret | undefined;
  readonly createdAt: Date;
}

export interface Subaccounts {
  /** The account acted on, or another one by its SID. */
  fetchAccount(sid?: string): Promise<Account>;
  /** All subaccounts of that name, whatever their status: names are not unique. */
  findSubaccountsByName(friendlyName: string): Promise<Account[]>;
  /** Not idempotent: look by name first. Twilio keeps 64 characters of the name. */
  createSubaccount(friendlyName: string): Promise<Account>;
}

export function createSubaccounts(api: TwilioApi, own: AccountContext, request: Request): Subaccounts {
  return {
    fetchAccount: (sid) =>
      request(accountSchema, () => (sid === undefined ? own : api.accounts(sid)).fetch()),
    findSubaccountsByName: async (friendlyName) => {
      const found = await request(z.array(accountSchema), () =>
        api.accounts.list({ friendlyName, limit: MOST }),
      );
      return found.filter(
        (account) => account.friendlyName === friendlyName && account.ownerSid !== account.sid,
      );
    },
    createSubaccount: (friendlyName) => request(accountSchema, () => api.accounts.create({ friendlyName })),
  };
}

/** Duplicates of one name are a handful at most. */
const MOST = 50;

const accountSchema = z
  .object({
    sid: z.string(),
    friendlyName: z.string(),
    status: z.enum(["active", "suspended", "closed", "unknown"]).catch("unknown"),
    type: z.string().nullish(),
    ownerAccountSid: z.string(),
    authToken: z.string().nullish(),
    dateCreated: z.date(),
  })
  .transform(
    (account): Account => ({
      sid: account.sid,
      friendlyName: account.friendlyName,
      status: account.status,
      isTrial: account.type?.toLowerCase() === "trial",
      ownerSid: account.ownerAccountSid,
      authToken: account.authToken ? new Secret(account.authToken) : undefined,
      createdAt: account.dateCreated,
    }),
  );
