/** What the functions of the local stack and of tests are told to expect. */
export const LOCAL_AUDIENCE = "http://send-message.local";

/**
 * The header that a service sends, for CALLER_TOKENS=local: Google's claims without a signature, which is taken only
 * beside an emulator.
 */
export function localCallerToken(email: string, audience = LOCAL_AUDIENCE): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const claims = { iss: "https://accounts.google.com", aud: audience, exp, email, email_verified: true };
  return `Bearer ${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.`;
}
