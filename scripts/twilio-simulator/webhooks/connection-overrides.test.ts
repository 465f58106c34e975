import { expect, test } from "vitest";
import { readConnectionOverrides } from "./connection-overrides.ts";

test("tries a failed connection once more when nothing is said, and nothing else", () => {
  const { url, overrides } = readConnectionOverrides("https://example.com/hook?a=1");
  expect(url).toBe("https://example.com/hook?a=1");
  expect(overrides).toEqual({
    connectTimeoutMs: 5000,
    readTimeoutMs: 15_000,
    totalTimeoutMs: 15_000,
    retryCount: 1,
    retryOn: new Set(["ct"]),
  });
});

test("takes the fragment off and heeds it", () => {
  const { url, overrides } = readConnectionOverrides(
    "https://example.com/hook?a=1#rc=3&rp=5xx,ct,rt&rt=2000&ct=300",
  );
  expect(url).toBe("https://example.com/hook?a=1");
  expect(overrides).toMatchObject({ retryCount: 3, readTimeoutMs: 2000, connectTimeoutMs: 300 });
  expect(overrides.retryOn).toEqual(new Set(["5xx", "ct", "rt"]));
});

test.each([
  ["#rp=all", new Set(["ct", "rt", "4xx", "5xx"])],
  ["#rp=4xx", new Set(["4xx"])],
  ["#rp=nonsense", new Set([])],
])("reads the retry policy of %s", (fragment, expected) => {
  expect(readConnectionOverrides(`https://example.com/${fragment}`).overrides.retryOn).toEqual(expected);
});

test.each(["#rc=9", "#rc=-1", "#rc=two"])(
  "falls back to Twilio's standard when %s is out of bounds",
  (fragment) => {
    expect(readConnectionOverrides(`https://example.com/${fragment}`).overrides.retryCount).toBe(1);
  },
);
