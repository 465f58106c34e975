import fc from "fast-check";
import { Timestamp } from "firebase-admin/firestore";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

describe("canonical JSON", () => {
  it("is written as RFC 8785 has it", () => {
    const value = { "\u20ac": "Euro", b: [1e21, 0.1, -0, true, null], a: { z: '\u000f\n"', "1": {} } };
    expect(canonicalJson(value)).toBe(
      '{"a":{"1":{},"z":"\\u000f\\n\\""},"b":[1e+21,0.1,0,true,null],"€":"Euro"}',
    );
  });

  it("is the same for an instant before it is stored and after", () => {
    const instant = new Date("2026-11-22T10:00:00.123Z");
    expect(canonicalJson({ at: Timestamp.fromDate(instant) })).toBe('{"at":"2026-11-22T10:00:00.123Z"}');
    expect(canonicalJson({ at: instant })).toBe('{"at":"2026-11-22T10:00:00.123Z"}');
  });

  it("leaves a key without a value out, and takes bytes for their base64", () => {
    expect(canonicalJson({ a: undefined, b: new Uint8Array([1, 2]) })).toBe('{"b":"AQI="}');
  });

  it("does not depend on the order of keys, at any depth", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, each]) => [key, reversed(each)]),
  );
}
