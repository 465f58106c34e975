/** The segments of a webhook's path after `/webhooks/twilio/{kind}/`, decoded; empty when it is another path. */
export function webhookSegments(path: string, kinds: readonly string[]): string[] {
  const [origin, root, provider, kind = "", ...segments] = path.split("/");
  if (origin !== "" || root !== "webhooks" || provider !== "twilio" || !kinds.includes(kind)) return [];
  return segments.map(decode);
}

/** The attempt that a segment names, counted from 1; no attempt has the number that stands for anything else. */
export function attemptIn(segment = ""): number {
  return /^[1-9]\d{0,3}$/.test(segment) ? Number(segment) : Number.NaN;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
