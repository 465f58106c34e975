import { z } from "zod";
import { json } from "../http/reply.ts";
import { changeStatus, presentAccount } from "../twilio-api/accounts.ts";
import { TwilioError } from "../twilio-api/error.ts";
import type { Account } from "../world/account.ts";
import type { World } from "../world/world.ts";
import { AdminError, type AdminHandler, readBody } from "./admin-request.ts";

const Status = z.enum(["active", "suspended", "closed"]);
const NewAccount = z.strictObject({
  friendly_name: z.string().max(64).optional(),
  type: z.enum(["Full", "Trial"]).optional(),
  status: Status.optional(),
  account_sid: z
    .string()
    .regex(/^AC[0-9a-fA-F]{32}$/, "must be AC and 32 hexadecimal digits")
    .optional(),
  auth_token: z.string().min(1).optional(),
});
const AccountChange = z.strictObject({ status: Status });

/** Main accounts besides the first: salons with a Twilio account of their own. */
export function createAccountAdmin(world: World): Record<"create" | "list" | "change", AdminHandler> {
  const { accounts } = world;
  return {
    create(request) {
      const wanted = readBody(NewAccount, request);
      if (wanted.account_sid !== undefined && accounts.find(wanted.account_sid) !== undefined) {
        throw new AdminError("account_sid", "account_sid: this account exists already", 409);
      }
      const account = accounts.create({
        friendlyName: wanted.friendly_name,
        type: wanted.type,
        status: wanted.status,
        sid: wanted.account_sid,
        authToken: wanted.auth_token,
      });
      return json(201, present(world, account));
    },
    list: () => json(200, { accounts: accounts.all().map((account) => present(world, account)) }),
    change(request) {
      const { status } = readBody(AccountChange, request);
      const account = accountFor(world, request.pathParameters.get("AccountSid") ?? "");
      try {
        changeStatus(world, account, status);
      } catch (error) {
        if (error instanceof TwilioError) throw new AdminError("status", `status: ${error.message}`);
        throw error;
      }
      return json(200, present(world, account));
    },
  };
}

export function accountFor({ accounts }: World, accountSid: string): Account {
  const account = accounts.find(accountSid);
  if (account === undefined) {
    throw new AdminError("account_sid", "account_sid: no such account; GET /simulator/accounts lists them");
  }
  return account;
}

function present(world: World, account: Account) {
  const { subresource_uris, uri, ...rest } = presentAccount(world, account);
  return { account_sid: account.sid, ...rest, secondary_auth_token: account.secondaryAuthToken };
}
