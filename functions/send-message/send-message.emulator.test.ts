import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { LOCAL_AUDIENCE, localCallerToken } from "#scripts/local-stack/caller-token.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import type { BenchSalon } from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import {
  SERVICE,
  type SendMessageBench,
  type Sent,
  startSendMessageBench,
} from "#scripts/testing/send-message-bench.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { messageIdOf, SalonId } from "#shared/core/ids.ts";

const MAX_BODY_BYTES = 81_920;
const MAX_BULK_BYTES = 2 * 1_024 * 1_024;
const CUSTOMER = "+14155550142";
const TEXT = "Dear Priya, see you tomorrow at 10.";
const OTHER_SERVICE = "reminders@salon-flow.iam.gserviceaccount.com";
const STRANGER = "stranger@salon-flow.iam.gserviceaccount.com";

let bench: SendMessageBench;
let salon: BenchSalon;
let closed: BenchSalon;
let erasing: BenchSalon;
beforeAll(async () => {
  bench = await startSendMessageBench();
  salon = await bench.salon();
  closed = await bench.salon({ document: { status: "closed" } });
  erasing = await bench.salon();
  await bench.database.firestore
    .doc(`salon_integrations/${erasing.id}`)
    .set({ salon_id: erasing.id, erasing: true });
  await bench.allow(OTHER_SERVICE, { salons: [salon.id] });
});
afterAll(() => bench.stop());

const valid = () => ({ salon_id: salon.id, channel: "sms", to: CUSTOMER, body: TEXT });
const ask = (sent: Sent) => bench.ask(sent);
const storedCount = async () => (await bench.traces()).messages ?? 0;

describe("POST /v1/messages", () => {
  test("accepts a message: 202, stored, woken", async () => {
    const key = uniqueSalonId();
    const { status, body } = await ask({ key, body: valid() });
    const id = messageIdOf(salon.id, key);
    expect(status).toBe(202);
    expect(body).toEqual({
      message_id: id,
      salon_id: salon.id,
      channel: "sms",
      to: CUSTOMER,
      category: "transactional",
      critical: false,
      state: "accepted",
      hold_reason: null,
      failure: null,
      segments: 1,
      attempts: [],
      send_at: null,
      accepted_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      expires_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect(await bench.messages.get(id)).toMatchObject({ body: TEXT, to: CUSTOMER, critical: false });
    expect(bench.publisher.published.filter((event) => event.key === id)).toHaveLength(1);
  });

  test("answers a repeated request with the same message, as far as it has come", async () => {
    const key = uniqueSalonId();
    const first = await ask({ key, body: valid() });
    await bench.worker().deliver(first.body.message_id);
    const second = await ask({ key, body: valid() });
    expect(second.status).toBe(202);
    expect(second.body).toMatchObject({ message_id: first.body.message_id, state: "queued" });
    expect(
      bench.publisher.published.filter(
        (event) => event.topic === "outbound" && event.key === first.body.message_id,
      ),
    ).toHaveLength(1);
  });

  test("accepts one message of twenty identical requests at the same moment", async () => {
    const before = await storedCount();
    const key = uniqueSalonId();
    const answers = await atOnce(20, () => ask({ key, body: valid() }));
    const statuses = tally(answers.map(({ status }) => String(status)));
    printCount(`requests at once: 20 under one key, answers ${JSON.stringify(statuses)}`);
    expect(statuses).toEqual({ "202": 20 });
    expect(await storedCount()).toBe(before + 1);
  });

  test("refuses another message under the same key: 409, and names the header", async () => {
    const key = uniqueSalonId();
    const first = await ask({ key, body: valid() });
    const second = await ask({ key, body: { ...valid(), body: "Something else." } });
    expect(second).toMatchObject({
      status: 409,
      body: { error: { code: "conflict", field: "Idempotency-Key" } },
    });
    expect((await bench.messages.get(first.body.message_id))?.body).toBe(TEXT);
  });

  test("takes 1,600 characters, a template's worth of emoji, and what is critical", async () => {
    for (const body of ["a".repeat(1_600), "💇".repeat(800)]) {
      const { status } = await ask({ body: { ...valid(), body } });
      expect(status).toBe(202);
    }
    const { body } = await ask({ body: { ...valid(), critical: true } });
    expect(await bench.messages.get(body.message_id)).toMatchObject({ critical: true });
  });

  test("takes the longest message that there can be, its every character escaped", async () => {
    const media = Array.from({ length: 10 }, () => `https://example.com/${"అ".repeat(980)}`);
    const subject = "💇".repeat(200);
    const fallback = { channel: "email", to: `${"p".repeat(60)}@${"example.".repeat(23)}com`, subject };
    const message = { ...valid(), body: "అ".repeat(1_600), media, critical: true, fallback };
    const body = JSON.stringify(message).replaceAll(/[^"]+(?="[:,}\]])/g, (words) =>
      words.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    );
    expect(JSON.parse(body)).toEqual(message);
    expect(body.length).toBeGreaterThan(74_000);
    expect((await ask({ body })).status).toBe(202);
  });

  test("takes JSON whose content type names its charset", async () => {
    expect((await ask({ type: "application/json; charset=utf-8", body: valid() })).status).toBe(202);
  });
});

describe("what cannot be a message is refused, with the field named, and nothing is stored or published", () => {
  const usedKey = uniqueSalonId();
  beforeAll(() => ask({ key: usedKey, body: valid() }));
  const OFFER = { name: "offer", language: "en", variables: {} };
  const MAIL = { channel: "email", to: "priya@example.com" };
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

  const wrong = (changes: object) => () => ({ body: { ...valid(), ...changes } });
  const without = (field: string) => () => ({
    body: Object.fromEntries(Object.entries(valid()).filter(([name]) => name !== field)),
  });
  const withKey = (key: string | undefined) => () => ({ key, body: valid() });
  const raw =
    (body: string, type: string | undefined = "application/json") =>
    () => ({ body, type });

  test.each<[string, () => Sent, number, string | undefined]>([
    ["an unknown salon", wrong({ salon_id: "salon-nobody" }), 404, "salon_id"],
    ["a closed salon", () => ({ body: { ...valid(), salon_id: closed.id } }), 404, "salon_id"],
    [
      "a salon whose data is being erased",
      () => ({ body: { ...valid(), salon_id: erasing.id } }),
      409,
      undefined,
    ],
    ["no token", () => ({ authorization: undefined, body: valid() }), 401, undefined],
    [
      "a token for another address",
      () => ({ authorization: localCallerToken(SERVICE, `${LOCAL_AUDIENCE}/x`), body: valid() }),
      401,
      undefined,
    ],
    [
      "a service without a policy",
      () => ({ authorization: localCallerToken(STRANGER), body: valid() }),
      404,
      "salon_id",
    ],
    [
      "a service without a policy for that salon",
      () => ({ authorization: localCallerToken(OTHER_SERVICE), body: { ...valid(), salon_id: closed.id } }),
      404,
      "salon_id",
    ],
    [
      "a critical message of a service that may not",
      () => ({ authorization: localCallerToken(OTHER_SERVICE), body: { ...valid(), critical: true } }),
      403,
      "critical",
    ],
    ["no salon", without("salon_id"), 400, "salon_id"],
    ["a salon id with a slash", wrong({ salon_id: "salons/other" }), 400, "salon_id"],
    ["a salon id of dots", wrong({ salon_id: "../.." }), 400, "salon_id"],
    ["a salon id that is too long", wrong({ salon_id: "s".repeat(65) }), 400, "salon_id"],
    ["a salon id that is a number", wrong({ salon_id: 7 }), 400, "salon_id"],
    ["an unknown channel", wrong({ channel: "fax" }), 400, "channel"],
    ["no channel", without("channel"), 400, "channel"],
    ["a number without +", wrong({ to: "14155550142" }), 400, "to"],
    ["a number with spaces", wrong({ to: "+1 415 555 0142" }), 400, "to"],
    ["a WhatsApp address", wrong({ to: "whatsapp:+14155550142" }), 400, "to"],
    ["a number that cannot be", wrong({ to: "+1415555" }), 400, "to"],
    ["an e-mail address", wrong({ to: "priya@example.com" }), 400, "to"],
    ["no number", without("to"), 400, "to"],
    ["an empty text", wrong({ body: "" }), 400, "body"],
    ["a text of spaces", wrong({ body: " \n\t " }), 400, "body"],
    ["1,601 characters", wrong({ body: "a".repeat(1_601) }), 400, "body"],
    ["no text", without("body"), 400, "body"],
    ["a text that is a list", wrong({ body: ["Hello"] }), 400, "body"],
    ["null for the salon", wrong({ salon_id: null }), 400, "salon_id"],
    ["null for the channel", wrong({ channel: null }), 400, "channel"],
    ["null for the number", wrong({ to: null }), 400, "to"],
    ["null for the text", wrong({ body: null }), 400, "body"],
    ["null for critical", wrong({ critical: null }), 400, "critical"],
    ["a word for critical", wrong({ critical: "yes" }), 400, "critical"],
    ["an unknown field", wrong({ from: "+14155550100" }), 400, "from"],
    ["a phone number for a field", wrong({ [CUSTOMER]: true }), 400, "?"],
    ["null for the category", wrong({ category: null }), 400, "category"],
    ["null for the timing", wrong({ timing: null }), 400, "timing"],
    ["null for the media", wrong({ media: null }), 400, "media"],
    ["null for the template", wrong({ body: undefined, template: null }), 400, "template"],
    ["null for the time", wrong({ send_at: null }), 400, "send_at"],
    ["an unknown category", wrong({ category: "spam" }), 400, "category"],
    ["an unknown timing", wrong({ timing: "soon" }), 400, "timing"],
    ["a text beside a template", wrong({ template: OFFER }), 400, "body"],
    [
      "an unknown template",
      wrong({ body: undefined, template: { ...OFFER, name: "nothing" } }),
      400,
      "template.name",
    ],
    [
      "a template in another language",
      wrong({ body: undefined, template: { ...OFFER, language: "de" } }),
      400,
      "template.language",
    ],
    [
      "a template without its variables",
      wrong({ body: undefined, template: { ...OFFER, variables: {} } }),
      400,
      "template.variables.customer_name",
    ],
    ["a picture over http", wrong({ media: ["http://example.com/a.png"] }), 400, "media.0"],
    ["a picture from a file", wrong({ media: ["file:///etc/passwd"] }), 400, "media.0"],
    [
      "two pictures by WhatsApp",
      wrong({ channel: "whatsapp", media: Array(2).fill("https://example.com/a.png") }),
      400,
      "media",
    ],
    ["eleven pictures", wrong({ media: Array(11).fill("https://example.com/a.png") }), 400, "media"],
    ["a picture as text", wrong({ media: "https://example.com/a.png" }), 400, "media"],
    ["a fallback that is not critical", wrong({ fallback: { channel: "sms" } }), 400, "fallback"],
    ["a fallback by fax", wrong({ critical: true, fallback: { channel: "fax" } }), 400, "fallback.channel"],
    [
      "a fallback to no address",
      wrong({ critical: true, fallback: { channel: "email", to: "priya", subject: "Hi" } }),
      400,
      "fallback.to",
    ],
    [
      "a fallback with a header in its subject",
      wrong({ critical: true, fallback: { ...MAIL, subject: "Hi\r\nBcc: x@example.com" } }),
      400,
      "fallback.subject",
    ],
    ["a time in words", wrong({ send_at: "tomorrow" }), 400, "send_at"],
    ["a time without a zone", wrong({ send_at: "2026-12-01T10:00:00" }), 400, "send_at"],
    ["a time in a year", wrong({ send_at: inDays(365) }), 400, "send_at"],
    ["an end in the past", wrong({ expires_at: inDays(-1) }), 400, "expires_at"],
    ["an end in a month", wrong({ expires_at: inDays(30) }), 400, "expires_at"],
    ["a body of 1 MB", wrong({ body: "a".repeat(1_048_576) }), 413, undefined],
    [
      "many messages over the limit",
      () => ({ path: "/v1/messages:bulk", body: { salon_id: salon.id, more: "a".repeat(MAX_BULK_BYTES) } }),
      413,
      undefined,
    ],
    [
      "another message under a used key",
      () => ({ key: usedKey, body: { ...valid(), body: "Else" } }),
      409,
      "Idempotency-Key",
    ],
    ["a purpose, which is the suite's own", wrong({ purpose: "test" }), 400, "purpose"],
    ["a prototype", raw('{"__proto__":{"critical":true}}'), 400, undefined],
    ["an empty object", raw("{}"), 400, "salon_id"],
    ["a list", raw("[]"), 400, "body"],
    ["an empty body", raw(""), 400, "body"],
    ["no content type", () => ({ type: undefined, body: JSON.stringify(valid()) }), 415, undefined],
    ["a form", raw("salon_id=x&to=%2B14155550142", "application/x-www-form-urlencoded"), 415, undefined],
    ["plain text", () => ({ type: "text/plain", body: JSON.stringify(valid()) }), 415, undefined],
    [
      "JSON by another name",
      () => ({ type: "application/jsonp", body: JSON.stringify(valid()) }),
      415,
      undefined,
    ],
    [
      "a body over the limit",
      () => ({ body: { ...valid(), more: "a".repeat(MAX_BODY_BYTES) } }),
      413,
      undefined,
    ],
    ["no Idempotency-Key", withKey(undefined), 400, "Idempotency-Key"],
    ["an empty Idempotency-Key", withKey(""), 400, "Idempotency-Key"],
    ["an Idempotency-Key with a space", withKey("booking 4711"), 400, "Idempotency-Key"],
    ["an Idempotency-Key with an accent", withKey("caf\u00e9"), 400, "Idempotency-Key"],
    ["an Idempotency-Key of 129 characters", withKey("k".repeat(129)), 400, "Idempotency-Key"],
    ["a key under which the suite greets", withKey("greet:SM1"), 400, "Idempotency-Key"],
    ["a key under which the suite tests", withKey("test:1"), 400, "Idempotency-Key"],
    ["a key under which messages come in", withKey("inbound:SM1"), 400, "Idempotency-Key"],
    ["a key of an outbox", withKey("outbox:1"), 400, "Idempotency-Key"],
  ])("%s", async (_, request, status, field) => {
    const before = await bench.traces();
    const answer = await ask(request());
    expect(answer).toMatchObject({
      status,
      body: { error: { code: expect.any(String), message: expect.any(String) } },
    });
    if (field !== undefined) expect(answer.body.error.field).toBe(field);
    expect(JSON.stringify(answer.body)).not.toContain(CUSTOMER);
    expect(await bench.traces()).toEqual(before);
  });

  // functions-framework reads the body before any function of ours runs, so this answer is its own, in HTML.
  test.each([
    ["malformed JSON", `{"to": "${CUSTOMER}" oops`],
    ["half a body", `{"to": "${CUSTOMER}`],
    ["null", "null"],
    ["a string", `"${CUSTOMER}"`],
  ])("%s, which the framework refuses by itself", async (_, body) => {
    const before = await storedCount();
    vi.stubEnv("NODE_ENV", "production");
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const production = await listen(getTestServer("send-message"), 0, "send-message");
    const headers = { "content-type": "application/json", "idempotency-key": uniqueSalonId() };
    const answer = await fetch(`http://${production.host}/v1/messages`, { method: "POST", headers, body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toMatch(/4155550142|node_modules|at JSON/);
    expect(await storedCount()).toBe(before);
    await production.close();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
});

describe("GET /v1/messages/{id}", () => {
  test("tells where a message is, and nothing of accounts", async () => {
    const { body: accepted } = await ask({ body: valid() });
    await bench.worker().deliver(accepted.message_id);
    const { status, body } = await ask({ method: "GET", path: `/v1/messages/${accepted.message_id}` });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      message_id: accepted.message_id,
      state: "queued",
      attempts: [{ number: 1, source: "platform_subaccount", state: "queued", error_code: null }],
    });
    const stored = await bench.messages.get(accepted.message_id);
    for (const inner of [
      stored?.party,
      stored?.payload_hash,
      stored?.attempts[0]?.account,
      stored?.attempts[0]?.sid,
    ])
      expect(JSON.stringify(body)).not.toContain(inner);
  });

  test("tells why a message failed", async () => {
    const to = bench.customer();
    await bench.fault({ kind: "recipient", to, error_code: 21614, surface: "sync" });
    const { body: accepted } = await ask({ body: { ...valid(), to } });
    await bench.worker().deliver(accepted.message_id);
    const { body } = await ask({ method: "GET", path: `/v1/messages/${accepted.message_id}` });
    expect(body).toMatchObject({ state: "failed", failure: { class: "recipient", twilio_code: 21614 } });
  });

  test.each(["0".repeat(40), "nothing", "..%2F..%2Fsalons", "%00", ""])("knows no message %j", async (id) => {
    const answer = await ask({ method: "GET", path: `/v1/messages/${id}` });
    expect(answer).toMatchObject({ status: 404, body: { error: { code: "not-found" } } });
  });

  test("does not show what a customer wrote", async () => {
    const id = messageIdOf(SalonId.parse(salon.id), "inbound:SM1");
    await bench.database.firestore.doc(`messages/${id}`).set({ direction: "inbound", body: "secret" });
    expect((await ask({ method: "GET", path: `/v1/messages/${id}` })).status).toBe(404);
  });
});

test.each([
  ["GET", "/v1/messages", 405],
  ["PUT", "/v1/messages", 405],
  ["DELETE", `/v1/messages/${"0".repeat(40)}`, 405],
  ["POST", `/v1/messages/${"0".repeat(40)}`, 405],
  ["GET", "/v1/messages:bulk", 405],
  ["GET", `/v1/messages/${"0".repeat(40)}:cancel`, 405],
  ["POST", `/v1/messages/${"0".repeat(40)}:delete`, 404],
  ["POST", "/v1/openapi.json", 405],
  ["GET", "/v1/openapi.json", 200],
  ["POST", "/v2/messages", 404],
  ["POST", "/v1/messages/a/b", 404],
  ["POST", "/", 404],
  ["GET", "/v1", 404],
])("%s %s is answered %d", async (method, path, status) => {
  expect((await ask({ method, path })).status).toBe(status);
});

test("the description lets a message among many leave to the defaults what they say", async () => {
  const { paths } = (await ask({ method: "GET", path: "/v1/openapi.json" })).body;
  const { schema } = paths["/v1/messages:bulk"].post.requestBody.content["application/json"];
  expect(schema.properties.messages.items.required).toEqual(["idempotency_key"]);
});

test("a service cannot tell a salon that it may not act for from one that is not there", async () => {
  const authorization = localCallerToken(OTHER_SERVICE);
  const foreign = await ask({ authorization, body: { ...valid(), salon_id: erasing.id } });
  const none = await ask({ authorization, body: { ...valid(), salon_id: "salon-nobody" } });
  expect(foreign.status).toBe(404);
  expect(foreign).toEqual(none);
});

describe("a preview", () => {
  const preview = (changes: object = {}) =>
    ask({ path: "/v1/messages:preview", body: { ...valid(), ...changes } });
  const price = (micros: number) => ({ micros, currency: "INR", rate_card: "2026-02" });

  test.each([
    [
      "a text",
      { body: "Hello" },
      { text: "Hello", encoding: "GSM-7", characters: 5, segments: 1, price: price(200_000) },
    ],
    ["161 characters", { body: "a".repeat(161) }, { encoding: "GSM-7", segments: 2, price: price(400_000) }],
    ["one character that GSM-7 lacks", { body: `${"a".repeat(70)}ॐ` }, { encoding: "UCS-2", segments: 2 }],
    [
      "WhatsApp",
      { channel: "whatsapp", body: "a".repeat(400) },
      { encoding: null, segments: 1, price: price(500_000) },
    ],
    [
      "a template, in its words",
      {
        body: undefined,
        template: {
          name: "appointment_follow_up",
          language: "en",
          variables: { customer_name: "Priya", salon_name: "Bloom", service: "Haircut", date: "5 January" },
        },
      },
      { text: expect.stringContaining("thank you for your visit to Bloom on 5 January for Haircut") },
    ],
  ])("tells what %s says and costs, and stores nothing", async (_, changes, expected) => {
    const before = await bench.traces();
    const { status, body } = await preview(changes);
    expect(status).toBe(200);
    expect(body).toMatchObject(expected);
    expect(await bench.traces()).toEqual(before);
  });

  test("costs nothing through the salon's own account", async () => {
    const own = await bench.salon({ integration: "none" });
    await bench.database.firestore
      .doc(`salon_integrations/${own.id}`)
      .set({ salon_id: own.id, twilio: { is_active: true } });
    expect((await preview({ salon_id: own.id })).body.price).toEqual(price(0));
  });

  test("is refused for what could not be sent", async () => {
    expect(await preview({ body: " " })).toMatchObject({ status: 400, body: { error: { field: "body" } } });
    expect((await preview({ salon_id: "salon-nobody" })).status).toBe(404);
  });
});

describe("a message of everything", () => {
  test("is stored as it was asked for", async () => {
    const send_at = new Date(Date.now() + 3_600_000);
    const { status, body } = await ask({
      body: {
        ...valid(),
        media: ["https://example.com/a.png"],
        critical: true,
        fallback: { channel: "email", to: "priya@example.com", subject: "Your booking" },
        timing: "business_hours",
        send_at: send_at.toISOString(),
        expires_at: new Date(send_at.getTime() + 7_200_000).toISOString(),
      },
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: "scheduled", critical: true, send_at: send_at.toISOString() });
    expect(await bench.messages.get(body.message_id)).toMatchObject({
      media: ["https://example.com/a.png"],
      fallback: { channel: "email" },
      timing: "business_hours",
      due_at: send_at,
    });
  });
});

test("a client that hangs up in the middle of its body stops nothing", async () => {
  const [host, port] = bench.host.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => undefined);
  socket.write(
    "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
  );
  socket.end();
  await text(socket).catch(() => "");
  expect((await ask({ body: valid() })).status).toBe(202);
});

test("nothing of a customer is in the log of all this", () => {
  expect(bench.lines.length).toBeGreaterThan(60);
  const log = bench.lines.join("\n");
  for (const personal of [CUSTOMER, "4155550142", "Priya", "priya@", "Something else", "booking 4711"])
    expect(log).not.toContain(personal);
  for (const line of bench.lines)
    expect(JSON.parse(line)).toMatchObject({ function: "send-message", status: expect.any(Number) });
});
