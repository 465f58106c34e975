const BASE_SECONDS = 15;
const MAX_SECONDS = 900;
/** After half a day of trouble nothing is gained by trying every few minutes. */
const PATIENT_FROM = 100;
const PATIENT_SECONDS = 3_600;

/** Exponential with full jitter, from the second attempt on; seconds. A week of trouble takes about 400 attempts. */
export function backoffSeconds(attempt: number, random: () => number): number {
  const most = attempt < PATIENT_FROM ? MAX_SECONDS : PATIENT_SECONDS;
  return 1 + random() * Math.min(most, BASE_SECONDS * 2 ** Math.min(attempt - 1, 10));
}
