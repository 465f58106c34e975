import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";

const REASON = "erasure_under_way";

/** What is asked of a salon while its data is being erased would bring back what its owner wants gone. */
export function underErasure(salonId: SalonId): AppError {
  const message = "The salon's data is being erased; nothing can be sent or changed until that is done.";
  return new AppError("conflict", message, { context: { salonId, reason: REASON } });
}

export function isUnderErasure({ context }: AppError): boolean {
  return context.reason === REASON;
}
