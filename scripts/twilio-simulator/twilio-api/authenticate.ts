import type { Account, Accounts } from "../world/account.ts";
import { TwilioError } from "./error.ts";

/**
 * Basic authentication with an account's SID and its primary or secondary token. An inactive account gets the same
 * 20003 as a wrong token.
 */
export function authenticate(accounts: Accounts, header: string | undefined): Account {
  const { username, password } = basicCredentials(header);
  const account = accounts.find(username);
  if (account === undefined || password === "") throw new TwilioError(20003);
  if (password !== account.authToken && password !== account.secondaryAuthToken) throw new TwilioError(20003);
  if (accounts.statusOf(account) !== "active") throw new TwilioError(20003);
  return account;
}

/** The account that a request's path names: the caller itself or, for a parent, one of its subaccounts. */
export function authorize(accounts: Accounts, caller: Account, accountSid: string, path: string): Account {
  const account = accounts.find(accountSid);
  if (account === undefined) throw new TwilioError(20404, `The requested resource ${path} was not found`);
  if (account.sid !== caller.sid && account.ownerSid !== caller.sid) throw new TwilioError(20003);
  return account;
}

/** The username of a request that may not be authentic; for counting only. */
export function claimedAccount(header: string | undefined): string {
  return basicCredentials(header).username;
}

function basicCredentials(header: string | undefined): { username: string; password: string } {
  const encoded = /^Basic\s+(\S+)$/i.exec(header ?? "")?.[1] ?? "";
  const [username = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { username, password: rest.join(":") };
}
