import twilio from "twilio";
import { expect, test } from "vitest";
import { at, type Bench, field, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

/** A salon whose number has these webhooks, and what comes of a customer's message to it. */
async function salonWith(webhooks: (sinkUrl: string) => Record<string, string>) {
  const bench = await startBench();
  const sink = await bench.sink();
  const sid = await bench.own(SALON);
  await bench.client().incomingPhoneNumbers(sid).update(webhooks(sink.url));
  const write = async (more: Record<string, unknown> = {}) =>
    (await bench.admin("POST", "/inbound-messages", { to: SALON, from: CUSTOMER, body: "Hello", ...more }))
      .body;
  return { bench, sink, write };
}

function isSigned(
  bench: Bench,
  url: string,
  signature: unknown,
  parameters: Readonly<Record<string, string>>,
  token = bench.main.authToken,
) {
  return twilio.validateRequest(token, String(signature), url, { ...parameters });
}

test("signs over the URL it asks for, without the connection overrides", async () => {
  const { bench, sink, write } = await salonWith((url) => ({
    smsUrl: `${url}/in?salon=7&x=%20y#rc=2&rp=all`,
  }));
  await write();
  const [request] = sink.requests;
  expect(request?.url).toBe(`${sink.url}/in?salon=7&x=%20y`);
  expect(
    isSigned(bench, request?.url ?? "", request?.headers["x-twilio-signature"], request?.parameters ?? {}),
  ).toBe(true);
});

test("signs a subaccount's webhooks with the subaccount's token, not the parent's", async () => {
  const bench = await startBench();
  const sink = await bench.sink();
  const sub = await bench.client().api.v2010.accounts.create({});
  const sid = await bench.own(SALON, sub.sid);
  await bench
    .client()
    .api.v2010.accounts(sub.sid)
    .incomingPhoneNumbers(sid)
    .update({ smsUrl: `${sink.url}/in` });
  await bench.admin("POST", "/inbound-messages", { to: SALON, from: CUSTOMER, body: "Hello" });
  const [request] = sink.requests;
  const check = (token: string) =>
    isSigned(
      bench,
      request?.url ?? "",
      request?.headers["x-twilio-signature"],
      request?.parameters ?? {},
      token,
    );
  expect([check(sub.authToken), check(bench.main.authToken)]).toEqual([true, false]);
});

test("signs with the primary token until the secondary is promoted", async () => {
  const { bench, sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in` }));
  const { secondaryAuthToken } = await bench.client().accounts.v1.secondaryAuthToken().create();
  await write();
  await bench.client().accounts.v1.authTokenPromotion().update();
  await write();
  const [before, after] = sink.requests.map(({ url, headers, parameters }) =>
    isSigned(bench, url, headers["x-twilio-signature"], parameters, secondaryAuthToken),
  );
  expect([before, after]).toEqual([false, true]);
});

test("leaves user and password out of the signature and sends them as Basic credentials", async () => {
  const { bench, sink, write } = await salonWith((url) => ({
    smsUrl: `${url.replace("//", "//me:pass%21@")}/in`,
  }));
  await write();
  const [request] = sink.requests;
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from("me:pass!").toString("base64")}`);
  expect(
    isSigned(bench, request?.url ?? "", request?.headers["x-twilio-signature"], request?.parameters ?? {}),
  ).toBe(true);
});

test("puts the parameters of a GET into its URL and signs that", async () => {
  const { bench, sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in?a=1`, smsMethod: "GET" }));
  await write();
  const [request] = sink.requests;
  expect(request?.method).toBe("GET");
  expect(new URL(request?.url ?? "").searchParams.get("Body")).toBe("Hello");
  expect(isSigned(bench, request?.url ?? "", request?.headers["x-twilio-signature"], {})).toBe(true);
});

test("loses a webhook that is answered with 500, because nobody asked for a retry", async () => {
  const { sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in` }));
  sink.reply(() => ({ status: 500 }));
  const answer = await write();
  expect(at(answer, "deliveries", 0)).toMatchObject({ status: 500, attempts: 1 });
});

test("retries a 500 as often as the connection overrides say, with one idempotency token", async () => {
  const { sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in#rc=3&rp=5xx,ct,rt` }));
  sink.reply(() => ({ status: sink.requests.length < 3 ? 503 : 200 }));
  const answer = await write();
  expect(at(answer, "deliveries", 0)).toMatchObject({ status: 200, attempts: 3 });
  expect(new Set(sink.requests.map(({ headers }) => headers["i-twilio-idempotency-token"])).size).toBe(1);
  expect(sink.requests[0]?.headers["i-twilio-idempotency-token"]).toMatch(/^[0-9a-f]{32}$/);
});

test("does not retry a 404 under a policy for 5xx", async () => {
  const { sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in#rc=3&rp=5xx` }));
  sink.reply(() => ({ status: 404 }));
  expect(at(await write(), "deliveries", 0)).toMatchObject({ status: 404, attempts: 1 });
});

test("gives up on an answer that is too slow, and retries it only if asked", async () => {
  const { bench, sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in#rt=100&rc=1&rp=rt` }));
  sink.reply(() => ({ delayMs: sink.requests.length === 1 ? 400 : 0 }));
  expect(at(await write(), "deliveries", 0)).toMatchObject({ status: 200, attempts: 2 });
  expect(at((await bench.admin("GET", "/webhooks")).body, "webhooks")).toHaveLength(1);
});

test("tries a refused connection once more and then the fallback URL, which learns why", async () => {
  const { sink, write } = await salonWith((url) => ({
    smsUrl: "http://127.0.0.1:9/in",
    smsFallbackUrl: `${url}/spare`,
  }));
  const answer = await write();
  expect(at(answer, "deliveries", 0)).toMatchObject({ status: 200, attempts: 3, used_fallback: true });
  expect(sink.requests[0]?.parameters).toMatchObject({
    ErrorCode: "11200",
    ErrorUrl: "http://127.0.0.1:9/in",
  });
});

test("says that no answer came when nobody listens", async () => {
  const { bench, write } = await salonWith(() => ({ smsUrl: "http://127.0.0.1:9/in#rc=0" }));
  expect(at(await write(), "deliveries", 0)).toMatchObject({ status: null, attempts: 1 });
  const log = (await bench.admin("GET", "/webhooks")).body;
  expect(field(log, "webhooks", 0, "failure")).toContain("ECONNREFUSED");
});

test("follows a redirect with GET and without what was posted", async () => {
  const { sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in` }));
  sink.reply(({ path }) =>
    path === "/in" ? { status: 302, headers: { location: "/elsewhere" } } : { status: 200 },
  );
  expect(at(await write(), "deliveries", 0)).toMatchObject({ status: 200, attempts: 1 });
  expect(sink.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "POST /in",
    "GET /elsewhere",
  ]);
  expect(sink.requests[1]?.parameters).toEqual({});
});

test("keeps the secrets of a webhook's query out of the log", async () => {
  const { bench, write } = await salonWith((url) => ({ smsUrl: `${url}/in?key=topsecret&salon=7` }));
  await write();
  const log = JSON.stringify((await bench.admin("GET", "/webhooks")).body);
  expect(log).toContain("/in?key=***&salon=***");
  expect(log).not.toContain("topsecret");
});

test("keeps the last thousand deliveries in the log", async () => {
  const { bench, sink, write } = await salonWith((url) => ({ smsUrl: `${url}/in` }));
  for (let round = 0; round < 11; round += 1) await write({ copies: 100 });
  await until(() => sink.requests.length === 1100);
  expect(at((await bench.admin("GET", "/webhooks")).body, "webhooks")).toHaveLength(1000);
});
