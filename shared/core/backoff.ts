const BASE_SECONDS = 15;
const MAX_SECONDS = 900;

/** Exponential with full jitter, from the second attempt on; seconds. */
export function backoffSeconds(attempt: number, random: () => number): number {
  return 1 + random() * Math.min(MAX_SECONDS, BASE_SECONDS * 2 ** Math.min(attempt - 1, 10));
}
