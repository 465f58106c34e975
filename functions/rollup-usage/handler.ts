export interface Deps {
  readonly rollup: () => Promise<{ days: number }>;
}

/** Brings the months up to date with the ledger; the tick itself says nothing. */
export function createHandler({ rollup }: Deps): () => Promise<void> {
  return async () => {
    await rollup();
  };
}
