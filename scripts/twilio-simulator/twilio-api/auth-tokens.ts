import { json, noContent } from "../http/reply.ts";
import type { World } from "../world/world.ts";
import type { ApiHandler } from "./api-request.ts";
import { TwilioError } from "./error.ts";

/**
 * accounts.twilio.com: the two tokens of the account that authenticates. Both authenticate, only the primary signs
 * webhooks, and the old primary is dead the moment the secondary is promoted.
 */
export function createAuthTokenResource({
  accounts,
}: World): Record<"create" | "remove" | "promote", ApiHandler> {
  const present = (accountSid: string, path: string, token: Record<string, string>) => {
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    return {
      account_sid: accountSid,
      date_created: now,
      date_updated: now,
      ...token,
      url: `https://accounts.twilio.com${path}`,
    };
  };
  return {
    create({ caller, path }) {
      caller.secondaryAuthToken = accounts.newToken();
      return json(201, present(caller.sid, path, { secondary_auth_token: caller.secondaryAuthToken }));
    },
    remove({ caller, path }) {
      if (caller.secondaryAuthToken === null)
        throw new TwilioError(20404, `The requested resource ${path} was not found`);
      caller.secondaryAuthToken = null;
      return noContent;
    },
    promote({ caller, path }) {
      if (caller.secondaryAuthToken === null)
        throw new TwilioError(20404, `The requested resource ${path} was not found`);
      caller.authToken = caller.secondaryAuthToken;
      caller.secondaryAuthToken = null;
      caller.dateUpdated = new Date();
      return json(200, present(caller.sid, path, { auth_token: caller.authToken }));
    },
  };
}
