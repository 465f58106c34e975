import { describe, expect, test } from "vitest";
import { choiceIn, hintsIn, isSilent, languageOfKey } from "./voice-choice.ts";

const pressed = (digits: string) => choiceIn({ digits, speech: undefined });
const said = (speech: string) => choiceIn({ digits: undefined, speech });

test.each([
  ["1", "book"],
  ["2", "hours"],
  ["9", "again"],
  ["0", "change_language"],
  ["3", undefined],
  ["*", undefined],
  ["#", undefined],
  ["__proto__", undefined],
  ["constructor", undefined],
])("the key %j means %j", (digits, choice) => {
  expect(pressed(digits)).toBe(choice);
});

test.each([
  ["I'd like to book an appointment.", "book"],
  ["Book a time", "book"],
  ["1.", "book"],
  ["What are your opening hours?", "hours"],
  ["Two", "hours"],
  ["repeat please", "again"],
  ["Hindi", "change_language"],
  ["बुकिंग करनी है", "book"],
  ["आपका समय क्या है?", "hours"],
  ["दो", "hours"],
  ["दोबारा", "again"],
  ["hindi mein booking", "book"],
  ["అపాయింట్‌మెంట్ కావాలి", "book"],
  ["వేళలు", "hours"],
  ["టైమ్ ఎంత", "hours"],
  ["మళ్లీ చెప్పండి", "again"],
  ["భాష", "change_language"],
  ["No one is answering", undefined],
  ["I don't want an appointment", undefined],
  ["cancel my appointment", undefined],
  ["I do not want to book, what time do you open", undefined],
  ["one moment please", undefined],
  ["एक मिनट", undefined],
  ["मुझे बुकिंग नहीं करनी", undefined],
  ["అపాయింట్‌మెంట్ వద్దు", undefined],
  ["ఒకటి", "book"],
  ["facebook", undefined],
  ["hello", undefined],
  ["12", undefined],
  ["constructor", undefined],
])("to say %j means %j", (speech, choice) => {
  expect(said(speech)).toBe(choice);
});

test("a key counts before what was said with it", () => {
  expect(choiceIn({ digits: "2", speech: "book" })).toBe("hours");
});

test("only who gives no sign is silent", () => {
  expect(isSilent({ digits: undefined, speech: undefined })).toBe(true);
  expect(isSilent({ digits: "#", speech: undefined })).toBe(false);
  expect(isSilent({ digits: undefined, speech: "hm" })).toBe(false);
});

test("languages have the keys in their order", () => {
  const offered = ["te", "en"] as const;
  expect(["1", "2", "3", "0", "", "12", undefined].map((key) => languageOfKey(key, offered))).toEqual([
    "te",
    "en",
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

describe.each(["en", "hi", "te"] as const)("the words to be expected in %s", (language) => {
  test("fit what Twilio takes: 500 phrases of 100 characters, parted by commas", () => {
    const hints = hintsIn(language);
    expect(hints.length).toBeLessThanOrEqual(500);
    expect(hints.every((hint) => hint.length <= 100 && !hint.includes(","))).toBe(true);
    expect(hints).toContain("booking");
  });

  test("are all understood", () => {
    for (const hint of hintsIn(language)) expect(said(hint), hint).toBeDefined();
  });
});
