import { describe, expect, test } from "vitest";
import { CommunicationSettings } from "#shared/salons/communication-settings.ts";
import { languageFor, languageOfScript } from "./language.ts";

describe("the language of a text", () => {
  test.each([
    ["नमस्ते, कल 5 बजे?", "hi"],
    ["నమస్తే, రేపు 5 గంటలకు?", "te"],
    ["Hair spa ka rate kya hai? बताइए", "hi"],
    ["hello नमस्ते నమస్తే, మీ దగ్గర ఖాళీ ఉందా?", "te"],
  ])("%j is told by its script: %s", (text, language) => {
    expect(languageOfScript(text)).toBe(language);
  });

  test.each(["Namaste", "", "👋🏽", "வணக்கம்", "12:30", "हtి"])("%j tells nothing", (text) => {
    expect(languageOfScript(text)).toBeUndefined();
  });
});

describe("the language to answer in", () => {
  const settings = (changes: object = {}) => CommunicationSettings.parse(changes);

  test.each([
    ["the text's own", "नमस्ते", "te", settings(), "hi"],
    ["the one the customer last wrote in", "Namaste", "te", settings(), "te"],
    ["the salon's default", "Hello", null, settings({ default_language: "hi" }), "hi"],
    [
      "never one that the salon has not",
      "नमस्ते",
      "te",
      settings({ supported_languages: ["en"], default_language: "en" }),
      "en",
    ],
    [
      "the known one, when the text's is not supported",
      "नमस्ते",
      "te",
      settings({ supported_languages: ["en", "te"] }),
      "te",
    ],
  ] as const)("is %s", (_, text, known, communication, language) => {
    expect(languageFor(text, known, communication)).toBe(language);
  });
});
