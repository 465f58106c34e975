import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { describe, expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { createAddressList } from "#shared/core/address-list.ts";
import { AppError } from "#shared/core/errors.ts";
import { Secret } from "#shared/core/secret.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { WebhookAccount } from "./accounts.ts";
import { type AdmissionDeps, createAdmission } from "./admission.ts";
import { WEBHOOK_POLICIES, type WebhookFunction } from "./limits.ts";

const BASE = "https://hooks.example.com";
const PATH = "/webhooks/twilio/sms/salon-1";
const TOKEN = "a".repeat(32);
const ACCOUNT: WebhookAccount = {
  owner: "platform_subaccount",
  accountSid: `AC${"1".repeat(32)}`,
  tokens: [{ role: "current", token: new Secret(TOKEN) }],
  numbers: ["+14155550101"],
};
const FORM = { AccountSid: ACCOUNT.accountSid, From: "+14155550199", To: "+14155550101" };

function admissionOf(name: WebhookFunction, deps: Partial<AdmissionDeps> = {}) {
  const urls = createWebhookUrls(BASE);
  const policy = WEBHOOK_POLICIES[name];
  const parts = { urls, policy, clock: createMovingClock(), allowedFrom: undefined, trustedProxyHops: 0 };
  return createAdmission({ ...parts, ...deps });
}

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly query?: string;
  readonly body?: string;
}

function requestOf({ method = "POST", headers = {}, query = "", body = encoded() }: Sent = {}): HttpRequest {
  const given: Record<string, string> = {
    "content-type": "application/x-www-form-urlencoded",
    "x-twilio-signature": getExpectedTwilioSignature(TOKEN, `${BASE}${PATH}`, FORM),
    ...headers,
  };
  const rawBody = Buffer.from(body);
  return { method, path: PATH, rawQuery: query, rawBody, header: (name) => given[name], note: () => {} };
}
const encoded = () => new URLSearchParams(FORM).toString();

/** The status and the outcome for the log. */
function refusalOf(work: () => unknown): [number, string | undefined] | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.status, error.context.outcome];
  }
}

test("a signed form is read, and says which token signed it", () => {
  const signed = admissionOf("receive-message").read(requestOf());
  expect([signed.form.From, signed.signedBy(ACCOUNT)]).toEqual([FORM.From, "current"]);
});

describe("what nobody can have signed is refused before anything is read", () => {
  test.each<[string, Sent]>([
    ["no signature", { headers: { "x-twilio-signature": "" } }],
    ["a truncated signature", { headers: { "x-twilio-signature": "A".repeat(27) } }],
    ["no account", { body: "From=%2B14155550199" }],
    ["an account that is none", { body: "AccountSid=AC1" }],
    ["two accounts run together", { body: `AccountSid=${ACCOUNT.accountSid}${ACCOUNT.accountSid}` }],
    ["no body", { body: "" }],
    ["an account in the query of a POST", { query: `?${encoded()}`, body: "" }],
  ])("%s", (_, sent) => {
    expect(refusalOf(() => admissionOf("receive-message").read(requestOf(sent)))).toEqual([403, "unsigned"]);
  });
});

describe("each function takes what Twilio sends it, and nothing else", () => {
  const asQuery = { method: "GET", query: `?${encoded()}`, body: "" };
  const asJson = { headers: { "content-type": "application/json" }, body: JSON.stringify(FORM) };
  test.each<[WebhookFunction, number | undefined, number | undefined]>([
    ["receive-message", undefined, 415],
    ["receive-call", 405, 415],
    ["receive-status", undefined, undefined],
  ])("%s: a GET %s, JSON %s", (name, get, json) => {
    const admission = admissionOf(name);
    expect(refusalOf(() => admission.read(requestOf()))).toBeUndefined();
    expect(refusalOf(() => admission.read(requestOf(asQuery)))?.[0]).toBe(get);
    expect(refusalOf(() => admission.read(requestOf(asJson)))?.[0]).toBe(json);
    for (const method of ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "post", ""]) {
      expect(refusalOf(() => admission.read(requestOf({ ...asQuery, method })))?.[0]).toBe(405);
    }
  });

  test.each(["", "text/plain", "application/x-www-form-urlencoded2", "__proto__", "constructor"])(
    "the content type %j is none of them",
    (type) => {
      const request = requestOf({ headers: { "content-type": type } });
      expect(refusalOf(() => admissionOf("receive-status").read(request))?.[0]).toBe(415);
    },
  );

  test.each(["[]", "null", '"x"', "1", "{", "", "[[]]"])(
    "JSON that is no object has no account: %j",
    (body) => {
      const request = requestOf({ ...asJson, body });
      expect(refusalOf(() => admissionOf("receive-status").read(request))).toEqual([403, "unsigned"]);
    },
  );
});

describe("where addresses are listed", () => {
  const allowedFrom = createAddressList(["203.0.113.0/24", "2001:db8::/32"]);
  const from = (forwarded: string | undefined, trustedProxyHops = 0, sent: Sent = {}) => {
    const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
    const admission = admissionOf("receive-message", { allowedFrom, trustedProxyHops });
    return refusalOf(() => admission.read(requestOf({ ...sent, headers: { ...headers, ...sent.headers } })));
  };

  test.each(["203.0.113.9", "10.0.0.1, 203.0.113.9", "2001:db8::9", "::ffff:203.0.113.9"])(
    "one of them is let in: %s",
    (forwarded) => expect(from(forwarded)).toBeUndefined(),
  );

  test("the hop that our proxies name counts", () => {
    expect(from("203.0.113.9, 198.51.100.1", 1)).toBeUndefined();
    expect(from("203.0.113.9, 198.51.100.1", 0)).toEqual([403, "address-not-allowed"]);
  });

  test.each([
    ["another address", "198.51.100.9"],
    ["one that the caller wrote in front", "203.0.113.9, 198.51.100.9"],
    ["none", undefined],
    ["what is none", "203.0.113.9, unknown"],
    ["fewer hops than there must be", ""],
  ])("%s is refused, however well it is signed and whatever else is wrong", (_, forwarded) => {
    expect(from(forwarded)).toEqual([403, "address-not-allowed"]);
    expect(from(forwarded, 0, { method: "GET" })).toEqual([403, "address-not-allowed"]);
    expect(from(forwarded, 0, { headers: { "content-type": "text/plain" } })).toEqual([
      403,
      "address-not-allowed",
    ]);
  });

  test("the refusal has the words of every other one", () => {
    const words = (deps: Partial<AdmissionDeps>, sent: Sent) => {
      try {
        admissionOf("receive-message", deps).read(requestOf(sent));
      } catch (error) {
        return error instanceof AppError ? error.message : undefined;
      }
    };
    const unsigned = words({}, { headers: { "x-twilio-signature": "" } });
    expect(unsigned).toContain("not signed");
    expect(words({ allowedFrom }, {})).toBe(unsigned);
  });
});

describe("a flood", () => {
  const { perSender, perSalon } = WEBHOOK_POLICIES["receive-message"];
  const shed = (admission: ReturnType<typeof admissionOf>, times: number, form = FORM, salon = "salon-1") => {
    for (let each = 0; each < times; each += 1) {
      const refused = refusalOf(() => admission.count(salon, ACCOUNT, form));
      if (refused !== undefined) return { after: each, refused };
    }
    return undefined;
  };

  test("of one customer is answered 429, and hinders neither others nor their own messages to another salon", () => {
    const admission = admissionOf("receive-message");
    const refused = [429, "flood-of-sender"];
    expect(shed(admission, 1_000)).toEqual({ after: perSender.burst, refused });
    expect(shed(admission, 5, { ...FORM, From: "+14155550198" })).toBeUndefined();
    expect(shed(admission, 5, FORM, "salon-2")).toBeUndefined();
  });

  test("of one customer is over as soon as it is over", () => {
    const clock = createMovingClock();
    const admission = admissionOf("receive-message", { clock });
    shed(admission, 1_000);
    clock.pass(60);
    expect(shed(admission, 1_000)?.after).toBe(perSender.perMinute);
  });

  test("of many customers is answered 429, and hinders no other salon", () => {
    const admission = admissionOf("receive-message");
    const count = (serial: number, salon: string) =>
      refusalOf(() => admission.count(salon, ACCOUNT, { ...FORM, From: `+1415${1_000_000 + serial}` }));
    for (let serial = 0; serial < perSalon.burst; serial += 1)
      expect(count(serial, "salon-1")).toBeUndefined();
    expect(count(5_000, "salon-1")).toEqual([429, "flood-of-salon"]);
    expect(count(5_001, "salon-2")).toBeUndefined();
  });

  test("of a customer's on both channels is one", () => {
    const admission = admissionOf("receive-message");
    shed(admission, perSender.burst - 1);
    const whatsapp = { ...FORM, From: "whatsapp:+14155550199", To: "whatsapp:+14155550101" };
    expect(shed(admission, 5, whatsapp)?.after).toBe(1);
  });

  test("is not seen in the calls that the salon makes to many customers", () => {
    const admission = admissionOf("receive-call");
    for (let serial = 0; serial < 500; serial += 1) {
      const form = { ...FORM, From: "+14155550101", To: `+1415${2_000_000 + serial}` };
      expect(shed(admission, 3, form)).toBeUndefined();
    }
  });

  test("is not seen in different callers who hide their number", () => {
    expect(shed(admissionOf("receive-call"), 500, { ...FORM, From: "anonymous" })).toBeUndefined();
  });

  test("of states is answered 429, since a repetition would fourfold it and Twilio's lists tell the same", () => {
    const { burst } = WEBHOOK_POLICIES["receive-status"].perSalon;
    expect(shed(admissionOf("receive-status"), burst + 1)).toEqual({
      after: burst,
      refused: [429, "flood-of-salon"],
    });
  });
});
