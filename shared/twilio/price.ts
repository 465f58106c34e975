/** What Twilio charges, in micros of a currency; a refund is negative. */
export interface Price {
  readonly micros: number;
  readonly currency: string;
}

/** Twilio writes a charge as a negative decimal, such as "-0.00750"; nothing until it is rated. */
export function priceOf(
  price: string | null | undefined,
  unit: string | null | undefined,
): Price | undefined {
  const charged = Number(price ?? Number.NaN);
  if (!Number.isFinite(charged) || !unit) return undefined;
  return { micros: 0 - Math.round(charged * 1e6), currency: unit.toUpperCase() };
}
