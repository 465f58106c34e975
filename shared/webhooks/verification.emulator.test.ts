import { createHash, createHmac } from "node:crypto";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  type SignedPost,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { json } from "#shared/runtime/http-boundary.ts";
import { isReachedAt } from "./accounts.ts";
import { REREADS_PER_SALON } from "./limits.ts";
import { webhookSegments } from "./path.ts";
import { createVerification } from "./verification.ts";

const REFUSED = {
  error: {
    code: "permission-denied",
    message: "This request is not signed by a Twilio account of this salon.",
  },
};

let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;

beforeAll(async () => {
  bench = await startWebhookBench();
  // The smallest function there can be: it says whose webhook it was.
  const { verify } = bench.verifiersOf("receive-message");
  await bench.serve("receive-message", async (request) => {
    const [salonId = ""] = webhookSegments(request.path, ["whatsapp"]);
    await verify(request, salonId, (account, { To }) => isReachedAt(account, To));
    return { status: 200 };
  });
  await bench.serve("receive-status", async (request) => {
    const [salonId = ""] = webhookSegments(request.path, ["status"]);
    const { account, tokenRole, form } = await bench.verify(request, salonId);
    const said = { owner: account.owner, accountSid: account.accountSid, tokenRole };
    return json(200, { ...said, form: Object.entries(form) });
  });
  [salon, other] = await Promise.all([bench.addSalon("+14155550101"), bench.addSalon("+14155550102")]);
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

const path = (salonId: string = salon.salonId) => `/webhooks/twilio/status/${salonId}`;
const form = (changes: Record<string, string> = {}) => ({
  AccountSid: salon.accountSid,
  MessageSid: `SM${"1".repeat(32)}`,
  MessageStatus: "delivered",
  ...changes,
});

async function answerTo(where: string, sent: SignedPost) {
  const response = await bench.post(where, sent);
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}
const expectRefusal = async (where: string, sent: SignedPost) =>
  expect(await answerTo(where, sent)).toEqual({ status: 403, body: REFUSED });

test("a webhook signed with the subaccount's token is the salon's", async () => {
  const { status, body } = await answerTo(path(), { token: salon.authToken, form: form() });
  expect(status).toBe(200);
  expect(body).toMatchObject({ owner: "platform_subaccount", accountSid: salon.accountSid });
});

describe("every refusal has the same words", () => {
  test("for a request without a signature", async () => {
    await expectRefusal(path(), { form: form() });
  });

  test.each(["", "x", "A".repeat(28), "%00", `${"A".repeat(27)}=, ${"A".repeat(27)}=`])(
    "for the signature %j, which is none",
    async (signature) => {
      await expectRefusal(path(), { form: form(), headers: { "x-twilio-signature": signature } });
    },
  );

  test("for an attacker who signs with a token of their own", async () => {
    await expectRefusal(path(), { token: "0".repeat(32), form: form() });
  });

  test("for an attacker who signs with the empty key, where the stored token is empty", async () => {
    const hollow = await bench.addSalon("+14155550110");
    const platform = {
      ...(await bench.credentials(hollow.salonId, hollow.accountSid, "")),
      parent: "default",
      phone_number: hollow.number,
    };
    await bench.setIntegration(hollow.salonId, { platform });
    const forged = form({ AccountSid: hollow.accountSid });
    const body = new URLSearchParams(forged);
    const signed = `${bench.gateway.url}${path(hollow.salonId)}${[...body.entries()]
      .sort(([one], [two]) => (one < two ? -1 : 1))
      .flat()
      .join("")}`;
    const signature = createHmac("sha1", "").update(signed).digest("base64");
    await expectRefusal(path(hollow.salonId), { form: forged, headers: { "x-twilio-signature": signature } });
  });

  test("for a salon that does not exist, even with a signature that would be right", async () => {
    await expectRefusal(path("salon-nobody"), { token: salon.authToken, form: form() });
  });

  test.each(["a", "%00", "salon_integrations%2Fx", "", "a".repeat(65), "__proto__"])(
    "for the salon id %j, which is none",
    async (salonId) => {
      await expectRefusal(path(salonId), { token: salon.authToken, form: form() });
    },
  );

  test("for another salon's account with its own valid signature", async () => {
    await expectRefusal(path(), { token: other.authToken, form: form({ AccountSid: other.accountSid }) });
  });

  test("for another salon's token under this salon's AccountSid", async () => {
    await expectRefusal(path(), { token: other.authToken, form: form() });
  });

  test("for the parent's token: an account signs with its own, and a leak of one must not open all", async () => {
    const { accountSid: AccountSid, authToken: token } = bench.twilio.main;
    await expectRefusal(path(), { token, form: form() });
    await expectRefusal(path(), { token, form: form({ AccountSid }) });
  });

  test("for a form without an AccountSid, or with an empty one", async () => {
    const { AccountSid: _, ...rest } = form();
    await expectRefusal(path(), { token: salon.authToken, form: rest });
    await expectRefusal(path(), { token: salon.authToken, form: form({ AccountSid: "" }) });
  });

  test("for a form that was changed on its way", async () => {
    const url = `${bench.gateway.url}${path()}`;
    const signature = getExpectedTwilioSignature(salon.authToken, url, form());
    const changed = form({ MessageStatus: "failed" });
    await expectRefusal(path(), { form: changed, headers: { "x-twilio-signature": signature } });
  });

  test("for a signature replayed against another salon", async () => {
    const signature = getExpectedTwilioSignature(salon.authToken, `${bench.gateway.url}${path()}`, form());
    const headers = { "x-twilio-signature": signature };
    await expectRefusal(path(other.salonId), { form: form(), headers });
  });

  test("for JSON that is not of the digest that was signed, and for a query that is not the one", async () => {
    const digest = createHash("sha256").update("{}").digest("hex");
    const urlOfJson = `${bench.gateway.url}${path()}?bodySHA256=${digest}`;
    const signature = getExpectedTwilioSignature(salon.authToken, urlOfJson, {});
    const sent = await fetch(urlOfJson, {
      method: "POST",
      body: JSON.stringify(form()),
      headers: { "content-type": "application/json", "x-twilio-signature": signature },
    });
    expect([sent.status, await sent.json()]).toEqual([403, REFUSED]);
    const query = new URLSearchParams(form());
    const signed = getExpectedTwilioSignature(salon.authToken, `${bench.gateway.url}${path()}?${query}`, {});
    query.set("MessageStatus", "failed");
    const asked = await fetch(`${bench.gateway.url}${path()}?${query}`, {
      headers: { "x-twilio-signature": signed },
    });
    expect([asked.status, await asked.json()]).toEqual([403, REFUSED]);
  });

  test.each(["json", "query"] as const)("for %s from another salon, or from nobody", async (kind) => {
    for (const token of [undefined, other.authToken]) {
      const sent = token === undefined ? { form: form() } : { token, form: form() };
      const answer = await bench.send(kind, path(), sent);
      expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    }
  });

  test("for a salon whose stored credentials were swapped for another salon's", async () => {
    const victim = await bench.addSalon("+14155550111");
    const theirs = bench.database.firestore.doc(`salon_integrations/${other.salonId}`);
    const { account_sid, auth_token } = (await theirs.get()).get("platform");
    const document = bench.database.firestore.doc(`salon_integrations/${victim.salonId}`);
    await document.update({ "platform.account_sid": account_sid, "platform.auth_token": auth_token });
    const forged = form({ AccountSid: other.accountSid });
    await expectRefusal(path(victim.salonId), { token: other.authToken, form: forged });
    expect(bench.logs.lines.join()).toContain("The credential was altered or belongs to another salon.");
  });

  test("for a salon whose stored integration is malformed", async () => {
    const broken = await bench.addSalon("+14155550112");
    const document = bench.database.firestore.doc(`salon_integrations/${broken.salonId}`);
    await document.update({ "platform.phone_number": 42 });
    const sent = { token: broken.authToken, form: form({ AccountSid: broken.accountSid }) };
    await expectRefusal(path(broken.salonId), sent);
  });
});

describe("how a webhook may come", () => {
  test.each(["json", "query"] as const)("with its parameters as %s, where that is taken", async (kind) => {
    const extra = { Body: "é 👋🏽 + & = '", __proto__x: "1" };
    const answer = await bench.send(kind, path(), { token: salon.authToken, form: form(extra) });
    expect(answer.status).toBe(200);
    const said = JSON.parse(await answer.text());
    expect(said).toMatchObject({ owner: "platform_subaccount", accountSid: salon.accountSid });
    expect(said.form).toEqual(expect.arrayContaining(Object.entries(form(extra))));
    expect(said.form.every(([name]: [string]) => name !== "bodySHA256" || kind === "query")).toBe(true);
  });

  test.each(["PUT", "DELETE", "PATCH", "OPTIONS"])("not by %s", async (method) => {
    const { status, body } = await answerTo(path(), { token: salon.authToken, form: form(), method });
    expect([status, body.error.code]).toEqual([405, "method-not-allowed"]);
  });

  test("not by HEAD, which would run what GET runs", async () => {
    const { status } = await fetch(`${bench.gateway.url}${path()}`, { method: "HEAD" });
    expect(status).toBe(405);
  });

  test.each(["text/plain", "multipart/form-data; boundary=x", "application/xml", "application/jsonp"])(
    "not as %s, signed or not, of a salon or of none",
    async (contentType) => {
      const headers = { "content-type": contentType };
      for (const where of [path(), path("salon-nobody")]) {
        const { status, body } = await answerTo(where, { token: salon.authToken, form: form(), headers });
        expect([status, body.error.code]).toEqual([415, "unsupported-media-type"]);
      }
    },
  );
});

describe("the WhatsApp sandbox, one number and one address for each account", () => {
  const SANDBOX = "+14155238886";
  const inbound = { From: "whatsapp:+14155550199", To: `whatsapp:${SANDBOX}`, Body: "Hi" };
  async function withSandbox(serial: number, whatsapp_number: string | null) {
    const { salonId } = await bench.addSalon(`+141555504${serial}`);
    const { sid, auth_token: token } = await bench.twilio.addAccount();
    const twilio = { ...(await bench.credentials(salonId, sid, token)), whatsapp_number, mode: "sandbox" };
    await bench.setIntegration(salonId, { twilio });
    const sent = { token, form: { ...inbound, AccountSid: sid } };
    return { sent, path: `/webhooks/twilio/whatsapp/${salonId}` };
  }
  const statusOf = async (kind: "form" | "query", where: string, sent: SignedPost) =>
    (await (kind === "form" ? bench.post(where, sent) : bench.send(kind, where, sent))).status;

  test.each(["form", "query"] as const)(
    "reaches the salon whose account it is, by the method that was chosen in the Console: %s",
    async (kind) => {
      const serial = kind === "form" ? 10 : 20;
      const one = await withSandbox(serial, SANDBOX);
      const two = await withSandbox(serial + 1, SANDBOX);
      expect(await statusOf(kind, one.path, one.sent)).toBe(200);
      expect(await statusOf(kind, two.path, two.sent)).toBe(200);
      expect(await statusOf(kind, one.path, two.sent)).toBe(403);
    },
  );

  test("reaches no salon that has not entered it, although its account signed", async () => {
    const without = await withSandbox(30, null);
    expect(await statusOf("form", without.path, without.sent)).toBe(403);
  });
});

describe("what Twilio signs is accepted, however odd it looks", () => {
  test.each<[string, [string, string][]]>([
    ["a parameter called __proto__", [["__proto__", "polluted"]]],
    [
      "a parameter called constructor",
      [
        ["constructor", "x"],
        ["toString", "y"],
      ],
    ],
    [
      "a repeated parameter",
      [
        ["Tag", "b"],
        ["Tag", "a"],
        ["Tag", "b"],
      ],
    ],
    [
      "brackets, which a parser of nested forms would take apart",
      [
        ["A[0]", "1"],
        ["A[b]", "2"],
        ["A[]", "3"],
      ],
    ],
    ["any script and any sign", [["Body", "é 👋🏽 नमस्ते + & = % ' \" \u0000 \r\n"]]],
    ["an empty value", [["ErrorCode", ""]]],
    [
      "names that sort by bytes",
      [
        ["b", "1"],
        ["B", "2"],
        ["a", "3"],
        ["é", "4"],
      ],
    ],
  ])("%s", async (_, extra) => {
    const { status, body } = await answerTo(path(), {
      token: salon.authToken,
      form: [...Object.entries(form()), ...extra],
    });
    expect(status).toBe(200);
    expect(body.form).toContainEqual(extra[0]);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test.each(["?b=2&a=1", "?q=%7e%7E+%20", "?q='(!)*", "?empty=&flag", "?a=1&a=2"])(
    "the query %s, kept as it came",
    async (query) => {
      const { status } = await answerTo(`${path()}${query}`, { token: salon.authToken, form: form() });
      expect(status).toBe(200);
    },
  );

  test("another query than the signed one is refused", async () => {
    const url = `${bench.gateway.url}${path()}?salon=1`;
    const signature = getExpectedTwilioSignature(salon.authToken, url, form());
    await expectRefusal(`${path()}?salon=2`, { form: form(), headers: { "x-twilio-signature": signature } });
  });
});

test("forged forwarding headers neither help an attacker nor hurt Twilio", async () => {
  const headers = {
    "x-forwarded-host": "evil.example.com",
    "x-forwarded-proto": "http",
    "x-forwarded-for": "1.2.3.4",
    "x-original-url": "/webhooks/twilio/status/other",
    forwarded: "host=evil.example.com",
  };
  expect((await answerTo(path(), { token: salon.authToken, form: form(), headers })).status).toBe(200);
  const evil = `http://evil.example.com${path()}`;
  const signature = getExpectedTwilioSignature("attacker", evil, form());
  await expectRefusal(path(), { form: form(), headers: { ...headers, "x-twilio-signature": signature } });
});

describe("a cached integration that has become old is read again", () => {
  const verifies = async (accountSid: string, token: string, salonId: string) =>
    (await answerTo(path(salonId), { token, form: form({ AccountSid: accountSid }) })).status;

  test("when the salon gets its account only now", async () => {
    const late = await bench.addSalon("+14155550120");
    const { platform } =
      (await bench.database.firestore.doc(`salon_integrations/${late.salonId}`).get()).data() ?? {};
    await bench.setIntegration(late.salonId, {});
    expect(await verifies(late.accountSid, late.authToken, late.salonId)).toBe(403);
    await bench.setIntegration(late.salonId, { platform });
    expect(await verifies(late.accountSid, late.authToken, late.salonId)).toBe(200);
  });

  test("when its token was rotated: the new one holds at once, the old one no more", async () => {
    const rotated = await bench.addSalon("+14155550121");
    expect(await verifies(rotated.accountSid, rotated.authToken, rotated.salonId)).toBe(200);
    const fresh = "f".repeat(32);
    const platform = {
      ...(await bench.credentials(rotated.salonId, rotated.accountSid, fresh)),
      parent: "default",
      phone_number: rotated.number,
    };
    await bench.setIntegration(rotated.salonId, { platform });
    expect(await verifies(rotated.accountSid, fresh, rotated.salonId)).toBe(200);
    expect(await verifies(rotated.accountSid, rotated.authToken, rotated.salonId)).toBe(403);
  });
});

test("a flood of forged webhooks has the integration read again a few times, not once each", async () => {
  const flooded = await bench.addSalon("+14155550122");
  let reads = 0;
  const integrations = {
    get: (salonId: SalonId, options?: { fresh?: boolean }) => {
      if (options?.fresh === true) reads += 1;
      return bench.integrations.get(salonId, options);
    },
  };
  const admission = bench.admissionOf("receive-status");
  const verify = createVerification({ ...bench, integrations, admission, logger: bench.logs.logger });
  await bench.serve("receive-call", async (request) => {
    const { salonId } = await verify(request, flooded.salonId);
    return json(200, { salonId });
  });
  const where = `/webhooks/twilio/voice/${flooded.salonId}`;
  const forged = { token: "0".repeat(32), form: form({ AccountSid: flooded.accountSid }) };
  const started = Date.now();
  for (let batch = 0; batch < 10; batch += 1) {
    const answers = await Promise.all(Array.from({ length: 30 }, () => bench.post(where, forged)));
    expect(answers.every(({ status }) => status === 403)).toBe(true);
  }
  const seconds = (Date.now() - started) / 1000;
  expect(reads).toBeGreaterThanOrEqual(REREADS_PER_SALON.burst);
  expect(reads).toBeLessThanOrEqual(REREADS_PER_SALON.burst + seconds + 1);
  // The salon's own are verified with what is at hand.
  const genuine = { token: flooded.authToken, form: form({ AccountSid: flooded.accountSid }) };
  expect((await bench.post(where, genuine)).status).toBe(200);
});

test("a salon with an account of its own beside the platform's is reached through both", async () => {
  const both = await bench.addSalon("+14155550130");
  const own = await bench.twilio.addAccount();
  const { platform } =
    (await bench.database.firestore.doc(`salon_integrations/${both.salonId}`).get()).data() ?? {};
  const twilio = { ...(await bench.credentials(both.salonId, own.sid, own.auth_token)), is_active: true };
  await bench.setIntegration(both.salonId, { platform, twilio });
  const throughOwn = await answerTo(path(both.salonId), {
    token: own.auth_token,
    form: form({ AccountSid: own.sid }),
  });
  expect(throughOwn.body).toMatchObject({ owner: "salon_own", accountSid: own.sid });
  const through = { token: both.authToken, form: form({ AccountSid: both.accountSid }) };
  expect((await answerTo(path(both.salonId), through)).body).toMatchObject({ owner: "platform_subaccount" });
});

describe("in the middle of a rotation of an own account", () => {
  const [CURRENT, NEXT, PREVIOUS] = ["a".repeat(32), "b".repeat(32), "c".repeat(32)];
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);

  /** Who signed, as it is verified: the role, or the status of the refusal. */
  async function verifier(expiresAt: Date, previousSid?: string) {
    const { salonId } = await bench.addSalon(`+1415555${String(3_000 + serial++)}`);
    const { sid } = await bench.twilio.addAccount();
    const [current, next, previous] = await Promise.all([
      bench.credentials(salonId, sid, CURRENT),
      bench.credentials(salonId, sid, NEXT),
      bench.credentials(salonId, previousSid ?? sid, PREVIOUS),
    ]);
    const twilio = {
      ...current,
      next_auth_token: { auth_token: next.auth_token, origin: "secondary", stored_at: inHours(-1) },
      previous: { ...previous, rotated_at: inHours(-1), expires_at: expiresAt },
    };
    await bench.setIntegration(salonId, { twilio });
    return async (token: string, accountSid = sid) => {
      const sent = { token, form: form({ AccountSid: accountSid }) };
      const { status, body } = await answerTo(path(salonId), sent);
      return status === 200 ? body.tokenRole : status;
    };
  }
  let serial = 0;

  test("each token of the account verifies, and it is told which one did", async () => {
    const verified = await verifier(inHours(1));
    expect(await Promise.all([CURRENT, NEXT, PREVIOUS].map((token) => verified(token)))).toEqual([
      "current",
      "next",
      "previous",
    ]);
  });

  test("the previous one verifies nothing any more after its 24 hours, though it is still stored", async () => {
    const verified = await verifier(inHours(-0.001));
    expect([await verified(PREVIOUS), await verified(CURRENT)]).toEqual([403, "current"]);
  });

  test("a previous one of another account verifies that account's webhooks and no others", async () => {
    const before = await bench.twilio.addAccount();
    const verified = await verifier(inHours(1), before.sid);
    expect(await verified(PREVIOUS, before.sid)).toBe("previous");
    expect(await verified(PREVIOUS)).toBe(403);
    expect(await verified(CURRENT, before.sid)).toBe(403);
    expect(await verified(NEXT, before.sid)).toBe(403);
  });
});

test("credentials of one account that cannot be opened do not shut out the other", async () => {
  const half = await bench.addSalon("+14155550131");
  const document = bench.database.firestore.doc(`salon_integrations/${half.salonId}`);
  const { platform } = (await document.get()).data() ?? {};
  const foreign = await bench.credentials(other.salonId, other.accountSid, other.authToken);
  await bench.setIntegration(half.salonId, { platform, twilio: { ...foreign, is_active: true } });
  const sent = { token: half.authToken, form: form({ AccountSid: half.accountSid }) };
  expect((await answerTo(path(half.salonId), sent)).status).toBe(200);
});

test("nothing secret is logged of accepted and refused webhooks", async () => {
  await bench.post(path(), {
    token: salon.authToken,
    form: form({ From: "+14155550199", Body: "My secret" }),
  });
  await bench.post(path(), { token: "guess", form: form({ From: "+14155550199", Body: "My secret" }) });
  await bench.post(`${path()}?key=in-the-query`, { form: form() });
  expect(bench.logs.lines).toHaveLength(3);
  const secrets = [salon.authToken, salon.accountSid, "4155550199", "My secret", "guess", "in-the-query"];
  expect(bench.logs.leaked(secrets)).toEqual([]);
});
