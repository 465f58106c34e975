import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";

/** One answer to whoever asks for a salon that is unknown, closed, or none of theirs: it tells nothing of which. */
export function noSuchSalon(salonId?: SalonId): AppError {
  const context = { field: "salon_id", ...(salonId === undefined ? {} : { salonId }) };
  return new AppError("not-found", "There is no open salon with this salon_id.", { context });
}
