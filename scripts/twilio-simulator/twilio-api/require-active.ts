import type { Account } from "../world/account.ts";
import type { World } from "../world/world.ts";
import { TwilioError } from "./error.ts";

/** A parent may look at an inactive subaccount, but nothing can be made or changed in it. */
export function requireActive({ accounts }: World, account: Account): void {
  const status = accounts.statusOf(account);
  if (status !== "active")
    throw new TwilioError(10001, `Account ${account.sid} is not active: it is ${status}`);
}
