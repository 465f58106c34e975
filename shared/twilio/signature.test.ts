import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "#shared/core/secret.ts";
import { verifySignature } from "./signature.ts";

const FORM = "application/x-www-form-urlencoded";
const TOKEN = "12345";

/** The example of https://www.twilio.com/docs/usage/webhooks/webhooks-security. */
const EXAMPLE = {
  url: "https://example.com/myapp.php?foo=1&bar=2",
  rawBody: Buffer.from(
    "Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE",
  ),
  contentType: FORM,
  signature: "L/OH5YylLD5NRKLltdqwSvS0BnU=",
  tokens: [{ role: "current", token: new Secret(TOKEN) }],
};

/** Twilio's rule, by hand: the address followed by what the test says was appended. */
function sign(signed: string, token = TOKEN): string {
  return createHmac("sha1", token).update(signed, "utf8").digest("base64");
}

const URL_A = "https://hooks.example.com/webhooks/twilio/sms/s1";

function verifyForm(body: string, appended: string, url = URL_A, signedUrl = URL_A) {
  return verifySignature({
    ...EXAMPLE,
    url,
    rawBody: Buffer.from(body),
    signature: sign(signedUrl + appended),
  });
}

describe("accepts", () => {
  test("Twilio's published example", () => {
    expect(verifySignature(EXAMPLE)).toBe("current");
  });

  test("a form in UTF-8 with a charset in its content type", () => {
    const request = { ...EXAMPLE, contentType: "Application/X-WWW-Form-Urlencoded; charset=UTF-8" };
    expect(verifySignature(request)).toBe("current");
  });

  test.each([
    ["empty values", "Body=&From=a", "BodyFroma"],
    ["unicode, as decoded", "Body=%E0%B4%A8%E0%B4%AE+%E2%9C%82%F0%9F%92%87", "Bodyനമ ✂💇"],
    ["a plus for a space and %2B for a plus", "Body=a+b%2Bc", "Bodya b+c"],
    ["names in byte order, capitals first", "b=2&B=1&a=3", "B1a3b2"],
    ["a repeated name, once per value", "A=2&A=1&A=2", "A1A2"],
    ["a name that looks like an array", "A[0]=x&A[1]=y", "A[0]xA[1]y"],
    ["a name without a value", "A", "A"],
    ["no parameters at all", "", ""],
  ])("%s", (_, body, appended) => {
    expect(verifyForm(body, appended)).toBe("current");
  });

  test("parameters whose names are properties of every object", () => {
    expect(verifyForm("__proto__=x&constructor=y&toString=z", "__proto__xconstructorytoStringz")).toBe(
      "current",
    );
  });

  test("an address given with retries in its fragment", () => {
    expect(verifyForm("A=1", "A1", `${URL_A}#rc=3&rp=5xx,ct,rt`)).toBe("current");
  });

  test("an address given with a user and password", () => {
    const given = "https://user:p%40ss@hooks.example.com/webhooks/twilio/sms/s1";
    expect(verifyForm("A=1", "A1", given)).toBe("current");
  });

  test("an address with an apostrophe in its query, signed as it is", () => {
    const url = `${URL_A}?name=O'Neil&mail=a@b.example`;
    expect(verifyForm("A=1", "A1", url, url)).toBe("current");
  });

  test.each([
    [
      "with the standard port, where ours has none",
      "https://hooks.example.com:443/p",
      "https://hooks.example.com/p",
    ],
    ["without a port, where ours has one", "https://hooks.example.com/p", "https://hooks.example.com:8443/p"],
    ["with the port as we gave it", "http://127.0.0.1:8080/p", "http://127.0.0.1:8080/p"],
  ])("what Twilio signed %s", (_, signedUrl, url) => {
    expect(verifyForm("A=1", "A1", url, signedUrl)).toBe("current");
  });

  test("a GET, whose parameters are in the address", () => {
    const url = `${URL_A}?CallSid=CA1&From=%2B1415`;
    const request = {
      ...EXAMPLE,
      url,
      contentType: undefined,
      rawBody: Buffer.alloc(0),
      signature: sign(url),
    };
    expect(verifySignature(request)).toBe("current");
  });

  test("a JSON body by its digest in the address", () => {
    const rawBody = Buffer.from('{"status":"delivered ✂"}');
    const url = `${URL_A}?bodySHA256=${createHash("sha256").update(rawBody).digest("hex")}`;
    const request = { ...EXAMPLE, url, rawBody, contentType: "application/json", signature: sign(url) };
    expect(verifySignature(request)).toBe("current");
    expect(verifySignature({ ...request, rawBody: Buffer.from("{}") })).toBeUndefined();
  });
});

describe("during a rotation", () => {
  const tokens = [
    { role: "current", token: new Secret("current-token") },
    { role: "next", token: new Secret("next-token") },
    { role: "previous", token: new Secret("previous-token") },
  ];

  test.each(tokens)("says that the $role token signed", ({ role, token }) => {
    const signature = sign(`${URL_A}A1`, token.reveal());
    const request = { ...EXAMPLE, url: URL_A, rawBody: Buffer.from("A=1"), signature, tokens };
    expect(verifySignature(request)).toBe(role);
  });
});

describe("an attacker", () => {
  const forged = (token: string) => ({ ...EXAMPLE, signature: sign(`${URL_A}A1`, token), url: URL_A });

  test("cannot sign with the empty key where a token is missing", () => {
    const tokens = [{ role: "current", token: new Secret("") }];
    const request = { ...forged(""), rawBody: Buffer.from("A=1"), tokens };
    expect(verifySignature(request)).toBeUndefined();
  });

  test("gets nowhere where there are no tokens", () => {
    expect(verifySignature({ ...EXAMPLE, tokens: [] })).toBeUndefined();
  });

  test.each([
    undefined,
    "",
    "=",
    "L/OH5YylLD5NRKLltdqwSvS0BnU",
    `${EXAMPLE.signature}\n`,
    "x".repeat(100_000),
  ])("gets nowhere with the signature %j", (signature) => {
    expect(verifySignature({ ...EXAMPLE, signature })).toBeUndefined();
  });

  test.each([
    ["changes a value", "Digits=1235&To=%2B18005551212"],
    ["adds a parameter", `${EXAMPLE.rawBody}&Extra=1`],
    ["leaves one out", "Digits=1234"],
  ])("is noticed when they %s", (_, body) => {
    expect(verifySignature({ ...EXAMPLE, rawBody: Buffer.from(body) })).toBeUndefined();
  });

  test("cannot move a signature to another salon's address", () => {
    expect(verifyForm("A=1", "A1", URL_A.replace("s1", "s2"))).toBeUndefined();
  });

  test("cannot hide a body from the signature of a request without one", () => {
    const signature = sign(URL_A);
    for (const contentType of ["application/json", "text/plain", undefined]) {
      const request = { ...EXAMPLE, url: URL_A, contentType, signature, rawBody: Buffer.from("A=1") };
      expect(verifySignature(request)).toBeUndefined();
    }
  });

  test.each([
    "",
    "/webhooks/twilio/sms/s1",
    "https://",
    "https://[::1",
    "javascript:alert(1)",
    "https://a b/",
  ])("does no harm with the address %j", (url) => {
    expect(verifySignature({ ...EXAMPLE, url })).toBeUndefined();
  });

  test("makes nothing throw, whatever they send", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.uint8Array(),
        fc.string(),
        fc.string(),
        (url, body, contentType, signature) => {
          const request = { ...EXAMPLE, url, rawBody: Buffer.from(body), contentType, signature };
          expect(verifySignature(request)).toBeUndefined();
          const asForm = { ...EXAMPLE, rawBody: Buffer.from(body) };
          expect(verifySignature(asForm)).toBeUndefined();
        },
      ),
    );
  });

  test("leaves no trace on other objects", () => {
    verifyForm("__proto__=polluted&__proto__[admin]=1", "");
    expect(Object.prototype).not.toHaveProperty("admin");
  });
});
