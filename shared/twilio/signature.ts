import { validateRequest, validateRequestWithBody } from "twilio/lib/webhooks/webhooks.js";
import type { Secret } from "#shared/core/secret.ts";

export interface SignedRequest<Role extends string> {
  /** The address Twilio was given or requested; its fragment and user are not part of what is signed. */
  readonly url: string;
  readonly rawBody: Buffer;
  readonly contentType: string | undefined;
  /** The `X-Twilio-Signature` header. */
  readonly signature: string | undefined;
  /** The tokens that may have signed, the likeliest first. */
  readonly tokens: readonly { readonly role: Role; readonly token: Secret }[];
}

/** Base64 of an HMAC-SHA1: anything else is refused before a digest is spent on it. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

/** Whether a header has the form of a signature, which says nothing of whether it is one. */
export function isSignature(value: string | undefined): value is string {
  return value !== undefined && SIGNATURE.test(value);
}

/**
 * Says whose token signed a webhook, or `undefined` when none did. Never throws, whatever the request holds.
 * Empty tokens verify nothing: anyone can sign with an empty key.
 * Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function verifySignature<Role extends string>(request: SignedRequest<Role>): Role | undefined {
  const { signature } = request;
  if (!isSignature(signature)) return undefined;
  const matches = matcher(request, signature);
  return request.tokens.find(({ token }) => token.reveal() !== "" && matches(token.reveal()))?.role;
}

function matcher(request: SignedRequest<string>, signature: string): (token: string) => boolean {
  const url = signedPartOf(request.url);
  if (!URL.canParse(url)) return () => false;
  const body = request.rawBody.toString("utf8");
  if (mediaTypeOf(request.contentType) === "application/x-www-form-urlencoded") {
    const parameters = groupParameters(body);
    return (token) => validateRequest(token, signature, url, parameters);
  }
  if (body === "") return (token) => validateRequest(token, signature, url, {});
  return (token) => validateRequestWithBody(token, signature, url, body);
}

/** The text is kept as it is: `new URL()` would re-encode characters that Twilio signed bare. */
function signedPartOf(url: string): string {
  return url.replace(/#.*$/s, "").replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?]*@/i, "$1");
}

/** What a `Content-Type` header names, without its parameters. */
export function mediaTypeOf(contentType = ""): string {
  return contentType.replace(/;.*$/s, "").trim().toLowerCase();
}

/** No prototype, so that a parameter called `__proto__` is a parameter like any other. */
function groupParameters(body: string): Record<string, string | string[]> {
  const grouped: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(body)) {
    const earlier = grouped[name];
    grouped[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return grouped;
}
