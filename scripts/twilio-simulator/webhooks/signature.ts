import { createHmac } from "node:crypto";

/**
 * X-Twilio-Signature: the URL, then every POST parameter's name and value sorted by name in byte order, under
 * HMAC-SHA1 with the account's primary token, in Base64. A GET has no parameters of its own: its URL holds them.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function signatureOf(
  authToken: string,
  url: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const names = Object.keys(parameters).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const signed = url + names.map((name) => name + parameters[name]).join("");
  return createHmac("sha1", authToken).update(signed, "utf8").digest("base64");
}
