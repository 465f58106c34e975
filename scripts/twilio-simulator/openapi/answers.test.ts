import { expect, onTestFinished, test } from "vitest";
import { startTwilioSimulator } from "../simulator.ts";
import { type Answered, clientFor, field, startBench } from "../testing/bench.ts";
import { createAnswerCheck } from "../testing/openapi-answers.ts";
import { until } from "../testing/until.ts";
import { ANSWERED } from "./answered-operations.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

test("gives every answer in the shape of Twilio's description", async () => {
  const bench = await startBench();
  const check = createAnswerCheck();
  const { accountSid } = bench.main;
  const account = `/2010-04-01/Accounts/${accountSid}`;
  const problems: string[] = [];
  const call = async (method: string, path: string, form?: Record<string, string>): Promise<Answered> => {
    const answer = await bench.api(method, path, form);
    problems.push(...check.problems(method, path.split("?")[0] ?? "", answer.status, answer.body));
    return answer;
  };

  const sub = field(
    (await call("POST", "/2010-04-01/Accounts.json", { FriendlyName: "salon-7" })).body,
    "sid",
  );
  await call("GET", "/2010-04-01/Accounts.json");
  await call("GET", `/2010-04-01/Accounts/${sub}.json`);
  await call("POST", `/2010-04-01/Accounts/${sub}.json`, { Status: "suspended" });
  await call("GET", `${account}/AvailablePhoneNumbers/US/Local.json`);
  await call("GET", `${account}/AvailablePhoneNumbers/GB/Mobile.json`);
  await call("GET", `${account}/AvailablePhoneNumbers/IN/TollFree.json`);
  const bought = await call("POST", `${account}/IncomingPhoneNumbers.json`, { PhoneNumber: SALON });
  const number = `${account}/IncomingPhoneNumbers/${field(bought.body, "sid")}.json`;
  await call("GET", number);
  await call("POST", number, { SmsUrl: "https://example.com/sms", VoiceUrl: "https://example.com/voice" });
  await call("GET", `${account}/IncomingPhoneNumbers.json`);

  const created = await call("POST", `${account}/Messages.json`, {
    To: CUSTOMER,
    From: SALON,
    Body: "Hello",
  });
  const message = `${account}/Messages/${field(created.body, "sid")}.json`;
  await until(async () => field((await call("GET", message)).body, "price") !== "null");
  await call("GET", `${account}/Messages.json?PageSize=1`);
  await call("GET", `${account}/Messages/${field(created.body, "sid")}/Media.json`);
  await call("POST", message, { Body: "" });
  await call("DELETE", message);
  const dialed = await call("POST", `${account}/Calls.json`, {
    To: CUSTOMER,
    From: SALON,
    Twiml: "<Response><Say>Hi</Say><Record action='http://127.0.0.1:9/recorded'/></Response>",
  });
  await until(
    async () =>
      field((await call("GET", `${account}/Calls/${field(dialed.body, "sid")}.json`)).body, "price") !==
      "null",
  );
  await call("GET", `${account}/Calls.json`);
  const recordings = `${account}/Calls/${field(dialed.body, "sid")}/Recordings`;
  const recorded = field((await call("GET", `${recordings}.json`)).body, "recordings", 0, "sid");
  await call("DELETE", `${recordings}/${recorded}.json`);
  for (const operation of ANSWERED["twilio_api_v2010.json"].filter((each) => each.includes("/Usage/"))) {
    await call("GET", (operation.split(" ")[1] ?? "").replace("{AccountSid}", accountSid));
  }
  const made = await call("POST", "/v1/Services", {
    FriendlyName: "Reminders",
    InboundRequestUrl: "https://example.com/in",
  });
  const service = `/v1/Services/${field(made.body, "sid")}`;
  await call("GET", "/v1/Services");
  await call("GET", service);
  await call("POST", service, { UseInboundWebhookOnNumber: "true" });
  const PhoneNumberSid = field(bought.body, "sid");
  await call("POST", `${service}/PhoneNumbers`, { PhoneNumberSid });
  await call("GET", `${service}/PhoneNumbers`);
  await call("GET", `${service}/PhoneNumbers/${PhoneNumberSid}`);
  await call("DELETE", `${service}/PhoneNumbers/${PhoneNumberSid}`);
  await call("DELETE", number);
  await call("POST", "/v1/AuthTokens/Secondary");
  await call("DELETE", "/v1/AuthTokens/Secondary");
  await call("POST", "/v1/AuthTokens/Secondary");
  await call("POST", "/v1/AuthTokens/Promote");

  expect(problems).toEqual([]);
  const all = [
    ...ANSWERED["twilio_api_v2010.json"],
    ...ANSWERED["twilio_accounts_v1.json"],
    ...ANSWERED["twilio_messaging_v1.json"],
  ];
  expect(all.filter((operation) => !check.seen.has(operation))).toEqual([]);
});

test("answers the real client in the shape of Twilio's description", async () => {
  const simulator = await startTwilioSimulator({ stageMs: 5, priceMs: 10 });
  onTestFinished(() => simulator.close());
  const check = createAnswerCheck();
  const problems: string[] = [];
  const client = clientFor(simulator.url, simulator.main, (method, path, status, body) => {
    problems.push(...check.problems(method, path, status, body));
  });
  // The client would send camelCase here; Twilio describes snake_case.
  const create = (uri: string, data: object) =>
    client.content.v1.create({
      uri,
      method: "post",
      data,
      headers: { "Content-Type": "application/json" },
    });

  const sub = await client.api.v2010.accounts.create({ friendlyName: "salon-7" });
  const [offer] = await client.availablePhoneNumbers("US").local.list({ smsEnabled: true, limit: 1 });
  const number = await client.incomingPhoneNumbers.create({ phoneNumber: offer?.phoneNumber ?? "" });
  await client.incomingPhoneNumbers(number.sid).update({ smsUrl: "https://example.com/sms" });
  const message = await client.messages.create({ to: CUSTOMER, from: number.phoneNumber, body: "₹500 off" });
  await until(async () => (await client.messages(message.sid).fetch()).price !== null);
  await client.messages.list({ to: CUSTOMER, dateSentAfter: new Date(Date.now() - 60_000) });
  await client.usage.records.daily.list({ category: "sms-outbound" });
  await client.api.v2010.accounts(sub.sid).update({ status: "closed" });
  const sender = await client.messaging.v2.channelsSenders.create({
    senderId: `whatsapp:${number.phoneNumber}`,
    configuration: { wabaId: "1234" },
    profile: { name: "Salon Seven", websites: ["https://example.com"] },
    webhook: { callbackUrl: "https://example.com/whatsapp" },
  });
  await client.messaging.v2
    .channelsSenders(sender.sid)
    .update({ webhook: { statusCallbackUrl: "https://example.com/status" } });
  await client.messaging.v2.channelsSenders(sender.sid).fetch();
  await client.messaging.v2.channelsSenders.list({ channel: "whatsapp" });
  await client.messaging.v2.channelsSenders(sender.sid).remove();
  await create("/Content", {
    friendly_name: "hello",
    language: "en",
    variables: { 1: "Priya" },
    types: { "twilio/text": { body: "Hello {{1}}, welcome." } },
  });
  await client.content.v1.contentAndApprovals.list();
  const [template] = await client.content.v1.contents.list();
  const submitted = client.content.v1.contents(template?.sid ?? "");
  await submitted.approvalFetch().fetch();
  await create(`/Content/${template?.sid}/ApprovalRequests/whatsapp`, { name: "hello", category: "UTILITY" });
  await client.content.v1.contentAndApprovals.list();
  await submitted.approvalFetch().fetch();
  await submitted.fetch();
  await submitted.remove();
  await client.accounts.v1.secondaryAuthToken().create();
  await client.accounts.v1.authTokenPromotion().update();

  expect(problems).toEqual([]);
  const younger = [...ANSWERED["twilio_messaging_v2.json"], ...ANSWERED["twilio_content_v1.json"]];
  expect(younger.filter((operation) => !check.seen.has(operation))).toEqual([]);
});
