import fc from "fast-check";
import { expect, test } from "vitest";
import { parseXml } from "./xml.ts";

test("reads elements, attributes, text, comments and CDATA", () => {
  const root = parseXml(`<?xml version="1.0" encoding="UTF-8"?>
    <!-- greeting -->
    <Response><Say voice='Polly.Aditi' language="en-IN">Fish &amp; <![CDATA[<chips>]]> &#x20B9;5</Say><Hangup/></Response>`);
  expect(root.name).toBe("Response");
  const [say, hangup] = root.children;
  expect(say).toMatchObject({ name: "Say", text: "Fish & <chips> ₹5" });
  expect(Object.fromEntries(say?.attributes ?? [])).toEqual({ voice: "Polly.Aditi", language: "en-IN" });
  expect(hangup).toMatchObject({ name: "Hangup", children: [] });
});

test.each([
  ["<Response><Say>Hi</Response>", "an element left open"],
  ["<Response></Response></Response>", "one closed twice"],
  ["<Response>", "no end"],
  ["<Response/><Response/>", "two roots"],
  ["hello", "no element"],
  ["<Response><Say>Fish & chips</Say></Response>", "a bare ampersand"],
  ["<Response><Say voice=alice>Hi</Say></Response>", "an attribute without quotes"],
  ["<Response><Say>&nbsp;</Say></Response>", "an entity of HTML"],
  ["<Response>1 < 2</Response>", "a bare less-than sign"],
])("refuses %s: %s", (source) => {
  expect(() => parseXml(source)).toThrow();
});

test("gives back whatever text was escaped", () => {
  const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const root = parseXml(`<a b="${escaped(text)}">x${escaped(text)}x</a>`);
      return root.text === `x${text}x` && root.attributes.get("b") === text;
    }),
    { examples: [[">"], ["/>"], ["'"]] },
  );
});
