export type WebhookKind = "inbound-message" | "message-status" | "call" | "call-status" | "recording";

export interface WebhookLogEntry {
  readonly at: string;
  readonly kind: WebhookKind;
  readonly account_sid: string;
  readonly resource_sid: string;
  /** What it reports: a MessageStatus or CallStatus. */
  readonly event: string;
  readonly method: string;
  /** The values of the query are masked: they may be somebody's secret. */
  readonly url: string;
  /** Null when no answer came. */
  readonly status: number | null;
  readonly attempts: number;
  readonly failure: string | null;
}

export interface WebhookLog {
  /** Begins a delivery: what is handed over after the log was cleared meanwhile is not kept. */
  begin(): (entry: WebhookLogEntry) => void;
  /** Oldest first. */
  entries(): readonly WebhookLogEntry[];
  clear(): void;
}

const KEPT = 1000;

export function createWebhookLog(): WebhookLog {
  let kept: WebhookLogEntry[] = [];
  let cleared = 0;
  return {
    begin() {
      const clearedBefore = cleared;
      return (entry) => {
        if (cleared !== clearedBefore) return;
        kept.push(entry);
        if (kept.length > 2 * KEPT) kept = kept.slice(-KEPT);
      };
    },
    entries: () => kept.slice(-KEPT),
    clear() {
      cleared += 1;
      kept = [];
    },
  };
}

/** The address without user, password and the values of its query. */
export function maskedUrl(address: string): string {
  const bare = address.replace(/^(https?:\/\/)[^/?#]*@/, "$1");
  const [path = "", query] = bare.split("#")[0]?.split("?") ?? [];
  if (query === undefined) return path;
  const names = query.split("&").map((pair) => `${pair.split("=")[0]}=***`);
  return `${path}?${names.join("&")}`;
}
