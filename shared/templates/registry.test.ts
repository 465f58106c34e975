import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "#shared/core/errors.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import {
  allTwilioTexts,
  categoryOf,
  renderTemplate,
  type TemplateContent,
  templateNames,
  twilioTextOf,
  variablesFor,
} from "./registry.ts";

const booking: TemplateContent = {
  name: "booking_confirmation",
  language: "en",
  variables: {
    customer_name: "Priya",
    salon_name: "Anjali's Salon",
    service: "Haircut",
    date: "5 January",
    time: "4:30 PM",
  },
};
const offer: TemplateContent = {
  name: "offer",
  language: "en",
  variables: {
    customer_name: "Priya",
    salon_name: "Cut & $& Co",
    offer: "20% off",
    valid_until: "31 January",
  },
};
const followUp = {
  customer_name: "Priya",
  salon_name: "Anjali's Salon",
  service: "Haircut",
  date: "5 January",
};

/** The variables of each template, written out as callers know them. */
const VARIABLES: Readonly<Record<string, TemplateContent["variables"]>> = {
  booking_confirmation: booking.variables,
  booking_reminder: booking.variables,
  booking_canceled: booking.variables,
  booking_changed: booking.variables,
  appointment_follow_up: followUp,
  offer: offer.variables,
};
const ALL = templateNames.flatMap((name) => Language.options.map((language) => [name, language] as const));
const SCRIPT: Record<Language, RegExp> = {
  en: /Hello/,
  hi: /\p{Script=Devanagari}/u,
  te: /\p{Script=Telugu}/u,
};

function refusalOf(content: TemplateContent): { code: string; field: string | undefined; message: string } {
  try {
    renderTemplate(content);
  } catch (error) {
    if (error instanceof AppError)
      return { code: error.code, field: error.context.field, message: error.message };
  }
  throw new Error("expected a refusal");
}
const withVariables = (variables: Record<string, string>): TemplateContent => ({
  ...booking,
  variables: { ...booking.variables, ...variables },
});

test("has the six templates, of which the offer alone is marketing", () => {
  expect(templateNames).toEqual(Object.keys(VARIABLES));
  expect(templateNames.filter((name) => categoryOf(name) === "marketing")).toEqual(["offer"]);
});

describe.each(ALL)("%s in %s", (name, language) => {
  const variables = VARIABLES[name] ?? {};
  const { body } = twilioTextOf({ name, language });

  test("renders every variable once, in its own script", () => {
    const text = renderTemplate({ name, language, variables });
    for (const value of Object.values(variables)) expect(text.split(value)).toHaveLength(2);
    expect(text).toMatch(SCRIPT[language]);
    expect(text).not.toMatch(/[{}]/);
  });

  test("is as WhatsApp wants it: words first, last and between placeholders, numbered from 1", () => {
    expect(body).toMatch(/^\p{L}.*[.।]$/u);
    expect(body.split(/\{\{\d+\}\}/).every((between) => /\p{L}/u.test(between))).toBe(true);
    const numbers = [...body.matchAll(/\{\{(\d+)\}\}/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test("has nothing in it that an SMS cannot carry or that costs a segment for nothing", () => {
    expect(body).toBe(body.normalize("NFC"));
    expect(body).not.toMatch(/[\t\n\r“”’…–—]| {2}/);
  });

  test("Twilio's text with Twilio's variables is our text with ours", () => {
    const numbered = variablesFor({ name, language, variables });
    const filled = body.replace(/\{\{(\d+)\}\}/g, (_, number: string) => numbered[number] ?? "?");
    expect(filled).toBe(renderTemplate({ name, language, variables }));
  });
});

test("says what it should, word for word", () => {
  expect(renderTemplate(booking)).toBe(
    "Hello Priya, your booking at Anjali's Salon for Haircut is confirmed. Date: 5 January, time: 4:30 PM. We look forward to seeing you.",
  );
  expect(renderTemplate(offer)).toBe(
    "Hello Priya, this is Cut & $& Co with an offer for you: 20% off. The offer is valid until 31 January. Reply STOP to opt out.",
  );
});

test.each(Language.options)("tells in %s how to opt out of marketing", (language) => {
  expect(renderTemplate({ ...offer, language })).toContain("STOP");
});

test("numbers variables by their place in the language's own sentence", () => {
  const visit = { name: "appointment_follow_up", variables: followUp };
  expect(variablesFor({ ...visit, language: "en" })).toEqual({
    1: "Priya",
    2: "Anjali's Salon",
    3: "5 January",
    4: "Haircut",
  });
  expect(variablesFor({ ...visit, language: "hi" })).toEqual({
    1: "Priya",
    2: "5 January",
    3: "Haircut",
    4: "Anjali's Salon",
  });
});

test("every text has a hash of its own", () => {
  const hashes = allTwilioTexts().map(({ textHash }) => textHash);
  expect(new Set(hashes).size).toBe(templateNames.length * Language.options.length);
});

describe("refuses, naming the field,", () => {
  test.each([
    ["an unknown template", { ...booking, name: "greeting" }, "template.name"],
    ["a name of JavaScript's", { ...booking, name: "__proto__" }, "template.name"],
    ["an unknown language", { ...booking, language: "ta" }, "template.language"],
    ["a missing variable", { ...booking, variables: followUp }, "template.variables.time"],
    ["an inherited one", { ...offer, variables: Object.create(offer.variables) }, /^template\.variables\./],
    ["an unknown variable", withVariables({ stylist: "Meena" }), "template.variables.stylist"],
    ["a customer's number for a name", withVariables({ "+919876543210": "x" }), "template.variables"],
    ["an empty variable", withVariables({ date: "" }), "template.variables.date"],
    ["one of spaces", withVariables({ date: "  " }), "template.variables.date"],
    ["one that is too long", withVariables({ date: "x".repeat(41) }), "template.variables.date"],
    ["a placeholder in a variable", withVariables({ service: "{{1}}" }), "template.variables.service"],
    ["half a placeholder", withVariables({ service: "{{" }), "template.variables.service"],
    ["a line break", withVariables({ service: "Cut\nColour" }), "template.variables.service"],
    ["a line separator", withVariables({ service: "Cut\u2028Colour" }), "template.variables.service"],
    ["a tab", withVariables({ service: "Cut\tColour" }), "template.variables.service"],
    ["four spaces", withVariables({ service: "Cut    Colour" }), "template.variables.service"],
  ])("%s", (_, content, field) => {
    const refusal = refusalOf(content);
    expect(refusal.code).toBe("invalid-argument");
    expect(refusal.field).toMatch(field);
    expect(refusal.message).not.toMatch(/9876543210|Colour/);
  });

  test("and takes three spaces, braces, apostrophes and what a longest variable may hold", () => {
    const odd = withVariables({ service: "Cut   {Colour}", salon_name: "O'Connor's", date: "x".repeat(40) });
    expect(renderTemplate(odd)).toContain("Cut   {Colour}");
  });
});

test("whatever a variable holds, it is refused by its field or stands in the text as it is", () => {
  const value = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 130 }),
    fc.stringMatching(/^[{}$&1-4 \t\n]*$/),
  );
  fc.assert(
    fc.property(fc.constantFrom(...ALL), value, fc.nat(), ([name, language], odd, pick) => {
      const variables = VARIABLES[name] ?? {};
      const names = Object.keys(variables);
      const chosen = names[pick % names.length] ?? "";
      const content = { name, language, variables: { ...variables, [chosen]: odd } };
      try {
        const text = renderTemplate(content);
        const [before = "", after = ""] = renderTemplate({
          name,
          language,
          variables: { ...variables, [chosen]: "\u00a7\u00a7" },
        }).split("\u00a7\u00a7");
        expect(text).toBe(before + odd + after);
        expect(Object.values(variablesFor(content))).toContain(odd);
        expect(odd).not.toMatch(/[\n\t]| {4}|\{\{|\}\}/);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error).toMatchObject({
          code: "invalid-argument",
          context: { field: `template.variables.${chosen}` },
        });
      }
    }),
    { numRuns: 500 },
  );
});
