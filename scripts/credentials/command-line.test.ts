import { expect, test } from "vitest";
import { readCommandLine } from "./command-line.ts";

test("writes nothing unless it is told to", () => {
  expect(readCommandLine([])).toEqual({ kind: "run", apply: false, pageSize: 100 });
  expect(readCommandLine(["--apply", "--after", "salon-7", "--page-size", "20"])).toEqual({
    kind: "run",
    apply: true,
    after: "salon-7",
    pageSize: 20,
  });
});

test("helps before anything else", () => {
  expect(readCommandLine(["--help", "--apply"])).toEqual({ kind: "help" });
});

test.each([
  [["--aply"], "--aply"],
  [["salon-7"], "salon-7"],
  [["--after", ""], "--after must be a salon's id"],
  [["--page-size", "0"], "--page-size must be from 1 to 500"],
  [["--page-size", "many"], "--page-size must be a whole number"],
])("refuses %j in a sentence that names the flag", (args, words) => {
  const line = readCommandLine(args);
  expect(line).toEqual({ kind: "wrong", sentence: expect.stringContaining(words) });
});
