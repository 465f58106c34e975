import { createHash, createHmac } from "node:crypto";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { describe, expect, test } from "vitest";
import { Secret } from "#shared/core/secret.ts";
import { verifySignature } from "./signature.ts";

const FORM = "application/x-www-form-urlencoded; charset=UTF-8";
const JSON_TYPE = "application/json";
const TOKEN = "12345";

interface Case {
  readonly url: string;
  readonly body?: string;
  readonly contentType?: string | undefined;
  readonly signature: string;
  readonly tokens?: readonly string[];
}

function verify({ url, body = "", contentType = FORM, signature, tokens = [TOKEN] }: Case): boolean {
  const candidates = tokens.map((token) => ({ role: "current", token: new Secret(token) }));
  const request = { url, rawBody: Buffer.from(body), contentType, signature, tokens: candidates };
  return verifySignature(request) === "current";
}

describe("vectors that Twilio publishes", () => {
  const CALL =
    "Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE";
  const DOCS =
    "Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE";
  const LISTED = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
  const URL_S = "https://mycompany.com/myapp.php?foo=1&bar=2";
  const URL_P = "http://mycompany.com/myapp.php?foo=1&bar=2";
  const BODY = '{"property": "value", "boolean": true}';
  const HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";

  // The first from https://www.twilio.com/docs/usage/webhooks/webhooks-security, the others from the tests of Twilio's
  // own libraries (twilio-python tests/unit/test_request_validator.py, twilio-node, twilio-php, twilio-csharp).
  test.each<[string, Case]>([
    [
      "the documentation's",
      {
        url: "https://example.com/myapp.php?foo=1&bar=2",
        body: DOCS,
        signature: "L/OH5YylLD5NRKLltdqwSvS0BnU=",
      },
    ],
    ["a form", { url: URL_S, body: CALL, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=" }],
    [
      "a port that was not signed",
      {
        url: URL_S.replace(".com", ".com:1234"),
        body: CALL,
        signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
      },
    ],
    [
      "a standard port that was signed",
      { url: URL_S, body: CALL, signature: "kvajT1Ptam85bY51eRf/AJRuM3w=" },
    ],
    [
      "a port of plain http",
      {
        url: URL_P.replace(".com", ".com:1234"),
        body: CALL,
        signature: "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
      },
    ],
    ["the standard port of http", { url: URL_P, body: CALL, signature: "0ZXoZLH/DfblKGATFgpif+LLRf4=" }],
    ["a list with a repetition", { url: URL_S, body: LISTED, signature: "IK+Dwps556ElfBT0I3Rgjkr1wJU=" }],
    [
      "JSON by its digest",
      {
        url: `${URL_S}&bodySHA256=${HASH}`,
        body: BODY,
        contentType: JSON_TYPE,
        signature: "a9nBmqA0ju/hNViExpshrM61xv4=",
      },
    ],
    [
      "JSON by its digest alone",
      {
        url: `https://mycompany.com/myapp.php?bodySHA256=${HASH}`,
        body: BODY,
        contentType: JSON_TYPE,
        signature: "y77kIzt2vzLz71DgmJGsen2scGs=",
      },
    ],
  ])("%s", (_, published) => {
    expect(verify(published)).toBe(true);
    expect(verify({ ...published, tokens: ["12346"] })).toBe(false);
    expect(verify({ ...published, body: `${published.body ?? ""} ` })).toBe(false);
  });

  test("JSON without its digest in the address is refused", () => {
    const signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    expect(verify({ url: URL_S, body: BODY, contentType: JSON_TYPE, signature })).toBe(false);
  });
});

const BASE = "https://hooks.example.com/webhooks/twilio/sms/salon-1";

describe("what Twilio's own library signs is taken", () => {
  const bodies: Record<string, [string, string][]> = {
    "nothing at all": [],
    "an empty value": [
      ["Body", ""],
      ["From", "+14155550199"],
    ],
    "an empty name": [["", "x"]],
    "a repeated key": [
      ["Tag", "b"],
      ["Tag", "a"],
      ["Tag", "b"],
      ["Tag", ""],
    ],
    brackets: [
      ["A[0]", "1"],
      ["A[0]", "2"],
      ["A[b][c]", "3"],
      ["A[]", "4"],
    ],
    "names of every object": [
      ["__proto__", "x"],
      ["constructor", "y"],
      ["hasOwnProperty", "z"],
      ["toString", "w"],
      ["length", "1"],
    ],
    unicode: [
      ["Body", "é 👋🏽 नमस्ते హలో \u200b\u202e\ufeff"],
      ["ProfileName", "\u0000\r\n\t"],
      ["🔑", "1"],
    ],
    "names in byte order": [
      ["b", "1"],
      ["B", "2"],
      ["a", "3"],
      ["_", "4"],
      ["é", "5"],
      ["Z", "6"],
    ],
    "reserved signs": [["Body", "a+b&c=d;e%20f'\"(!)*~/?#@:"]],
    "what looks like another parameter": [["Body", "1&AccountSid=AC0"]],
    "numbers as names, which sort as text": [
      ["10", "a"],
      ["9", "b"],
      ["1", "c"],
    ],
  };
  const queries = [
    "",
    "?",
    "?a=1&b=2",
    "?b=2&a=1",
    "?a=1&a=2&a=1",
    "?empty=&flag",
    "?q=O'Neil",
    "?q='(!)*~",
    "?q=%7e%7E%20+",
    "?q=%E0%A4%A8&r=नम",
    "?q=%E0%A4%A",
    "?A[0]=1&__proto__=2",
    "?q=a@b.example",
    "?q=http://x/?y=z",
    "?&&==&",
    `?q=${"x".repeat(4_000)}`,
  ];
  const paths = ["", "/", "//", "/a%2Fb", "/%41", "/../x", "/;p=1", "/a:b@c"];

  for (const [name, pairs] of Object.entries(bodies)) {
    test.each(queries)(`${name}, to %j`, (query) => {
      const url = `${BASE}${query}`;
      const signature = getExpectedTwilioSignature(TOKEN, url, grouped(pairs));
      const body = new URLSearchParams(pairs).toString();
      expect(verify({ url, body, signature })).toBe(true);
      expect(verify({ url, body, signature, tokens: ["12346"] })).toBe(false);
      expect(verify({ url: url.replace("salon-1", "salon-2"), body, signature })).toBe(false);
      expect(verify({ url, body: `${body}&Added=1`, signature })).toBe(false);
    });
  }

  test.each(paths)("under a path that ends in %j, as it is", (path) => {
    const url = `${BASE}${path}`;
    const signature = getExpectedTwilioSignature(TOKEN, url, { A: "1" });
    expect(verify({ url, body: "A=1", signature })).toBe(true);
    expect(verify({ url: `${url}/`, body: "A=1", signature })).toBe(false);
  });

  test.each(queries)("by GET, to %j", (query) => {
    const url = `${BASE}${query}`;
    const signature = getExpectedTwilioSignature(TOKEN, url, {});
    expect(verify({ url, contentType: undefined, signature })).toBe(true);
    expect(verify({ url, signature })).toBe(true);
    expect(verify({ url: `${url}x`, contentType: undefined, signature })).toBe(false);
    expect(verify({ url, body: "A=1", signature })).toBe(false);
  });

  test.each(["{}", '{"a":"é 👋🏽","__proto__":{"b":1}}', "[1]", " {}\n", "\ufeff{}", '"x"', "not json"])(
    "as JSON by the digest of %j",
    (body) => {
      const url = `${BASE}?x=1&bodySHA256=${createHash("sha256").update(body).digest("hex")}`;
      const signature = getExpectedTwilioSignature(TOKEN, url, {});
      const sent = { url, body, contentType: `${JSON_TYPE}; charset=utf-8`, signature };
      expect(verify(sent)).toBe(true);
      expect(verify({ ...sent, body: `${body} ` })).toBe(false);
      expect(verify({ ...sent, contentType: FORM })).toBe(false);
    },
  );

  test.each([
    ["https://hooks.example.com/p", "https://hooks.example.com:443/p"],
    ["https://hooks.example.com:443/p", "https://hooks.example.com/p"],
    ["http://hooks.example.com/p", "http://hooks.example.com:80/p"],
    ["https://hooks.example.com:8443/p", "https://hooks.example.com/p"],
    ["https://[2001:db8::1]:8443/p", "https://[2001:db8::1]/p"],
    ["https://hooks.example.com/p#rc=3&rp=5xx,ct,rt", "https://hooks.example.com/p"],
    ["https://hooks.example.com/p?x=1#y?z", "https://hooks.example.com/p?x=1"],
    ["https://user:p%40ss@hooks.example.com/p", "https://hooks.example.com/p"],
    ["https://user:p@ss@hooks.example.com:443/p#x", "https://hooks.example.com/p"],
    ["https://hooks.example.com/@p?u=a@b", "https://hooks.example.com/@p?u=a@b"],
  ])("for the address %s where it signs %s", (url, signed) => {
    const signature = getExpectedTwilioSignature(TOKEN, signed, { A: "1" });
    expect(verify({ url, body: "A=1", signature })).toBe(true);
  });
});

describe("what is forged is refused", () => {
  const genuine = getExpectedTwilioSignature(TOKEN, BASE, { A: "1" });
  const sent = { url: BASE, body: "A=1", signature: genuine };
  const hmac = (key: string, algorithm = "sha1", data = `${BASE}A1`) =>
    createHmac(algorithm, key).update(data).digest("base64");

  test("while the genuine one is taken", () => {
    expect(verify(sent)).toBe(true);
    expect(hmac(TOKEN)).toBe(genuine);
  });

  test.each<[string, Partial<Case>]>([
    ["signed with the empty key, where a token is empty", { signature: hmac(""), tokens: ["", TOKEN] }],
    ["signed with what is missing, by its name", { signature: hmac("undefined"), tokens: ["", TOKEN] }],
    ["signed with another account's token", { signature: hmac("54321") }],
    ["signed with the token in another case", { signature: hmac("abcdef"), tokens: ["ABCDEF"] }],
    ["signed with the first half of the token", { signature: hmac(TOKEN.slice(0, 2)) }],
    ["truncated", { signature: genuine.slice(0, -1) }],
    ["truncated to nothing", { signature: "" }],
    ["padded", { signature: `${genuine}=` }],
    ["repeated, as two headers join", { signature: `${genuine}, ${genuine}` }],
    ["in the alphabet of addresses", { signature: `${"-_".repeat(13)}A=` }],
    ["surrounded by space", { signature: ` ${genuine} ` }],
    ["in hexadecimal", { signature: Buffer.from(genuine, "base64").toString("hex") }],
    ["of a stronger digest", { signature: hmac(TOKEN, "sha256") }],
    ["over the path alone", { signature: hmac(TOKEN, "sha1", "/webhooks/twilio/sms/salon-1A1") }],
    ["over another host", { signature: hmac(TOKEN, "sha1", `${BASE.replace("hooks.", "evil.")}A1`) }],
    ["over another scheme", { signature: hmac(TOKEN, "sha1", `${BASE.replace("https", "http")}A1`) }],
    ["over its fragment", { url: `${BASE}#x`, signature: hmac(TOKEN, "sha1", `${BASE}#xA1`) }],
    ["replayed to another salon", { url: BASE.replace("salon-1", "salon-2") }],
    ["replayed to another kind of webhook", { url: BASE.replace("sms", "voice") }],
    ["replayed with a query", { url: `${BASE}?x=1` }],
    ["replayed with a slash", { url: `${BASE}/` }],
    ["replayed with another body", { body: "A=2" }],
    ["replayed as JSON", { contentType: JSON_TYPE }],
    ["replayed as text", { contentType: "text/plain" }],
    ["replayed as a form of another kind", { contentType: "multipart/form-data; boundary=x" }],
    ["replayed under a longer name of a form", { contentType: "application/x-www-form-urlencoded-2" }],
    ["replayed without its body", { body: "" }],
  ])("%s", (_, forged) => {
    expect(verify({ ...sent, ...forged })).toBe(false);
  });
});

/** As the library wants them: repeated names as a list, and no prototype for a name such as `__proto__`. */
function grouped(pairs: readonly [string, string][]): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = Object.create(null);
  for (const [name] of pairs) {
    const values = pairs.filter(([each]) => each === name).map(([, value]) => value);
    parameters[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return parameters;
}
