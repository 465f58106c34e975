/**
 * One text for one value, whatever the order of its keys: JSON as RFC 8785 writes it. Instants (Date or Firestore
 * Timestamp) become ISO 8601, bytes base64, and a key without a value is left out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(ordered(value));
}

function ordered(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if ("toDate" in value && typeof value.toDate === "function") return ordered(value.toDate());
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  // UTF-16 order, which is what a sort without a comparison does.
  return Object.fromEntries(
    entries.map(([key, each]) => [key, ordered(each)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
