import { expect, test } from "vitest";
import { at, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";
import type { SinkReply, SunkRequest } from "../testing/webhook-sink.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

async function salon(
  reply: (request: SunkRequest) => SinkReply | string,
  settings: Record<string, string> = {},
) {
  const bench = await startBench();
  const sink = await bench.sink();
  sink.reply((request) => {
    const answer = reply(request);
    return typeof answer === "string" ? { body: `<Response>${answer}</Response>` } : answer;
  });
  const sid = await bench.own(SALON);
  const absolute = Object.entries(settings).map(([name, path]) => [
    name,
    path.startsWith("/") ? sink.url + path : path,
  ]);
  await bench
    .client()
    .incomingPhoneNumbers(sid)
    .update({ voiceUrl: `${sink.url}/voice`, ...Object.fromEntries(absolute) });
  const ring = async (digits: string[] = [], more: Record<string, unknown> = {}) =>
    (await bench.admin("POST", "/inbound-calls", { to: SALON, from: CUSTOMER, digits, ...more })).body;
  const said = (answer: unknown) => [0, 1, 2, 3].flatMap((step) => at(answer, "steps", step, "said") ?? []);
  return { bench, sink, ring, said };
}

test("sends what a voice webhook carries", async () => {
  const { bench, sink, ring } = await salon(() => "<Say>Hi</Say>");
  const answer = await ring();
  expect(sink.requests[0]?.parameters).toMatchObject({
    CallSid: at(answer, "call_sid"),
    AccountSid: bench.main.accountSid,
    From: CUSTOMER,
    To: SALON,
    CallStatus: "ringing",
    Direction: "inbound",
    ApiVersion: "2010-04-01",
  });
});

test("gives each menu its digits, in turn", async () => {
  const { ring, said } = await salon(({ path, parameters }) => {
    if (path === "/voice") return `<Gather numDigits="1" action="/first"><Say>First menu</Say></Gather>`;
    if (path === "/first")
      return `<Gather action="second" finishOnKey="*"><Say>Got ${parameters.Digits}</Say></Gather>`;
    return `<Say>Got ${parameters.Digits}</Say>`;
  });
  expect(said(await ring(["12", "34*5"]))).toEqual(["First menu", "Got 1", "Got 34"]);
});

test("goes on after a menu when nothing is pressed", async () => {
  const { sink, ring, said } = await salon(
    () => `<Gather action="/menu"><Say>Press 1</Say></Gather><Say>Goodbye</Say>`,
  );
  expect(said(await ring())).toEqual(["Press 1", "Goodbye"]);
  expect(sink.requests.map(({ path }) => path)).toEqual(["/voice"]);
});

test("hears words where a menu listens to them, and only there", async () => {
  const { sink, ring, said } = await salon(({ path }) => {
    if (path === "/voice") return `<Gather input="dtmf speech" action="/menu"><Say>Say book</Say></Gather>`;
    return `<Gather action="/never"><Say>Press 1</Say></Gather><Say>Goodbye</Say>`;
  });
  const answers = [{ speech: "book" }, { speech: "book" }];
  expect(said(await ring([], { answers }))).toEqual(["Say book", "Press 1", "Goodbye"]);
  expect(sink.requests[1]?.parameters).toMatchObject({ SpeechResult: "book", Confidence: "0.9" });
  expect(sink.requests[1]?.parameters).not.toHaveProperty("Digits");
});

test("asks the action after silence only where it is to be told", async () => {
  const { sink, ring } = await salon(({ path }) =>
    path === "/voice"
      ? `<Gather actionOnEmptyResult="true" action="/empty"/>`
      : `<Gather action="/never"/><Say>Goodbye</Say>`,
  );
  await ring([], { answers: [{ silence: true }, { silence: true }] });
  expect(sink.requests.map(({ path }) => path)).toEqual(["/voice", "/empty"]);
  expect(sink.requests[1]?.parameters).not.toHaveProperty("Digits");
});

test.each([
  ["te-IN without a voice", `language="te-IN"`, false],
  ["te-IN by the voice of another language", `language="te-IN" voice="Google.hi-IN-Standard-A"`, false],
  ["te-IN by one of its own", `language="te-IN" voice="Google.te-IN-Standard-A"`, true],
  ["en-IN without a voice", `language="en-IN"`, true],
  ["nothing that is said", "", true],
])("hears %s only where the voice speaks it, else the call fails", async (_, attributes, isHeard) => {
  const { ring, said } = await salon(() => `<Gather><Say ${attributes}>1</Say></Gather><Say>Goodbye</Say>`);
  const error = "We are sorry, an application error has occurred. Goodbye.";
  expect(said(await ring())).toEqual(isHeard ? ["1", "Goodbye"] : [error]);
});

test("ends the call where the caller hangs up", async () => {
  const { ring, said } = await salon(() => "<Gather><Say>Press</Say></Gather><Say>Never</Say>");
  const answer = await ring([], { answers: [{ hangup: true }] });
  expect([said(answer), at(answer, "call_status")]).toEqual([["Press"], "completed"]);
});

test.each(["busy", "no-answer", "failed", "canceled"])(
  "reports a dialed phone that is %s",
  async (status) => {
    const { sink, ring } = await salon(({ path }) =>
      path === "/voice" ? `<Dial action="/dialed">+14155550188</Dial>` : "",
    );
    await ring([], { dial: { status } });
    expect(sink.requests[1]?.parameters.DialCallStatus).toBe(status);
    expect(sink.requests[1]?.parameters).not.toHaveProperty("DialCallDuration");
  },
);

test("tells of a recording after the call, without its numbers", async () => {
  const { sink, ring } = await salon(({ path }) =>
    path === "/voice" ? `<Record action="/recorded" recordingStatusCallback="/recording"/>` : "",
  );
  const answer = await ring([], { voicemail: { seconds: 7, hangs_up: true } });
  expect(at(answer, "recording_callback_statuses")).toEqual([200]);
  expect(sink.requests[1]?.parameters).toMatchObject({ Digits: "hangup", CallStatus: "completed" });
  expect(sink.requests[2]?.path).toBe("/recording");
  expect(sink.requests[2]?.parameters).toMatchObject({
    CallSid: at(answer, "call_sid"),
    RecordingSid: sink.requests[1]?.parameters.RecordingSid,
    RecordingStatus: "completed",
    RecordingDuration: "7",
  });
  expect(sink.requests[2]?.parameters).not.toHaveProperty("From");
});

test("goes on with the next verb when nothing is said after the tone", async () => {
  const { sink, ring, said } = await salon(
    () => `<Record action="/recorded" recordingStatusCallback="/recording"/><Say>Goodbye</Say>`,
  );
  expect(said(await ring([], { voicemail: { seconds: 0 } }))).toEqual(["[records]", "Goodbye"]);
  expect(sink.requests).toHaveLength(1);
});

test("a caller may withhold their number", async () => {
  const { sink, ring } = await salon(() => "<Say>Hi</Say>");
  await ring([], { from: "anonymous" });
  expect(sink.requests[0]?.parameters).toMatchObject({ From: "anonymous", FromCountry: "" });
});

test("asks the same address again where a menu names none", async () => {
  const { ring, said } = await salon(({ parameters }) =>
    parameters.Digits === undefined ? "<Gather><Say>Press</Say></Gather>" : `<Say>${parameters.Digits}</Say>`,
  );
  expect(said(await ring(["7"]))).toEqual(["Press", "7"]);
});

test("follows redirects and stops at a hang-up", async () => {
  const { ring, said } = await salon(({ path }) =>
    path === "/voice"
      ? `<Say>One</Say><Redirect>/next</Redirect><Say>Never</Say>`
      : "<Say>Two</Say><Hangup/><Say>Never</Say>",
  );
  expect(said(await ring())).toEqual(["One", "Two"]);
});

test("dials, plays, records and reports back to the actions", async () => {
  const { sink, ring, said } = await salon(({ path }) => {
    if (path === "/voice")
      return `<Play>hello.mp3</Play><Dial action="/dialed"><Number>+14155550188</Number></Dial>`;
    if (path === "/dialed") return `<Record action="/recorded"/>`;
    return "<Say>Thank you</Say>";
  });
  expect(said(await ring())).toEqual(["[plays hello.mp3]", "[dials +14155550188]", "[records]", "Thank you"]);
  expect(sink.requests[1]?.parameters.DialCallStatus).toBe("completed");
  expect(sink.requests[2]?.parameters.RecordingSid).toMatch(/^RE[0-9a-f]{32}$/);
});

test.each([
  [`<Reject reason="busy"/>`, "busy"],
  ["<Reject/>", "no-answer"],
])("ends a call that is turned away by %s as %s", async (twiml, status) => {
  const { sink, ring } = await salon(({ path }) => (path === "/voice" ? twiml : ""), {
    statusCallback: "/done",
  });
  expect(at(await ring(), "call_status")).toBe(status);
  expect(sink.requests.at(-1)?.parameters).toMatchObject({ CallStatus: status, CallDuration: "0" });
});

test.each<[string, SinkReply]>([
  ["an error", { status: 500 }],
  ["what is not XML", { body: "<Response><Say>" }],
  ["what is not TwiML", { body: "<html></html>" }],
  ["the wrong content type", { type: "application/json", body: "{}" }],
])("goes to the fallback URL when the application answers with %s", async (_, reply) => {
  const settings = { voiceFallbackUrl: "/spare", voiceFallbackMethod: "GET" };
  const { sink, ring, said } = await salon(
    ({ path }) => (path === "/voice" ? reply : "<Say>Please call later</Say>"),
    settings,
  );
  expect(said(await ring())).toEqual(["Please call later"]);
  expect(sink.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /voice", "GET /spare"]);
});

test("lets the caller hear Twilio's apology when there is no fallback", async () => {
  const { ring, said } = await salon(() => ({ status: 500 }));
  expect(said(await ring())).toEqual(["We are sorry, an application error has occurred. Goodbye."]);
});

test("ends a call that redirects for ever", async () => {
  const { sink, ring } = await salon(() => "<Redirect/>");
  await ring();
  expect(sink.requests).toHaveLength(50);
});

test("answers no call on a number without voice URL, or with a trunk in its place", async () => {
  const { sink, ring } = await salon(() => "<Say>Hi</Say>", { trunkSid: `TK${"0".repeat(32)}` });
  expect(await ring()).toMatchObject({ steps: [], call_status: "no-answer", status_callback_status: null });
  expect(sink.requests).toEqual([]);
});

test("keeps the call, its length and, later, its price", async () => {
  const { bench, ring } = await salon(() => "<Say>Hi</Say>");
  const sid = String(at(await ring(), "call_sid"));
  const call = await until(async () => {
    const now = await bench.client().calls(sid).fetch();
    return now.price !== null && now;
  });
  expect(call).toMatchObject({
    direction: "inbound",
    status: "completed",
    duration: "30",
    price: "-0.00850",
  });
});

test("dials by a call of its own, which is listed with its parent and gets a price of its own", async () => {
  const { bench, sink, ring } = await salon(({ path }) =>
    path === "/voice" ? `<Dial action="/dialed" callerId="${SALON}">+14155550188</Dial>` : "",
  );
  const parentCallSid = String(at(await ring([], { dial: { seconds: 61 } }), "call_sid"));
  const [leg] = await until(async () => {
    const found = await bench.client().calls.list({ parentCallSid });
    return found.every(({ price }) => price !== null) && found;
  });
  expect(leg).toMatchObject({
    parentCallSid,
    direction: "outbound-dial",
    from: SALON,
    to: "+14155550188",
    status: "completed",
    duration: "61",
    price: "-0.02800",
  });
  expect(sink.requests[1]?.parameters).toMatchObject({ DialCallSid: leg?.sid, DialCallDuration: "61" });
  expect(await bench.client().calls(parentCallSid).fetch()).toMatchObject({ parentCallSid: null });
});

test("keeps a dialed call that nobody took, without length or price", async () => {
  const { bench, ring } = await salon(() => "<Dial>+14155550188</Dial>");
  const parentCallSid = String(at(await ring([], { dial: { status: "busy" } }), "call_sid"));
  expect(await bench.client().calls.list({ parentCallSid })).toMatchObject([
    { from: CUSTOMER, status: "busy", duration: "0", price: null },
  ]);
});
