import { expect, test } from "vitest";
import { plainWords } from "./plain-words.ts";

test("header injection: a line break in a name becomes a space", () => {
  expect(plainWords("Anjali\r\nBcc: all@example.com\u2028x", 80)).toBe("Anjali Bcc: all@example.com x");
});

test("spoofing: characters that turn the direction of reading are left out", () => {
  expect(plainWords("Anjali \u202Emoc.live\u202C", 80)).toBe("Anjali moc.live");
});

test("leaves names of every script as they are, joiners and emoji too", () => {
  const names = ["అంజలి సెలూన్", "क्‍ष सैलून", "Zoë & Søn", "💇‍♀️ Cuts"];
  expect(names.map((name) => plainWords(name, 80))).toEqual(names);
});

test.each([
  ["an account SID", `AC${"0123456789abcdef".repeat(2)}`],
  ["an Auth Token", "0123456789abcdef".repeat(2)],
  ["an API secret", "Qw3rTy".repeat(6)],
])("takes out what looks like %s", (_what, credential) => {
  expect(plainWords(`changed to ${credential} by hand`, 80)).toBe("changed to … by hand");
});

test("is no longer than asked for, and never half a character", () => {
  expect(plainWords("💇💇💇💇", 3)).toBe("💇💇…");
});
