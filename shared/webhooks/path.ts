/** The segments of a webhook's path after `/webhooks/twilio/{kind}/`, decoded; empty when it is another path. */
export function webhookSegments(path: string, kinds: readonly string[]): string[] {
  const [origin, root, provider, kind = "", ...segments] = path.split("/");
  if (origin !== "" || root !== "webhooks" || provider !== "twilio" || !kinds.includes(kind)) return [];
  return segments.map(decode);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
