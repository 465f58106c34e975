import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { messageIdOf, SalonId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createHandler } from "./handler.ts";

const MAX_BODY_BYTES = 16_384;
const CUSTOMER = "+14155550142";
const TEXT = "Dear Priya, see you tomorrow at 10.";

let bench: MessagingBench;
let salon: BenchSalon;
let closed: BenchSalon;
let server: Awaited<ReturnType<typeof listen>>;
const lines: string[] = [];

beforeAll(async () => {
  bench = await startMessagingBench();
  salon = await bench.salon();
  closed = await bench.salon({ document: { status: "closed" } });
  const { acceptance, messages } = bench;
  const logger = createLogger({ write: (line) => lines.push(line) });
  const options = { name: "send-message", logger, maxBodyBytes: MAX_BODY_BYTES };
  http("send-message", httpFunction(createHandler({ acceptance, messages }), options));
  server = await listen(getTestServer("send-message"), 0, "send-message");
});
afterAll(async () => {
  await server.close();
  await bench.stop();
});

const valid = () => ({ salon_id: salon.id, channel: "sms", to: CUSTOMER, body: TEXT });

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly key?: string | undefined;
  readonly type?: string | undefined;
  /** As it is sent; an object as JSON. */
  readonly body?: object | string;
}
async function ask({ method = "POST", path = "/v1/messages", body, ...headers }: Sent) {
  const { key, type } = { key: uniqueSalonId(), type: "application/json", ...headers };
  const response = await fetch(`http://${server.host}${path}`, {
    method,
    headers: {
      ...(type === undefined ? {} : { "content-type": type }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const answer = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: response.status, body: isJson ? JSON.parse(answer) : answer };
}
const storedCount = async () =>
  (await bench.database.firestore.collection("messages").count().get()).data().count;

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
      state: "accepted",
      hold_reason: null,
      failure: null,
      segments: 1,
      attempts: [],
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

  test("takes JSON whose content type names its charset", async () => {
    expect((await ask({ type: "application/json; charset=utf-8", body: valid() })).status).toBe(202);
  });
});

describe("what cannot be a message is refused, with the field named, and not stored", () => {
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
  ])("%s", async (_, request, status, field) => {
    const before = await storedCount();
    const answer = await ask(request());
    expect(answer).toMatchObject({
      status,
      body: { error: { code: expect.any(String), message: expect.any(String) } },
    });
    if (field !== undefined) expect(answer.body.error.field).toBe(field);
    expect(JSON.stringify(answer.body)).not.toContain(CUSTOMER);
    expect(await storedCount()).toBe(before);
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
  ["POST", "/v2/messages", 404],
  ["POST", "/v1/messages/a/b", 404],
  ["POST", "/", 404],
  ["GET", "/v1", 404],
])("%s %s is answered %d", async (method, path, status) => {
  expect((await ask({ method, path })).status).toBe(status);
});

test("a client that hangs up in the middle of its body stops nothing", async () => {
  const [host, port] = server.host.split(":");
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
  expect(lines.length).toBeGreaterThan(60);
  const log = lines.join("\n");
  for (const personal of [CUSTOMER, "4155550142", "Priya", "priya@", "Something else", "booking 4711"])
    expect(log).not.toContain(personal);
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ function: "send-message", status: expect.any(Number) });
});
