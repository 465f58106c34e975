export interface Deps {
  readonly remind: () => Promise<unknown>;
}

/** Reminds the salons whose credentials are due; the tick itself says nothing. */
export function createHandler({ remind }: Deps): () => Promise<void> {
  return async () => {
    await remind();
  };
}
