const LONGEST_URL = 4000;

/** Whether Twilio takes this address for a webhook: http or https, a hostname without underscore, not too long. */
export function isWebhookUrl(address: string): boolean {
  if (address.length > LONGEST_URL || !URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return (protocol === "http:" || protocol === "https:") && !hostname.includes("_");
}
