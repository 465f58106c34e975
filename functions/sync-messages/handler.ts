import type { InboundIntake } from "#shared/messages/inbound-intake.ts";

export interface Deps {
  readonly intake: Pick<InboundIntake, "takeAgain">;
  readonly synchronize: () => Promise<unknown>;
}

/**
 * Mends what Twilio's callbacks did not bring, and ends what its webhooks began; the tick itself says nothing. Neither
 * stops the other.
 */
export function createHandler({ intake, synchronize }: Deps): () => Promise<void> {
  return async () => {
    try {
      await intake.takeAgain();
    } finally {
      await synchronize();
    }
  };
}
