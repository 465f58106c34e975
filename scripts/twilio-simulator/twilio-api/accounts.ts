import { z } from "zod";
import { json } from "../http/reply.ts";
import { type Account, isSubaccount } from "../world/account.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, given, pathParameter } from "./api-request.ts";
import { authorize } from "./authenticate.ts";
import { rfc2822 } from "./dates.ts";
import { TwilioError } from "./error.ts";
import { pageOf } from "./paging.ts";

const Status = z.enum(["active", "suspended", "closed"]);
const LONGEST_NAME = 64;
/** A trial account may have one subaccount. */
const TRIAL_LIMIT = 1;

export function createAccountResource(
  world: World,
): Record<"create" | "list" | "fetch" | "update", ApiHandler> {
  const { accounts } = world;
  const found = (request: Parameters<ApiHandler>[0]) =>
    authorize(accounts, request.caller, pathParameter(request, "Sid"), request.path);

  return {
    create({ caller, form }) {
      if (isSubaccount(caller)) throw new TwilioError(20003);
      const limit = caller.type === "Trial" ? TRIAL_LIMIT : world.subaccountLimit;
      const open = accounts.subaccountsOf(caller).filter(({ status }) => status !== "closed");
      if (open.length >= limit) throw new TwilioError(21480);
      const account = accounts.create({ owner: caller, friendlyName: nameIn(form) });
      return json(201, presentAccount(world, account));
    },
    list(request) {
      const { caller, query } = request;
      const name = given(query, "FriendlyName");
      const status = given(query, "Status");
      const visible = [caller, ...accounts.subaccountsOf(caller)].reverse();
      return pageOf(request, {
        key: "accounts",
        items: visible.filter(
          (account) =>
            (name === undefined || account.friendlyName === name) &&
            (status === undefined || accounts.statusOf(account) === status),
        ),
        tokenOf: ({ sid }) => sid,
        present: (account) => presentAccount(world, account),
      });
    },
    fetch: (request) => json(200, presentAccount(world, found(request))),
    update(request) {
      const account = found(request);
      // An account is its own parent unless it is a subaccount.
      if (account.ownerSid !== request.caller.sid) throw new TwilioError(20003);
      const status = given(request.form, "Status");
      if (status !== undefined) {
        const wanted = Status.safeParse(status);
        if (!wanted.success) throw new TwilioError(20001, "Status must be active, suspended or closed");
        changeStatus(world, account, wanted.data);
      }
      account.friendlyName = nameIn(request.form) ?? account.friendlyName;
      account.dateUpdated = new Date();
      return json(200, presentAccount(world, account));
    },
  };
}

/** Closing is for good, and gives up every number of the account and of its subaccounts. */
export function changeStatus(world: World, account: Account, status: Account["status"]): void {
  if (account.status === "closed" && status !== "closed") {
    throw new TwilioError(20001, "A closed account cannot be reactivated");
  }
  account.status = status;
  if (status !== "closed") return;
  for (const each of [account, ...world.accounts.subaccountsOf(account)]) {
    for (const number of world.numbers.ofAccount(each.sid)) world.numbers.remove(number);
  }
}

function nameIn(form: URLSearchParams): string | undefined {
  const name = given(form, "FriendlyName");
  if (name !== undefined && name.length > LONGEST_NAME) {
    throw new TwilioError(20001, `FriendlyName must have at most ${LONGEST_NAME} characters`);
  }
  return name;
}

const SUBRESOURCES = {
  addresses: "Addresses",
  applications: "Applications",
  authorized_connect_apps: "AuthorizedConnectApps",
  available_phone_numbers: "AvailablePhoneNumbers",
  balance: "Balance",
  calls: "Calls",
  conferences: "Conferences",
  connect_apps: "ConnectApps",
  incoming_phone_numbers: "IncomingPhoneNumbers",
  keys: "Keys",
  messages: "Messages",
  notifications: "Notifications",
  outgoing_caller_ids: "OutgoingCallerIds",
  queues: "Queues",
  recordings: "Recordings",
  short_codes: "SMS/ShortCodes",
  signing_keys: "SigningKeys",
  sip: "SIP",
  transcriptions: "Transcriptions",
  usage: "Usage",
} as const;

export function presentAccount({ accounts }: World, account: Account) {
  const uri = `/2010-04-01/Accounts/${account.sid}`;
  const subresources = Object.entries(SUBRESOURCES).map(([key, path]) => [key, `${uri}/${path}.json`]);
  return {
    auth_token: account.authToken,
    date_created: rfc2822(account.dateCreated),
    date_updated: rfc2822(account.dateUpdated),
    friendly_name: account.friendlyName,
    owner_account_sid: account.ownerSid,
    sid: account.sid,
    status: accounts.statusOf(account),
    subresource_uris: Object.fromEntries(subresources),
    type: account.type,
    uri: `${uri}.json`,
  };
}
