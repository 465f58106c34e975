import { expect, test } from "vitest";
import { at, field, startBench } from "../testing/bench.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

/** A salon's number, with a webhook of its own, in a service. */
async function salon(settings: Record<string, string> = {}) {
  const bench = await startBench();
  const sink = await bench.sink();
  const numberSid = await bench.own(SALON);
  const client = bench.client();
  await client.incomingPhoneNumbers(numberSid).update({ smsUrl: `${sink.url}/number` });
  const { body } = await bench.api("POST", "/v1/Services", { FriendlyName: "Reminders", ...settings });
  const service = client.messaging.v1.services(field(body, "sid"));
  await service.phoneNumbers.create({ phoneNumberSid: numberSid });
  const write = () => bench.admin("POST", "/inbound-messages", { to: SALON, from: CUSTOMER, body: "Hello" });
  const asked = () => sink.requests.map(({ method, path }) => `${method} ${path}`);
  return { bench, client, sink, numberSid, service, write, asked };
}

test("takes messages to the service's webhook, not to the number's", async () => {
  const { bench, sink, service, write, asked } = await salon();
  await service.update({ inboundRequestUrl: `${sink.url}/service` });
  const sid = field((await write()).body, "message_sid");
  expect(asked()).toEqual(["POST /service"]);
  const { sid: serviceSid } = await service.fetch();
  expect(sink.requests[0]?.parameters.MessagingServiceSid).toBe(serviceSid);
  expect((await bench.client().messages(sid).fetch()).messagingServiceSid).toBe(serviceSid);
});

test("takes messages to the number's webhook when the service says so", async () => {
  const { service, write, asked } = await salon();
  await service.update({ useInboundWebhookOnNumber: true });
  await write();
  expect(asked()).toEqual(["POST /number"]);
});

test("neither delivers nor keeps a message when the service takes none in", async () => {
  const { bench, write, asked } = await salon();
  expect(at((await write()).body, "deliveries")).toEqual([]);
  expect(asked()).toEqual([]);
  expect(await bench.client().messages.list({ to: SALON })).toEqual([]);
});

test("takes messages to the number's webhook again when it has left the service", async () => {
  const { numberSid, service, write, asked } = await salon();
  expect((await service.phoneNumbers.list()).map(({ sid }) => sid)).toEqual([numberSid]);
  await service.phoneNumbers(numberSid).remove();
  expect(await service.phoneNumbers.list()).toEqual([]);
  await expect(service.phoneNumbers(numberSid).fetch()).rejects.toMatchObject({ code: 20404 });
  await write();
  expect(asked()).toEqual(["POST /number"]);
});

test("lets a number be in one service only", async () => {
  const { client, numberSid, service } = await salon();
  const add = { phoneNumberSid: numberSid };
  await expect(service.phoneNumbers.create(add)).rejects.toMatchObject({ code: 21710, status: 409 });
  const { sid } = await client.messaging.v1.services.create({ friendlyName: "Offers" });
  const other = client.messaging.v1.services(sid);
  await expect(other.phoneNumbers.create(add)).rejects.toMatchObject({ code: 21712, status: 409 });
});

test("keeps the services of one account from another", async () => {
  const { bench, service } = await salon();
  const { body } = await bench.admin("POST", "/accounts", {});
  const stranger = { accountSid: field(body, "account_sid"), authToken: field(body, "auth_token") };
  const { sid } = await service.fetch();
  const theirs = bench.client(stranger).messaging.v1;
  await expect(theirs.services(sid).fetch()).rejects.toMatchObject({ code: 20404 });
  expect(await theirs.services.list()).toEqual([]);
});

test("pages through the services as the real client asks it to", async () => {
  const { client } = await salon();
  for (const friendlyName of ["Offers", "Codes"]) await client.messaging.v1.services.create({ friendlyName });
  const found = await client.messaging.v1.services.list({ pageSize: 2 });
  expect(found.map(({ friendlyName }) => friendlyName)).toEqual(["Reminders", "Offers", "Codes"]);
});

test("changes what is given, clears an address given empty, and leaves the rest", async () => {
  const { service } = await salon({ InboundRequestUrl: "https://example.com/in", ValidityPeriod: "60" });
  const changed = await service.update({ inboundRequestUrl: "", friendlyName: "Offers" });
  expect(changed).toMatchObject({ inboundRequestUrl: null, friendlyName: "Offers", validityPeriod: 60 });
});

test.each([
  [{}, /FriendlyName/],
  [{ FriendlyName: "x".repeat(65) }, /FriendlyName/],
  [{ FriendlyName: "x", InboundRequestUrl: "not a url" }, /URL/],
  [{ FriendlyName: "x", InboundMethod: "PUT" }, /method/],
  [{ FriendlyName: "x", ValidityPeriod: "36001" }, /ValidityPeriod/],
  [{ FriendlyName: "x", Usecase: "spam" }, /Usecase/],
])("refuses a service of %j", async (form, message) => {
  const bench = await startBench();
  const answer = await bench.api("POST", "/v1/Services", form);
  expect(answer).toMatchObject({ status: 400, body: { code: 20001 } });
  expect(field(answer.body, "message")).toMatch(message);
});
