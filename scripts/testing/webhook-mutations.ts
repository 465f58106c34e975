import { createHash } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  getExpectedTwilioSignature,
  validateRequest,
  validateRequestWithBody,
} from "twilio/lib/webhooks/webhooks.js";
import { z } from "zod";
import type { Random } from "#scripts/twilio-simulator/random.ts";

/** A webhook as it goes over the wire, each part of which can be spoiled. */
export interface WireWebhook {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Who signs a webhook, and how it comes. */
export interface Webhook {
  readonly path: string;
  readonly kind: "form" | "query" | "json";
  readonly token: string;
  readonly form: Readonly<Record<string, string>>;
}

const FORM = "application/x-www-form-urlencoded; charset=UTF-8";

/** As Twilio sends it to an address under `base`. */
export function signed(base: string, { path, kind, token, form }: Webhook): WireWebhook {
  const parameters = new URLSearchParams({ ...form });
  if (kind === "query") {
    const asked = `${path}?${parameters}`;
    const signature = getExpectedTwilioSignature(token, `${base}${asked}`, {});
    return {
      method: "GET",
      path: asked,
      headers: { "x-twilio-signature": signature },
      body: Buffer.alloc(0),
    };
  }
  if (kind === "json") {
    const body = Buffer.from(JSON.stringify(form));
    const asked = `${path}?bodySHA256=${createHash("sha256").update(body).digest("hex")}`;
    const signature = getExpectedTwilioSignature(token, `${base}${asked}`, {});
    const headers = { "content-type": "application/json", "x-twilio-signature": signature };
    return { method: "POST", path: asked, headers, body };
  }
  const signature = getExpectedTwilioSignature(token, `${base}${path}`, form);
  const headers = { "content-type": FORM, "x-twilio-signature": signature };
  return { method: "POST", path, headers, body: Buffer.from(parameters.toString()) };
}

/** An account that signs its webhooks. */
export interface Signer {
  readonly accountSid: string;
  readonly token: string;
}

/**
 * Whether one of these accounts has signed it as its own, by Twilio's own library; whatever is compressed, nobody has.
 */
export function isSigned(base: string, webhook: WireWebhook, signers: readonly Signer[]): boolean {
  const { method, path, headers, body } = webhook;
  const signature = headers["x-twilio-signature"] ?? "";
  const url = `${base}${path.replace(/#.*$/s, "")}`;
  if (!URL.canParse(url)) return false;
  const text = method === "GET" ? "" : body.toString();
  const isForm = text !== "" && /^application\/x-www-form-urlencoded/i.test(headers["content-type"] ?? "");
  const isJson = text !== "" && !isForm;
  const form = isForm ? grouped(text) : isJson ? parsed(text) : grouped(new URL(url).search);
  const owner = [form.AccountSid].flat()[0];
  return signers.some(({ accountSid, token }) => {
    if (accountSid !== owner) return false;
    return isJson
      ? validateRequestWithBody(token, signature, url, text)
      : validateRequest(token, signature, url, isForm ? form : {});
  });
}

function parsed(body: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(body));
  } catch {
    return {};
  }
}

function grouped(body: string): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(body)) {
    const earlier = parameters[name];
    parameters[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return parameters;
}

const HOSTILE_TEXTS = [
  "",
  " ",
  "\u0000",
  "\r\nX-Injected: 1",
  "__proto__",
  "constructor",
  "../../salons/x",
  "platform",
  "..",
  "%00",
  "%E0%A4%A",
  "null",
  "-1",
  "1e309",
  "NaN",
  "9".repeat(400),
  "é 👋🏽 नमस्ते \u202e\ud800",
  "<Response><Dial>+1900</Dial></Response>",
  "{{1}}{% x %}",
  "' OR 1=1 --",
  "whatsapp:",
  "whatsapp:+",
  "+",
  "client:alice",
  "x".repeat(5_000),
] as const;
const NAMES = [
  "__proto__",
  "A[0]",
  "A[b][c]",
  "constructor",
  "",
  "toString",
  "length",
  "AccountSid ",
  "\u0000",
];
const SEGMENTS = [
  "platform",
  "..",
  ".",
  "",
  "%2e%2e",
  "%2F",
  "%00",
  "%E0%A4%A",
  "__proto__",
  "salon_integrations%2Fx",
  "a".repeat(300),
  "salon-nobody",
  "é%ff",
] as const;
const METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND", "SEARCH", "PURGE"] as const;
const TYPES = [
  "",
  "text/plain",
  "application/json",
  "application/json; charset=utf-16",
  "application/x-www-form-urlencoded; charset=x-none",
  "application/x-www-form-urlencoded; charset=iso-8859-1",
  "application/x-www-form-urlencodedx",
  "multipart/form-data; boundary=x",
  "application/cloudevents+json",
  "application/octet-stream",
  ";;;",
  "__proto__",
] as const;

type Mutation = (webhook: WireWebhook, random: Random) => WireWebhook;

/** What an insider can do, who has the salon's token: parameters are spoiled before they are signed. */
export function spoiledParameters(form: Webhook["form"], random: Random): Record<string, string> {
  const names = [...Object.keys(form), ...NAMES];
  const changed = Array.from({ length: 1 + random.below(3) }, () => [
    one(names, random),
    one(HOSTILE_TEXTS, random),
  ]);
  const whose = random.below(10) === 0 ? {} : { AccountSid: form.AccountSid ?? "" };
  return { ...form, ...Object.fromEntries(changed), ...whose };
}

const body = (change: (body: Buffer, random: Random) => Buffer | string): Mutation => {
  return (webhook, random) => ({ ...webhook, body: Buffer.from(change(webhook.body, random)) });
};
const header = (name: string, value: (before: string, random: Random) => string): Mutation => {
  return (webhook, random) => ({
    ...webhook,
    headers: { ...webhook.headers, [name]: value(webhook.headers[name] ?? "", random) },
  });
};
const path = (change: (path: string, random: Random) => string): Mutation => {
  return (webhook, random) => ({ ...webhook, path: change(webhook.path, random) });
};
const encoded = (encoding: string, compress: (body: Buffer) => Buffer): Mutation => {
  return (webhook) => ({
    ...webhook,
    headers: { ...webhook.headers, "content-encoding": encoding },
    body: compress(webhook.body),
  });
};

/** What anybody can do to a webhook that they have seen or made up. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "body: a byte flipped": body((bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy.writeUInt8(random.below(256), random.below(copy.length));
    return copy;
  }),
  "body: cut": body((bytes, random) => bytes.subarray(0, random.below(bytes.length + 1))),
  "body: empty": body(() => ""),
  "body: noise": body((_, random) =>
    Buffer.from(Array.from({ length: random.below(2_000) }, () => random.below(256))),
  ),
  "body: null bytes": body((bytes) => Buffer.concat([bytes, Buffer.alloc(100)])),
  "body: broken percent-encoding": body((bytes) => `${bytes}&Body=%E0%A4%A&%=%zz&x=%`),
  "body: a parameter more": body((bytes, random) => `${bytes}&${one(NAMES, random)}=1`),
  "body: an account more": body((bytes) => `${bytes}&AccountSid=AC${"0".repeat(32)}`),
  "body: very many parameters": body((bytes, random) => `${bytes}${"&a=1".repeat(900 + random.below(500))}`),
  "body: deep brackets": body((bytes, random) => `${bytes}&a${"[b]".repeat(random.below(500))}=1`),
  "body: too large": body((bytes, random) => `${bytes}&Big=${"x".repeat(60_000 + random.below(60_000))}`),
  "body: JSON": body(() => '{"AccountSid":"AC","__proto__":{"x":1}}'),
  "signature: none": header("x-twilio-signature", () => ""),
  "signature: made up": header("x-twilio-signature", (_, random) => `${noise(random, 27)}=`),
  "signature: cut": header("x-twilio-signature", (before, random) => before.slice(0, random.below(28))),
  "signature: twice": header("x-twilio-signature", (before) => `${before}, ${before}`),
  "signature: huge": header("x-twilio-signature", () => "A".repeat(8_000)),
  "header: another type": header("content-type", (_, random) => one(TYPES, random)),
  "header: forwarding forged": header("x-forwarded-host", () => "evil.example"),
  "header: addresses forged": header("x-forwarded-for", () => "1.2.3.4, unknown, <script>"),
  "header: the method overridden": header("x-http-method-override", () => "DELETE"),
  "header: an event forged": header("ce-type", () => "google.cloud.firestore.document.v1.written"),
  "header: a trace that is none": header("traceparent", (_, random) => noise(random, 55)),
  "header: much": header("cookie", (_, random) => "c".repeat(random.below(12_000))),
  "encoding: unknown": header("content-encoding", () => "rot13"),
  "encoding: a lie": header("content-encoding", () => "gzip"),
  "encoding: gzip": encoded("gzip", gzipSync),
  "encoding: deflate": encoded("deflate", deflateSync),
  "encoding: br": encoded("br", brotliCompressSync),
  "encoding: gzip, cut": encoded("gzip", (bytes) => gzipSync(bytes).subarray(0, 20)),
  "encoding: gzip of very much": encoded("gzip", () => BOMB),
  "method: another": (webhook, random) => ({ ...webhook, method: one(METHODS, random) }),
  "path: another salon": path((from, random) => withSegment(from, 4, one(SEGMENTS, random))),
  "path: another kind": path((from, random) =>
    withSegment(from, 3, one(["sms", "voice", "status", "x", ".."], random)),
  ),
  "path: another end": path(
    (from, random) => `${from.split("?")[0]}/${one(SEGMENTS, random)}/${one(SEGMENTS, random)}`,
  ),
  "path: a message's": path((from, random) => {
    const attempt = one(["1", "0", "-1", "1e3", "", "9".repeat(30)], random);
    return `${withSegment(from, 5, "0".repeat(40)).split("?")[0]}/${attempt}`;
  }),
  "path: doubled slashes": path((from) => from.replaceAll("/", "//")),
  "path: a fragment": path((from) => `${from}#rc=3`),
  "path: absolute": path((from) => `http://evil.example${from}`),
  "query: more": path(
    (from, random) => `${from}${from.includes("?") ? "&" : "?"}${noise(random, 20)}=%E0%A4`,
  ),
  "query: very long": path((from, random) => `${from}?q=${"x".repeat(random.below(9_000))}`),
};

const BOMB = gzipSync(Buffer.alloc(4_000_000, "a"));

function withSegment(from: string, at: number, segment: string): string {
  const [before = "", ...query] = from.split("?");
  const segments = before.split("/");
  segments[at] = segment;
  return [segments.join("/"), ...query].join("?");
}

function noise(random: Random, length: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length }, () => letters[random.below(letters.length)] ?? "A").join("");
}

export function one<T>(many: readonly [T, ...T[]] | readonly T[], random: Random): T {
  const found = many[random.below(many.length)];
  if (found === undefined) throw new Error("There is none to choose from.");
  return found;
}
