import { describe, expect, test } from "vitest";
import type { Language } from "#shared/salons/communication-settings.ts";
import { Salon } from "#shared/salons/salon.ts";
import {
  closedScript,
  endScript,
  greeting,
  greetingLeftOut,
  hoursScript,
  languageScript,
  menuScript,
  type Speaking,
  transferScript,
  voicemailScript,
} from "./voice-script.ts";

const HEAD = '<?xml version="1.0" encoding="UTF-8"?><Response>';
/** A Sunday noon in India; the salon opens on Monday. */
const SUNDAY = new Date("2026-11-22T06:30:00Z");
const ENGLISH = '<Say language="en-IN" voice="Google.en-IN-Standard-A">';
const TELUGU = '<Say language="te-IN" voice="Google.te-IN-Standard-A">';
const HOURS = { monday: { opens: "10:00", closes: "19:00" }, tuesday: { opens: "10:00", closes: "19:00" } };

const speaking = (language: Language, communication: object = {}, rest: object = {}): Speaking => ({
  salon: Salon.parse({ name: "Cut & Go", hours: HOURS, communication, ...rest }),
  language,
  to: (step) => `https://hooks.example.com/${step}`,
  recordedTo: "https://hooks.example.com/recording",
});
const LANGUAGES = [
  ["en", "en-IN", "book,booking", "To book, press 1"],
  ["hi", "hi-IN", "बुक,बुकिंग", "बुकिंग के लिए 1 दबाएँ"],
  ["te", "te-IN", "బుక్,బుకింగ్", "బుకింగ్ కోసం 1 నొక్కండి"],
] as const;

describe.each(LANGUAGES)("a caller who is spoken to in %s", (language, tag, hints, menu) => {
  test("hears the menu in it, by key and by word, and silence is told of", () => {
    const script = menuScript(speaking(language));
    expect(
      script.startsWith(
        `${HEAD}<Gather numDigits="1" input="dtmf speech" action="https://hooks.example.com/menu"`,
      ),
    ).toBe(true);
    expect(script).toContain(`language="${tag}" hints="${hints}`);
    expect(script).toContain('actionOnEmptyResult="true"');
    expect(script).toContain(`<Say language="${tag}" voice="Google.${tag}-Standard-A">${menu}`);
  });

  test("hears when the salon opens again and may leave a message", () => {
    const script = closedScript(speaking(language), SUNDAY);
    expect(script).toContain("Cut &amp; Go");
    expect(script).toMatch(/10/);
    expect(script).toContain(
      '<Record action="https://hooks.example.com/recorded" method="POST" maxLength="120" finishOnKey="#" timeout="5" ' +
        'playBeep="true" recordingStatusCallback="https://hooks.example.com/recording" recordingStatusCallbackMethod="POST"/>',
    );
    expect(script).toMatch(/<\/Say><Hangup\/><\/Response>$/);
  });

  test("hears everything in it, and no placeholder", () => {
    const all = [
      menuScript(speaking(language), ["x"]),
      hoursScript(speaking(language), SUNDAY),
      closedScript(speaking(language), SUNDAY),
      voicemailScript(speaking(language), ["nobodyFree", "callAgain"]),
      endScript(speaking(language), ["takesNoCalls", "goodbye", "linkSent", "recorded"]),
    ].join("");
    expect(all).not.toMatch(/[{}]/);
    const says = new Set(all.match(/<Say[^>]*>/g));
    expect([...says]).toEqual([`<Say language="${tag}" voice="Google.${tag}-Standard-A">`]);
  });
});

describe("the greeting", () => {
  test("is the built-in one in the caller's language where the salon has set none of its own", () => {
    for (const voice_greeting of [undefined, null, "", " "])
      expect(greeting(speaking("en", { voice_greeting }))).toBe("Thank you for calling Cut & Go.");
    expect(greeting(speaking("hi"))).toBe("Cut & Go को कॉल करने के लिए धन्यवाद।");
    expect(greeting(speaking("te"))).toBe("Cut & Goకు కాల్ చేసినందుకు ధన్యవాదాలు.");
  });

  test("is the salon's own, as it is written", () => {
    expect(greeting(speaking("te", { voice_greeting: "Namaste from {salon_name}!" }))).toBe(
      "Namaste from Cut & Go!",
    );
  });

  test("that tells of keys waits for the menu in which they mean that", () => {
    const own = speaking("en", { voice_greeting: "{salon_name}: 1 books." });
    expect(greeting(own, { beforeKeys: true })).toBe("Thank you for calling Cut & Go.");
    expect(greetingLeftOut(own.salon)).toBe("Cut & Go: 1 books.");
    expect(greeting(own)).toBe("Cut & Go: 1 books.");
    expect(greetingLeftOut(speaking("en", { voice_greeting: "Hi!" }).salon)).toBeUndefined();
  });
});

test("each language is offered in itself, by its key", () => {
  const script = languageScript(speaking("te", { supported_languages: ["te", "en", "te"] }), ["Hi."]);
  expect(script).toContain(`${TELUGU}Hi.</Say>${TELUGU}తెలుగు కోసం 1 నొక్కండి.</Say>`);
  expect(script).toContain(`${ENGLISH}For English, press 2.</Say></Gather></Response>`);
  expect(script).toContain('input="dtmf"');
});

test("another language is offered only where there is one", () => {
  expect(menuScript(speaking("en"))).toContain("press 0.");
  expect(menuScript(speaking("en", { supported_languages: ["en"] }))).not.toContain("press 0.");
});

test("who is put through hears so, and its end comes back", () => {
  const transfer = { number: "+14155550111", callerId: "+14155550199" };
  expect(transferScript(speaking("en"), transfer)).toBe(
    `${HEAD}${ENGLISH}One moment, please. We are putting you through.</Say>` +
      '<Dial callerId="+14155550199" action="https://hooks.example.com/transferred" method="POST" timeout="25">' +
      "+14155550111</Dial></Response>",
  );
});

test("a salon's name and words cannot add a verb to its script", () => {
  const hostile = "</Say><Dial>+19005550199</Dial><Say>";
  const speaker = speaking("en", { voice_greeting: `${hostile}{salon_name}` }, { name: hostile });
  const scripts = [
    menuScript(speaker, [greeting(speaker)]),
    languageScript(speaker, [greeting(speaker)]),
    closedScript(speaker, SUNDAY),
    endScript(speaker, ["takesNoCalls"]),
  ];
  for (const script of scripts) expect(script).not.toContain("<Dial");
});
