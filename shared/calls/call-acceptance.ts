import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import type { Publisher } from "#shared/runtime/publisher.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { type CallRequest, requestedCall } from "./call-request.ts";
import type { OutboundCall } from "./outbound-call.ts";
import type { OutboundCalls } from "./outbound-call-store.ts";

export interface CallAcceptance {
  /** Stores a call to be made, once per idempotency key, and wakes `place-call`. */
  accept(request: CallRequest): Promise<{ readonly created: boolean; readonly call: OutboundCall }>;
}

export interface CallAcceptanceDeps {
  readonly salons: Salons;
  readonly calls: OutboundCalls;
  readonly publisher: Publisher;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long the published wake-up may take before `wake-due-work` repeats it. */
const WAKE_SECONDS = 60;

export function createCallAcceptance({
  salons,
  calls,
  publisher,
  partyOf,
  clock,
  logger,
}: CallAcceptanceDeps): CallAcceptance {
  return {
    async accept(request) {
      const salon = await salons.openForMessages(request.salonId);
      const now = clock.now();
      const asked = requestedCall(request, { salon, partyOf, now });
      const due_at = asked.due_at ?? plusSeconds(now, WAKE_SECONDS);
      const accepted = await calls.create({ ...asked, due_at });
      if (accepted.call.payload_hash !== asked.payload_hash) throw usedKey(asked);
      if (accepted.created && asked.state === "accepted") await wake(accepted.call);
      return accepted;
    },
  };

  /** The call is safe by now: should this fail, `due_at` brings it back. */
  async function wake({ id, salon_id }: OutboundCall): Promise<void> {
    try {
      await publisher.publish("outbound-calls", id, { call_id: id });
    } catch (error) {
      logger.warn("wake-up not published, due work will find it", { salonId: salon_id, callId: id, error });
    }
  }
}

function usedKey({ salon_id }: OutboundCall): AppError {
  const context = { field: "Idempotency-Key", salonId: salon_id };
  const message = "This Idempotency-Key was used for another call; use a new one.";
  return new AppError("conflict", message, { context });
}
