/** Words that Twilio or a carrier answers by itself; an automatic reply of ours would contradict it. */
const KEYWORDS = new Set([
  "stop",
  "unsubscribe",
  "end",
  "quit",
  "stopall",
  "revoke",
  "optout",
  "cancel",
  "start",
  "unstop",
  "yes",
  "help",
  "info",
]);

/** Whether the whole text is one such word. */
export function isKeyword(body: string): boolean {
  return KEYWORDS.has(body.trim().toLowerCase());
}
