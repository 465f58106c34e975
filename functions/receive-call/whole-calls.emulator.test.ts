import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerParts } from "#scripts/testing/caller-parts.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createHandler as createStatusHandler } from "../receive-status/handler.ts";
import { createHandler } from "./handler.ts";

const TRANSFER = "+14155550177";
const BOOKING = "https://book.example.com/lotus";
/** A Monday noon in India. */
const clock = createMovingClock(new Date("2026-11-23T06:30:00Z"));
const HOURS = {
  sunday: { opens: "11:00", closes: "15:00" },
  monday: { opens: "10:00", closes: "19:00" },
  tuesday: { opens: "10:00", closes: "19:00" },
};
const ONLY_SUNDAYS = { sunday: { opens: "11:00", closes: "15:00" } };
const THANKS = "Thank you for calling Lotus.";
const LANGUAGES = ["For English, press 1.", "हिंदी के लिए 2 दबाएँ।", "తెలుగు కోసం 3 నొక్కండి."];
const MENU = [
  "To book, press 1 or say book. For our opening hours, press 2 or say hours. To hear this again, press 9.",
  "For another language, press 0.",
];
const LINK = "We are sending you a message with a link to book. Goodbye.";
const AGAIN = "To book, please write to us or call again later.";
const LEAVE = "You may leave a message after the tone. Press the hash key when you are done.";
const RECORDED = "Thank you for your message. Goodbye.";
const WRONG = "We did not get that.";

let bench: WebhookBench;
/** With all that a salon can set. */
let salon: BenchSalon;
/** With neither transfer number nor booking link. */
let bare: BenchSalon;
/** Books by message alone. */
let online: BenchSalon;
let closed: BenchSalon;
let serial = 100;
const nextNumber = () => `+1415555${(serial++).toString().padStart(4, "0")}`;

beforeAll(async () => {
  bench = await startWebhookBench();
  const calls = createCalls(bench.database, clock);
  await bench.serve(
    "receive-call",
    createHandler({ ...bench, ...callerParts({ ...bench, clock }), clock, calls }),
  );
  await bench.serve(
    "receive-status",
    createStatusHandler({
      ...bench,
      calls,
      messages: createOutboundMessages(bench.database, clock),
    }),
  );
  const add = (communication: object, hours: object = HOURS) =>
    bench.addSalon(nextNumber(), { name: "Lotus", hours, communication });
  [salon, bare, online, closed] = await Promise.all([
    add({ voice_transfer_number: TRANSFER, booking_url: BOOKING }),
    add({}),
    add({ booking_url: BOOKING }),
    add({ voice_transfer_number: TRANSFER, booking_url: BOOKING }, ONLY_SUNDAYS),
  ]);
});
afterAll(() => bench.stop());

type Answer = { digits: string } | { speech: string } | { silence: true } | { hangup: true };
const key = (digits: string): Answer => ({ digits });
const say = (speech: string): Answer => ({ speech });
const SILENCE: Answer = { silence: true };
const HANGUP: Answer = { hangup: true };

/** Calls as somebody who does this, and gives what they heard and what is stored of it. */
async function ring(to: BenchSalon, answers: Answer[], more: Record<string, unknown> = {}) {
  const from = nextNumber();
  const rung = await bench.twilio.call({ to: to.number, from, answers, duration_seconds: 61, ...more });
  expect(rung.steps.every(({ status }) => status === 200)).toBe(true);
  expect(rung.status_callback_status).toBe(204);
  return {
    from,
    callSid: rung.call_sid,
    recordingStatuses: rung.recording_callback_statuses,
    twiml: rung.steps.map(({ twiml }) => twiml),
    heard: rung.steps.map(({ said }) => said),
    call: await stored(rung.call_sid),
    messages: await messagesOf(to, rung.call_sid),
  };
}

async function stored(callSid: string) {
  return (await bench.database.firestore.doc(`calls/${callSid}`).get()).data() ?? {};
}

async function messagesOf({ salonId }: BenchSalon, callSid: string) {
  const messages = await bench.documents("messages", salonId);
  return messages.filter(({ idempotency_key }) => idempotency_key === `booking:${callSid}`);
}

describe("who books", () => {
  test("is put through to the salon, and told no more when they have talked", async () => {
    const { heard, twiml, call, messages } = await ring(salon, [key("1"), key("1")]);
    expect(heard).toEqual([
      [THANKS, ...LANGUAGES],
      MENU,
      ["One moment, please. We are putting you through.", `[dials ${TRANSFER}]`],
      [],
    ]);
    expect(twiml[3]).toContain("<Response><Hangup/></Response>");
    expect(call).toMatchObject({
      state: "completed",
      duration_seconds: 61,
      language: "en",
      choices: [
        { turn: 1, choice: "en" },
        { turn: 2, choice: "book" },
      ],
      outcome: "booked_transfer",
      recordings: [],
    });
    expect(messages).toEqual([]);
  });

  test("in words is put through as well", async () => {
    const { heard, call } = await ring(salon, [key("3"), say("అపాయింట్‌మెంట్ కావాలి")]);
    expect(heard[2]?.[1]).toBe(`[dials ${TRANSFER}]`);
    expect(call).toMatchObject({ language: "te", outcome: "booked_transfer" });
  });

  test.each(["busy", "no-answer", "failed", "canceled"])(
    "gets the booking link by message when the salon's phone ends as %s",
    async (status) => {
      const { heard, call, messages, from } = await ring(salon, [key("1"), key("1")], { dial: { status } });
      expect(heard[3]).toEqual(["Nobody can take your call now.", LINK]);
      expect(call.outcome).toBe("link_sent");
      expect(messages).toMatchObject([
        {
          channel: "sms",
          to: from,
          body: `Book your appointment at Lotus here: ${BOOKING}`,
          purpose: "reply",
        },
      ]);
    },
  );

  test("gets the link in their language where there is nobody to be put through to", async () => {
    const { heard, call, messages } = await ring(online, [key("2"), say("बुकिंग")]);
    expect(heard[2]).toEqual(["हम आपको बुकिंग के लिंक वाला संदेश भेज रहे हैं। नमस्ते।"]);
    expect(call).toMatchObject({ language: "hi", outcome: "link_sent" });
    expect(messages).toMatchObject([{ body: `Lotus में अपना अपॉइंटमेंट यहाँ बुक करें: ${BOOKING}` }]);
  });

  test("gets it by WhatsApp where they wrote within a day", async () => {
    const from = nextNumber();
    const contact = `contacts/${online.salonId}_${bench.partyOf(from)}`;
    const last_whatsapp_inbound_at = new Date(clock.now().getTime() - 3_600_000);
    const known = { salon_id: online.salonId, party: bench.partyOf(from), last_whatsapp_inbound_at };
    await bench.database.firestore.doc(contact).set(known);
    const { messages } = await ring(online, [key("1"), key("1")], { from });
    expect(messages).toMatchObject([{ channel: "whatsapp", to: from }]);
  });

  test("gets none after STOP, and may leave a message", async () => {
    const from = nextNumber();
    const opt_out = { at: clock.now(), by: "keyword", channel: "sms", evidence: "SM1" };
    const known = { salon_id: online.salonId, party: bench.partyOf(from), opt_out };
    await bench.database.firestore.doc(`contacts/${online.salonId}_${bench.partyOf(from)}`).set(known);
    const { heard, messages } = await ring(online, [key("1"), key("1")], { from });
    expect(heard[2]).toEqual([AGAIN, LEAVE, "[records]"]);
    expect(messages).toEqual([]);
  });

  test("is asked to write or call again where the salon has neither, and may leave a message", async () => {
    const { heard, call, messages } = await ring(bare, [key("1"), key("1")]);
    expect(heard.slice(2)).toEqual([[AGAIN, LEAVE, "[records]"], [RECORDED]]);
    expect(call).toMatchObject({ outcome: "voicemail", recordings: [{ duration_seconds: 5 }] });
    expect(messages).toEqual([]);
  });

  test("and hides their number gets no link, and is remembered by nothing", async () => {
    const { heard, call, messages, twiml } = await ring(salon, [key("2"), key("1")], {
      from: "anonymous",
      dial: { status: "no-answer" },
    });
    expect(twiml[2]).toContain(`callerId="${salon.number}"`);
    expect(heard[3]?.at(-1)).toBe("[records]");
    expect(messages).toEqual([]);
    expect(call).toMatchObject({ language: "hi", outcome: "voicemail" });
    const contact = `contacts/${salon.salonId}_${bench.partyOf("anonymous")}`;
    expect((await bench.database.firestore.doc(contact).get()).exists).toBe(false);
    const next = await ring(salon, [HANGUP], { from: "anonymous" });
    expect(next.heard[0]).toEqual([THANKS, ...LANGUAGES]);
  });
});

describe("who asks for the hours", () => {
  const SPOKEN = [
    "We are open now.",
    "Monday and Tuesday from 10 am to 7 pm.",
    "Wednesday to Saturday closed.",
    "Sunday from 11 am to 3 pm.",
  ];

  test("hears them and the menu again, and goodbye after that", async () => {
    const { heard, call } = await ring(salon, [key("1"), key("2")]);
    expect(heard).toEqual([[THANKS, ...LANGUAGES], MENU, [...SPOKEN, ...MENU], MENU, ["Goodbye."]]);
    expect(call).toMatchObject({ outcome: "hours", choices: [{ choice: "en" }, { choice: "hours" }] });
  });

  test("in words hears them in their language, and may book then", async () => {
    const { heard, call } = await ring(salon, [key("2"), say("समय बताइए"), say("बुक")]);
    expect(heard[2]?.[0]).toBe("हम अभी खुले हैं।");
    expect(heard[2]).toContain("सोमवार और मंगलवार सुबह 10 बजे से शाम 7 बजे तक।");
    expect(call).toMatchObject({ language: "hi", outcome: "booked_transfer" });
  });

  test("hears that there are none where none are listed", async () => {
    const silent = await bench.addSalon(nextNumber(), { name: "Lotus" });
    expect((await ring(silent, [key("1"), key("2")])).heard[2]?.[0]).toBe(
      "Our opening hours are not listed.",
    );
  });
});

describe("the language", () => {
  test("is changed by 0, and spoken from the first word of the next call", async () => {
    const from = nextNumber();
    const { heard, call } = await ring(salon, [key("1"), key("0"), key("3"), HANGUP], { from });
    expect(heard.slice(2, 4)).toEqual([LANGUAGES, [expect.stringMatching(/^బుకింగ్ కోసం/), expect.any(String)]]);
    expect(call).toMatchObject({
      language: "te",
      choices: [{ choice: "en" }, { choice: "change_language" }, { choice: "te" }],
      outcome: "abandoned",
    });
    const next = await ring(salon, [HANGUP], { from });
    expect(next.heard[0]?.[0]).toBe("Lotusకు కాల్ చేసినందుకు ధన్యవాదాలు.");
    expect(next.heard[0]?.[1]).toMatch(/^బుకింగ్ కోసం/);
  });

  test("is a salon's own affair: another one does not know it", async () => {
    const { from } = await ring(salon, [key("2"), HANGUP]);
    expect((await ring(bare, [HANGUP], { from })).heard[0]).toEqual([THANKS, ...LANGUAGES]);
  });

  test("is not asked for where there is one, and 0 means nothing", async () => {
    const one = await bench.addSalon(nextNumber(), {
      name: "Lotus",
      communication: { supported_languages: ["te"], default_language: "en" },
    });
    const { heard } = await ring(one, [key("0"), HANGUP]);
    expect(heard[0]).toHaveLength(2);
    expect(heard[0]?.[0]).toBe("Lotusకు కాల్ చేసినందుకు ధన్యవాదాలు.");
    expect(heard[1]?.[0]).toBe("మాకు అర్థం కాలేదు.");
  });

  test("of who does not choose is the salon's", async () => {
    const { heard } = await ring(salon, [SILENCE, HANGUP]);
    expect(heard[1]).toEqual(MENU);
  });
});

describe("a greeting of the salon's own", () => {
  const greeted = (voice_greeting: string, name = "Lotus") =>
    bench.addSalon(nextNumber(), { name, communication: { voice_greeting } });

  test("is said as it is written", async () => {
    const { heard } = await ring(await greeted("Namaste from {salon_name}!"), [key("1"), HANGUP]);
    expect(heard).toEqual([["Namaste from Lotus!", ...LANGUAGES], MENU]);
  });

  test("that tells of keys is said with the menu that has them", async () => {
    const { heard } = await ring(await greeted("Namaste! 1 books."), [key("1"), HANGUP]);
    expect(heard).toEqual([
      [THANKS, ...LANGUAGES],
      ["Namaste! 1 books.", ...MENU],
    ]);
  });

  test("and a name that look like markup are said, not obeyed", async () => {
    const name = `Anjali's <Salon> & "Spa"</Say><Dial>+19005550199</Dial>]]>`;
    const hostile = await greeted("Hello from {salon_name} $& &amp; <Hangup/>", name);
    const { heard } = await ring(hostile, [key("1"), key("2"), HANGUP]);
    expect(heard[0]?.[0]).toBe(`Hello from ${name} $& &amp; <Hangup/>`);
    expect(heard.flat().some((text) => text.startsWith("[dials"))).toBe(false);
    expect(heard).toHaveLength(3);
  });
});

describe("who is not understood", () => {
  test("is asked twice more, and may leave a message after three wrong keys", async () => {
    const { heard, call } = await ring(salon, [key("1"), key("5"), say("hm"), key("*")]);
    expect(heard.slice(1)).toEqual([
      MENU,
      [WRONG, ...MENU],
      [WRONG, ...MENU],
      [WRONG, LEAVE, "[records]"],
      [RECORDED],
    ]);
    expect(call).toMatchObject({ choices: [{ choice: "en" }], outcome: "voicemail" });
  });

  test("is told goodbye after three silences", async () => {
    const { heard, call } = await ring(salon, [key("1"), SILENCE, SILENCE, SILENCE]);
    expect(heard.slice(1)).toEqual([MENU, MENU, MENU, ["Goodbye."]]);
    expect(call).toMatchObject({ state: "completed", outcome: "abandoned" });
  });

  test("is told goodbye when they say nothing from the start", async () => {
    const { heard } = await ring(salon, []);
    expect(heard).toEqual([[THANKS, ...LANGUAGES], MENU, MENU, ["Goodbye."]]);
  });

  test("starts over once they are understood", async () => {
    const { heard } = await ring(salon, [key("1"), key("5"), key("5"), key("9"), key("5"), key("5"), HANGUP]);
    expect(heard.at(-1)).toEqual([WRONG, ...MENU]);
  });

  test("is not kept on the line by pressing 9 without end", async () => {
    const { heard } = await ring(salon, [key("1"), ...Array.from({ length: 60 }, () => key("9"))]);
    expect(heard.length).toBeLessThan(40);
    expect(heard.at(-1)).toEqual(["Goodbye."]);
  });
});

describe("who calls while the salon is closed", () => {
  const CLOSED = "We are closed now. We open again on Sunday at 11 am.";

  test("hears when it opens and leaves a message, which is listed without its address", async () => {
    const { heard, call, recordingStatuses } = await ring(closed, []);
    expect(heard).toEqual([[THANKS, CLOSED, LEAVE, "[records]"], [RECORDED]]);
    expect(recordingStatuses).toEqual([204]);
    expect(call).toMatchObject({
      outcome: "voicemail",
      recordings: [{ sid: expect.stringMatching(/^RE[0-9a-f]{32}$/), duration_seconds: 5 }],
    });
    expect(JSON.stringify(call)).not.toContain("http");
  });

  test("and leaves a message can be called back, and nobody else's number is kept", async () => {
    const left = await ring(closed, [], { voicemail: { seconds: 7, hangs_up: true } });
    expect(left.call.from).toBe(left.from);
    const silent = await ring(closed, [], { voicemail: { seconds: 0 } });
    expect(JSON.stringify(silent.call)).not.toContain(silent.from.slice(1));
    const hidden = await ring(closed, [], { from: "anonymous" });
    expect(hidden.call).toMatchObject({ outcome: "voicemail" });
    expect(hidden.call.from).toBeUndefined();
  });

  test("and hangs up while recording leaves it all the same", async () => {
    const { call } = await ring(closed, [], { voicemail: { seconds: 7, hangs_up: true } });
    expect(call).toMatchObject({
      state: "completed",
      outcome: "voicemail",
      recordings: [{ duration_seconds: 7 }],
    });
  });

  test("and leaves a message has the owner told of it, once and without their number", async () => {
    const { from, call } = await ring(closed, [], { voicemail: { seconds: 11 } });
    const told = (await bench.documents("notifications", closed.salonId)).filter(
      ({ kind, facts }) => kind === "voicemail_left" && facts.seconds === 11,
    );
    expect(told).toMatchObject([{ audience: ["owner"], channels: { email: { state: "pending" } } }]);
    expect(told[0]?.due_at).toBeDefined();
    expect(JSON.stringify(told)).not.toContain(from.slice(1));
    expect(JSON.stringify(told)).not.toContain(call.recordings[0].sid);
  });

  test("and says nothing is told goodbye", async () => {
    const { heard, call } = await ring(closed, [], { voicemail: { seconds: 0 } });
    expect(heard).toEqual([[THANKS, CLOSED, LEAVE, "[records]", "Goodbye."]]);
    expect(call).toMatchObject({ outcome: "abandoned", recordings: [] });
  });

  test("gets the menu where the salon takes calls at any hour", async () => {
    const always = await bench.addSalon(nextNumber(), {
      name: "Lotus",
      hours: ONLY_SUNDAYS,
      communication: { voice_business_hours_only: false },
    });
    const { heard } = await ring(always, [key("1"), key("2"), HANGUP]);
    expect(heard[1]).toEqual(MENU);
    expect(heard[2]?.[0]).toBe(CLOSED);
  });
});

test("who calls a salon that takes no calls is told so", async () => {
  const deaf = await bench.addSalon(nextNumber(), { name: "Lotus", communication: { voice_enabled: false } });
  const { heard, call } = await ring(deaf, [key("1")]);
  expect(heard).toEqual([["Lotus takes no calls on this number. Goodbye."]]);
  expect(call).toMatchObject({ state: "completed", outcome: "abandoned" });
});

test.each([
  ["at the languages", [HANGUP]],
  ["at the menu", [key("1"), HANGUP]],
  ["after a wrong key", [key("1"), key("7"), HANGUP]],
])("who hangs up %s leaves a call that has ended", async (_, answers) => {
  const { call } = await ring(salon, answers);
  expect(call).toMatchObject({ state: "completed", duration_seconds: 61, outcome: "abandoned" });
});

describe("a webhook that comes again", () => {
  const CallSid = `CA${"a".repeat(32)}`;
  const post = (step: string, changes: Record<string, string>) =>
    bench.post(`/webhooks/twilio/voice/${salon.salonId}${step}`, {
      token: salon.authToken,
      form: {
        AccountSid: salon.accountSid,
        CallSid,
        CallStatus: step === "" ? "ringing" : "in-progress",
        Direction: "inbound",
        From: "+14155559001",
        To: salon.number,
        ...changes,
      },
    });
  const RECORDING = {
    RecordingSid: `RE${"a".repeat(32)}`,
    RecordingStatus: "completed",
    RecordingDuration: "9",
  };

  test.each<[string, Record<string, string>]>([
    ["", {}],
    ["/language/en/1/0", { Digits: "2" }],
    ["/menu/hi/2/0", { Digits: "2" }],
    ["/menu/hi/3/1", { Digits: "5" }],
    ["/menu/hi/4/0", { SpeechResult: "बुकिंग" }],
    ["/transferred/hi/5/0", { DialCallStatus: "busy" }],
    ["/recorded/hi/6/0", { RecordingSid: RECORDING.RecordingSid }],
    ["/recording", RECORDING],
  ])("at step %j is answered the same, at once and later, and has its effect once", async (step, changes) => {
    const answers = await Promise.all([1, 2, 3].map(() => post(step, changes)));
    const before = await stored(CallSid);
    answers.push(await post(step, changes));
    const bodies = await Promise.all(
      answers.map(async (answer) => `${answer.status} ${await answer.text()}`),
    );
    // The language that was chosen meanwhile is a matter of the next call.
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toMatch(/^20[04]/);
    expect(await stored(CallSid)).toEqual(before);
  });

  test("has left one record, one message and one recording", async () => {
    expect(await stored(CallSid)).toMatchObject({
      state: "in-progress",
      language: "hi",
      choices: [
        { turn: 1, choice: "hi" },
        { turn: 2, choice: "hours" },
        { turn: 4, choice: "book" },
      ],
      outcome: "link_sent",
      recordings: [{ sid: RECORDING.RecordingSid, duration_seconds: 9 }],
    });
    expect(await messagesOf(salon, CallSid)).toHaveLength(1);
    const told = await bench.documents("notifications", salon.salonId);
    expect(told.filter(({ facts }) => facts.seconds === 9)).toHaveLength(1);
  });

  test.each([
    ["who hung up while it rang", { CallStatus: "completed" }],
    ["whose number did not come with the call", { From: "+86282452253" }],
  ])("of a transfer that nobody took sends no link to a caller %s", async (_, changes) => {
    const callSid = `CA${randomBytes(16).toString("hex")}`;
    const left = { CallSid: callSid, DialCallStatus: "no-answer", ...changes };
    expect((await post("/transferred/en/2/0", left)).status).toBe(200);
    expect(await messagesOf(salon, callSid)).toEqual([]);
    expect((await stored(callSid))?.outcome).not.toBe("link_sent");
  });

  test("late after the end of the call does not begin it again", async () => {
    const { callSid } = await ring(salon, [key("1"), HANGUP]);
    expect((await post("/menu/en/2/0", { CallSid: callSid, Digits: "9" })).status).toBe(200);
    expect(await stored(callSid)).toMatchObject({ state: "completed", outcome: "abandoned" });
  });

  test("of a recording nobody made, of another salon's call, or of nothing, lists nothing", async () => {
    const unknown = await post("/recording", { ...RECORDING, CallSid: `CA${"b".repeat(32)}` });
    expect(unknown.status).toBe(403);
    const foreign = await bench.post(`/webhooks/twilio/voice/${bare.salonId}/recording`, {
      token: bare.authToken,
      form: { AccountSid: bare.accountSid, CallSid, ...RECORDING, RecordingSid: `RE${"c".repeat(32)}` },
    });
    expect([foreign.status, await foreign.text()]).toEqual([403, await unknown.text()]);
    const nothing = { ...RECORDING, RecordingSid: `RE${"d".repeat(32)}` };
    expect((await post("/recording", { ...nothing, RecordingDuration: "0" })).status).toBe(204);
    expect((await post("/recording", { ...nothing, RecordingStatus: "absent" })).status).toBe(204);
    expect((await post("/recording", { ...nothing, RecordingSid: "../RE" })).status).toBe(403);
    expect((await stored(CallSid)).recordings).toHaveLength(1);
  });
});

test("nothing that a caller said, is or was sent is logged", async () => {
  bench.logs.lines.splice(0);
  const { from } = await ring(salon, [key("2"), say("समय बताइए"), say("बुक")], { dial: { status: "busy" } });
  expect(bench.logs.lines.length).toBeGreaterThanOrEqual(5);
  const secrets = [
    from.slice(1),
    TRANSFER.slice(1),
    salon.number.slice(1),
    "बताइए",
    BOOKING,
    salon.authToken,
  ];
  expect(bench.logs.leaked([...secrets, salon.accountSid])).toEqual([]);
});
