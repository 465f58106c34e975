import { expect, test } from "vitest";
import { readCommandLine } from "./command-line.ts";

const EMAIL = "booking@salon-flow.iam.gserviceaccount.com";
const run = { kind: "run", email: EMAIL, salons: ["salon-1"], critical: false };

test.each([
  [["--email", EMAIL, "--salons", "salon-1"], run],
  [["--email", EMAIL.toUpperCase(), "--salons", "salon-1"], run],
  [["--email", EMAIL, "--salons", " salon-1, salon-2 "], { ...run, salons: ["salon-1", "salon-2"] }],
  [["--salons", "*", "--email", EMAIL, "--critical"], { ...run, salons: "*", critical: true }],
  [["--disable", "--email", EMAIL], { kind: "disable", email: EMAIL }],
  [["--help", "--email", EMAIL], { kind: "help" }],
])("reads %j", (args, line) => {
  expect(readCommandLine(args)).toEqual(line);
});

test.each([
  [[], "--email is missing"],
  [["--email", EMAIL], "--salons is missing"],
  [
    ["--email", "priya@salonflow.example", "--salons", "*"],
    "--email must be a service account's e-mail address",
  ],
  [["--email", `a/${EMAIL}`, "--salons", "*"], "--email must be"],
  [["--email", EMAIL, "--salons", ""], "--salons must be * or salon ids"],
  [["--email", EMAIL, "--salons", "salon-1,*"], "--salons must be * or salon ids"],
  [["--email", EMAIL, "--salons", "../salon"], "--salons must be * or salon ids"],
  [["--email", EMAIL, "--salons", "*", "package.json"], "package.json"],
  [["--email", EMAIL, "--salon", "*"], "--salon"],
  [["--disable"], "--email is missing"],
  [["--disable", "--email", EMAIL, "--salons", "*"], "--salons does not go with --disable"],
  [["--disable", "--email", EMAIL, "--critical"], "--critical does not go with --disable"],
])("refuses %j in a sentence that names the flag", (args, words) => {
  expect(readCommandLine(args)).toEqual({ kind: "wrong", sentence: expect.stringContaining(words) });
});
