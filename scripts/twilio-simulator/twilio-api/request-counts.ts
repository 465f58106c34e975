export interface RequestCount {
  readonly method: string;
  readonly path: string;
  readonly count: number;
  readonly accounts: Readonly<Record<string, number>>;
}

/** How often each method and template path was asked for, and with whose credentials. */
export interface RequestCounts {
  count(method: string, path: string, accountSid: string): void;
  all(): readonly RequestCount[];
  clear(): void;
}

export function createRequestCounts(): RequestCounts {
  const counts = new Map<string, { method: string; path: string; accounts: Map<string, number> }>();
  return {
    count(method, path, accountSid) {
      const key = `${method} ${path}`;
      const entry = counts.get(key) ?? { method, path, accounts: new Map() };
      counts.set(key, entry);
      entry.accounts.set(accountSid, (entry.accounts.get(accountSid) ?? 0) + 1);
    },
    all: () =>
      [...counts.values()].map(({ method, path, accounts }) => ({
        method,
        path,
        count: [...accounts.values()].reduce((sum, each) => sum + each, 0),
        accounts: Object.fromEntries(accounts),
      })),
    clear: () => counts.clear(),
  };
}
