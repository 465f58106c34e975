import { z } from "zod";

/** A point in time: written to Firestore as a Date, read back from it as a Timestamp. */
export const Instant = z.preprocess((value) => (hasToDate(value) ? value.toDate() : value), z.date());

function hasToDate(value: unknown): value is { toDate(): unknown } {
  return (
    typeof value === "object" && value !== null && "toDate" in value && typeof value.toDate === "function"
  );
}
