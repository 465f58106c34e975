import { expect, test } from "vitest";
import { numberedText, renderText, type Template } from "./template.ts";

const template: Template = {
  category: "transactional",
  variables: { first: { maxCharacters: 2_000, sample: "a" }, second: { maxCharacters: 10, sample: "b" } },
  texts: {
    en: "One {{first}} and {{second}} here.",
    hi: "पहले {{second}} फिर {{first}} है।",
    te: "ముందు {{second}} తర్వాత {{first}} ఉంది.",
  },
};

test("puts the variables in place as they are, whatever a replacement text would make of them", () => {
  const values = { first: "$& and $1", second: "$$" };
  expect(renderText(template, "en", values)).toBe("One $& and $1 and $$ here.");
  expect(renderText(template, "hi", values)).toBe("पहले $$ फिर $& and $1 है।");
});

test("refuses a text that is over 1,600 characters when it is whole", () => {
  // "One ", " and " and " here." are 15 characters, the second variable is one.
  expect(renderText(template, "en", { first: "x".repeat(1_584), second: "y" })).toHaveLength(1_600);
  expect(() => renderText(template, "en", { first: "x".repeat(1_585), second: "y" })).toThrow(
    expect.objectContaining({ code: "invalid-argument", context: { field: "template.variables" } }),
  );
});

test("numbers placeholders in the order of the text", () => {
  expect(numberedText(template.texts.hi)).toEqual({
    body: "पहले {{1}} फिर {{2}} है।",
    names: ["second", "first"],
  });
});
