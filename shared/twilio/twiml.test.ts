import { expect, test } from "vitest";
import { createCallScript, emptyResponse } from "./twiml.ts";

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

test("has an answer that says nothing", () => {
  expect(emptyResponse()).toBe(`${HEAD}<Response/>`);
});

test("greets, offers a menu of one digit, and hangs up when no key is pressed", () => {
  const script = createCallScript()
    .say({ text: "Welcome to Lotus Salon.", voice: { language: "te-IN", name: "Google.te-IN-Standard-A" } })
    .gather({ prompt: [{ text: "For bookings, press 1." }], action: "https://hooks.example.com/v/s1/menu" })
    .hangup();
  expect(script.toString()).toBe(
    `${HEAD}<Response><Say language="te-IN" voice="Google.te-IN-Standard-A">Welcome to Lotus Salon.</Say>` +
      '<Gather numDigits="1" input="dtmf" action="https://hooks.example.com/v/s1/menu" method="POST" timeout="5">' +
      "<Say>For bookings, press 1.</Say></Gather><Hangup/></Response>",
  );
});

test("listens to words as well as to keys, and tells of silence", () => {
  const script = createCallScript().gather({
    prompt: [{ text: "1 नंबर" }],
    action: "https://hooks.example.com/v/s1/menu",
    listens: { language: "hi-IN", hints: ["बुकिंग", "समय"] },
    tellsSilence: true,
  });
  expect(script.toString()).toBe(
    `${HEAD}<Response><Gather numDigits="1" input="dtmf speech" action="https://hooks.example.com/v/s1/menu" ` +
      'method="POST" timeout="5" language="hi-IN" hints="बुकिंग,समय" speechTimeout="2" actionOnEmptyResult="true">' +
      "<Say>1 नंबर</Say></Gather></Response>",
  );
});

test("records a message until a key, and is told of it", () => {
  const script = createCallScript().record({
    action: "https://hooks.example.com/v/s1/recorded",
    recordedTo: "https://hooks.example.com/v/s1/recording",
    maxSeconds: 60,
    finishOnKey: "#",
  });
  expect(script.toString()).toBe(
    `${HEAD}<Response><Record action="https://hooks.example.com/v/s1/recorded" method="POST" maxLength="60" ` +
      'finishOnKey="#" timeout="5" playBeep="true" recordingStatusCallback="https://hooks.example.com/v/s1/recording" ' +
      'recordingStatusCallbackMethod="POST"/></Response>',
  );
});

test("transfers a call and asks what came of it", () => {
  const script = createCallScript().dial({
    number: "+14155550100",
    callerId: "+14155550199",
    action: "https://hooks.example.com/v/s1/transferred",
  });
  expect(script.toString()).toBe(
    `${HEAD}<Response><Dial callerId="+14155550199" action="https://hooks.example.com/v/s1/transferred" ` +
      'method="POST" timeout="20">+14155550100</Dial></Response>',
  );
});

test("lets no salon's words become markup", () => {
  const script = createCallScript().say({ text: "Cut & Color </Say><Dial>+1900</Dial>" });
  expect(script.toString()).toBe(
    `${HEAD}<Response><Say>Cut &amp; Color &lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;</Say></Response>`,
  );
});
