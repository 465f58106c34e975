import { describe, expect, test } from "vitest";
import { readTwiml } from "#scripts/twilio-simulator/twiml/twiml.ts";
import { answeredScript, meaningOf, reminderScript, wrongKeyScript } from "./reminder-script.ts";

const STEPS = { key: "https://hooks.example.com/key", last_key: "https://hooks.example.com/last_key" };
const CALL = { text: "See you at ten & bring Priya.", language: "en", confirm: true } as const;

/** Verbs in their order; of a Gather its action, and what is said in it. */
function heard(script: string): string[] {
  const twiml = readTwiml("text/xml", script);
  if (!twiml.ok) throw new Error(twiml.reason);
  return twiml.verbs.map(({ name, attributes, text, children }) =>
    name === "Gather"
      ? `Gather ${attributes.get("numDigits")} ${attributes.get("action")}: ${children.map((say) => say.text).join(" ")}`
      : `${name} ${text}`.trim(),
  );
}

describe("a reminder", () => {
  test("asks for one key, asks once more without one, and says goodbye", () => {
    const prompt = "See you at ten & bring Priya. Press 1 to confirm, 2 to cancel, or 9 to hear this again.";
    expect(heard(reminderScript(CALL, STEPS))).toEqual([
      `Gather 1 ${STEPS.key}: ${prompt}`,
      `Gather 1 ${STEPS.last_key}: ${prompt}`,
      "Say We did not get an answer. Goodbye.",
      "Hangup",
    ]);
  });

  test("that asks for nothing is said and ends", () => {
    expect(heard(reminderScript({ ...CALL, confirm: false }, STEPS))).toEqual([
      "Say See you at ten & bring Priya.",
      "Say Goodbye.",
      "Hangup",
    ]);
  });

  test.each([
    ["en", "en-IN", "Google.en-IN-Standard-A"],
    ["hi", "hi-IN", "Google.hi-IN-Standard-A"],
    ["te", "te-IN", "Google.te-IN-Standard-A"],
  ] as const)("in %s is spoken as %s, every word of it by a voice that can", (language, spoken, voice) => {
    const call = { ...CALL, language };
    const scripts = [
      reminderScript(call, STEPS),
      wrongKeyScript(call, STEPS),
      answeredScript({ language, answer: "confirmed" }),
    ];
    for (const script of scripts) {
      const says = script.match(/<Say[^>]*>/g) ?? [];
      expect(says.length).toBeGreaterThan(0);
      expect(says.filter((say) => say !== `<Say language="${spoken}" voice="${voice}">`)).toEqual([]);
    }
  });

  test("cannot add a verb of its own", () => {
    const hostile = { ...CALL, text: "</Say><Dial>+19005550199</Dial><Say>" };
    for (const script of [reminderScript(hostile, STEPS), wrongKeyScript(hostile, STEPS)])
      expect(script).not.toContain("<Dial");
  });
});

test("a key that means nothing is answered by the question once more, and then by the end", () => {
  expect(heard(wrongKeyScript(CALL, STEPS))).toEqual([
    expect.stringMatching(/^Gather 1 .*last_key: We did not get that\. See you at ten/),
    "Say We did not get an answer. Goodbye.",
    "Hangup",
  ]);
  expect(heard(wrongKeyScript(CALL, undefined))).toEqual([
    "Say We did not get an answer. Goodbye.",
    "Hangup",
  ]);
});

test.each([
  ["confirmed", "Say Thank you, this is confirmed. Goodbye."],
  ["canceled", "Say Thank you, this is canceled. Goodbye."],
  ["none", "Say Goodbye."],
] as const)("an answer of %s is said back", (answer, said) => {
  expect(heard(answeredScript({ language: "en", answer }))).toEqual([said, "Hangup"]);
});

test.each([
  ["1", "confirmed"],
  ["2", "canceled"],
  ["9", "again"],
  ["3", undefined],
  ["*", undefined],
  ["11", undefined],
  ["", undefined],
  [undefined, undefined],
])("the key %j means %j", (digits, meaning) => {
  expect(meaningOf(digits)).toBe(meaning);
});
