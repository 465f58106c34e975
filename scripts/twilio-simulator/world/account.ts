import type { Random } from "../random.ts";

export type AccountStatus = "active" | "suspended" | "closed";

export interface Account {
  readonly sid: string;
  /** Itself for a main account, the parent for a subaccount. */
  readonly ownerSid: string;
  readonly type: "Trial" | "Full";
  readonly dateCreated: Date;
  friendlyName: string;
  status: AccountStatus;
  authToken: string;
  secondaryAuthToken: string | null;
  dateUpdated: Date;
}

export interface NewAccount {
  readonly friendlyName?: string | undefined;
  readonly type?: "Trial" | "Full" | undefined;
  readonly status?: AccountStatus | undefined;
  readonly sid?: string | undefined;
  readonly authToken?: string | undefined;
  /** Makes it a subaccount. */
  readonly owner?: Account | undefined;
}

export interface Accounts {
  create(wanted: NewAccount): Account;
  find(sid: string): Account | undefined;
  all(): readonly Account[];
  subaccountsOf(owner: Account): readonly Account[];
  /** A suspended or closed parent takes its subaccounts with it. */
  statusOf(account: Account): AccountStatus;
  newToken(): string;
  clear(): void;
}

export function createAccounts(random: Random): Accounts {
  const accounts = new Map<string, Account>();
  const newToken = () => random.hex(32);
  return {
    newToken,
    create(wanted) {
      const sid = wanted.sid ?? random.sid("AC");
      const now = new Date();
      const account: Account = {
        sid,
        ownerSid: wanted.owner?.sid ?? sid,
        type: wanted.type ?? wanted.owner?.type ?? "Full",
        dateCreated: now,
        dateUpdated: now,
        friendlyName: wanted.friendlyName ?? defaultName(now, wanted.owner !== undefined),
        status: wanted.status ?? "active",
        authToken: wanted.authToken ?? newToken(),
        secondaryAuthToken: null,
      };
      accounts.set(sid, account);
      return account;
    },
    find: (sid) => accounts.get(sid),
    all: () => [...accounts.values()],
    subaccountsOf: (owner) =>
      [...accounts.values()].filter((each) => isSubaccount(each) && each.ownerSid === owner.sid),
    statusOf(account) {
      if (account.status !== "active") return account.status;
      return accounts.get(account.ownerSid)?.status ?? account.status;
    },
    clear: () => accounts.clear(),
  };
}

export function isSubaccount(account: Account): boolean {
  return account.ownerSid !== account.sid;
}

function defaultName(now: Date, isSub: boolean): string {
  const at = now.toISOString().slice(0, 16).replace("T", " ");
  return isSub ? `SubAccount Created at ${at}` : `Account created at ${at}`;
}
