import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choiceOf, isAnsweredByTwilio, keywordOf } from "./keywords.ts";

describe("a whole text that is a keyword", () => {
  test.each([
    ...["STOP", "unsubscribe", "End", "quit", "STOPALL", "stop all", "revoke", "optout", "Opt-Out", "CANCEL"],
    ...["रोकें", "बंद करो", "बंद करें", "स्टॉप", "मैसेज मत भेजो", "band karo", "Band Karo!", "msg mat bhejo"],
    ...["ఆపండి", "ఆపు", "స్టాప్", "మెసేజ్‌లు ఆపండి", "మెసేజ్ పంపవద్దు", "aapandi", "nilipiveyandi"],
  ])("%j stops", (text) => {
    expect(keywordOf(text)).toBe("stop");
  });

  test.each([
    ...["START", "unstop", "YES", "शुरू करें", "शुरू", "shuru karo", "ప్రారంభించండి", "మొదలు పెట్టండి", "modalu pettandi"],
  ])("%j starts", (text) => {
    expect(keywordOf(text)).toBe("start");
  });

  test.each(["help", "INFO", "मदद", "सहायता", "madad", "సహాయం", "sahayam"])("%j asks for help", (text) => {
    expect(keywordOf(text)).toBe("help");
  });

  test.each([
    ["  Stop \n"],
    ["STOP."],
    ["“Stop!”"],
    ["ＳＴＯＰ"],
    ["s\u200bt\u200bo\u200bp"],
    ["STOP 🛑"],
    ["\u202aStop\u202c"],
    ["बंद  करें।"],
    ["ఆపండి\u200c"],
  ])("is one however it is written: %j", (text) => {
    expect(keywordOf(text)).toBe("stop");
  });

  test("is one in either Unicode form, in either case, between any signs", () => {
    const words = ["unsubscribe", "opt out", "बंद करें", "रोकें", "ఆపండి", "నిలిపివేయండి", "మెసేజ్ పంపవద్దు"];
    const sign = fc.constantFrom(" ", "\t", "\n", ".", "!", "…", "\u00a0", "\u200d", "\ufeff", "🙏", "*");
    const around = fc.array(sign, { maxLength: 4 }).map((signs) => signs.join(""));
    const form = fc.constantFrom("NFC", "NFD", "NFKC", "NFKD");
    fc.assert(
      fc.property(fc.constantFrom(...words), form, fc.boolean(), around, around, (word, as, upper, a, b) => {
        const text = `${a}${upper ? word.toUpperCase() : word}${b}`.normalize(as);
        expect(keywordOf(text)).toBe("stop");
      }),
    );
  });
});

describe("an ordinary text", () => {
  test.each([
    ...[
      "",
      " ",
      "…",
      "Please stop by at 10",
      "stop it",
      "stopped",
      "yes please",
      "Helping hand",
      "cancel my 5 pm",
    ],
    ...[
      "no",
      "No thanks",
      "ok",
      "haan",
      "हाँ",
      "जी",
      "नहीं",
      "nahi",
      "रद्द करें",
      "cancel karo",
      "बंद",
      "रुको",
      "बंद है क्या?",
    ],
    ...["అవును", "వద్దు", "సరే", "పంపవద్దు", "mat bhejo", "రద్దు చేయండి", "vaddu", "constructor", "__proto__"],
    ...["आज मत भेजो किसी को", "బ్రేక్ ఆపండి"],
  ])("%j is no keyword", (text) => {
    expect(keywordOf(text)).toBeUndefined();
    expect(isAnsweredByTwilio(text, "sms")).toBe(false);
  });
});

describe("what a customer chooses", () => {
  const sms = { channel: "sms", isOptedOut: false } as const;
  const whatsapp = { channel: "whatsapp", isOptedOut: false } as const;

  test.each([
    ["CANCEL", sms, "stop"],
    ["cancel", whatsapp, undefined],
    ["End", sms, "stop"],
    ["end", whatsapp, undefined],
    ["yes", sms, undefined],
    ["Yes!", { ...sms, isOptedOut: true }, "start"],
    ["yes", { ...whatsapp, isOptedOut: true }, undefined],
    ["STOP", whatsapp, "stop"],
    ["start", sms, "start"],
    ["START", { ...whatsapp, isOptedOut: true }, "start"],
    ["help", sms, undefined],
    ["See you at 5", sms, undefined],
  ] as const)("%j with %j is %j", (text, context, choice) => {
    expect(choiceOf(text, context)).toBe(choice);
  });

  test.each([
    ["STOP", "Arrête", "stop"],
    ["START", "STOP", "start"],
    ["HELP", "Aide", undefined],
  ] as const)("is what Twilio says, before what the text says: %s with %j", (optOutType, text, choice) => {
    expect(choiceOf(text, { ...whatsapp, optOutType })).toBe(choice);
  });
});

test.each([
  ["Yes", "sms", true],
  ["stop all", "sms", true],
  ["HELP", "sms", true],
  ["HELP", "whatsapp", false],
  ["मदद", "sms", false],
  ["aapandi", "sms", false],
] as const)("Twilio answers %j by %s itself: %j", (text, channel, does) => {
  expect(isAnsweredByTwilio(text, channel)).toBe(does);
});
