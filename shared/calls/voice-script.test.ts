import { expect, test } from "vitest";
import { Salon } from "#shared/salons/salon.ts";
import { greetingScript, menuScript, transferredScript } from "./voice-script.ts";

const STEPS = {
  menu: "https://hooks.example.com/menu",
  transferred: "https://hooks.example.com/transferred",
};
const salon = (communication: object = {}, rest: object = {}) =>
  Salon.parse({ name: "Cut & Go", communication, ...rest });

test("greets in the salon's words and language while a key may be pressed", () => {
  const script = greetingScript(
    salon({ voice_greeting: "Welcome to {salon_name}.", default_language: "te" }),
    STEPS,
  );
  expect(script).toContain('language="te-IN"');
  expect(script).toContain("Welcome to Cut &amp; Go.");
  expect(script).toContain(`action="${STEPS.menu}"`);
});

test("thanks for the call where the salon has no words of its own", () => {
  expect(greetingScript(salon({ voice_greeting: null }), STEPS)).toContain(
    "Thank you for calling Cut &amp; Go.",
  );
});

test("takes no calls where voice is switched off", () => {
  const script = greetingScript(salon({ voice_enabled: false }), STEPS);
  expect(script).toContain("takes no calls");
  expect(script).toContain("<Hangup/>");
  expect(script).not.toContain("<Gather");
});

test("puts a caller through after 1, and back after the transfer", () => {
  const script = menuScript(salon({ voice_transfer_number: "+14155550111" }), "1", STEPS);
  expect(script).toContain("+14155550111");
  expect(script).toContain(`action="${STEPS.transferred}"`);
});

test("asks for a message after 1 where there is nobody to be put through to", () => {
  const script = menuScript(salon(), "1", STEPS);
  expect(script).toContain("please send a message");
  expect(script).not.toContain("<Dial");
});

test("tells the hours after 2, in the order of the week", () => {
  const hours = {
    saturday: { opens: "09:00", closes: "17:00" },
    monday: { opens: "10:00", closes: "19:00" },
  };
  const spoken = "On monday we are open from 10:00 to 19:00. On saturday we are open from 09:00 to 17:00.";
  expect(menuScript(salon({}, { hours }), "2", STEPS)).toContain(spoken);
  expect(menuScript(salon(), "2", STEPS)).toContain("Our opening hours are not listed.");
});

test.each(["9", "", undefined])("starts again after the key %j", (digits) => {
  expect(menuScript(salon(), digits, STEPS)).toBe(greetingScript(salon(), STEPS));
});

test("hangs up after a transfer that was taken, and says so when it was not", () => {
  expect(transferredScript("completed")).not.toContain("<Say");
  for (const status of ["no-answer", "busy", "failed", undefined])
    expect(transferredScript(status)).toContain("Nobody can take your call now.");
});

test("a salon's name cannot add a verb to its script", () => {
  const hostile = Salon.parse({ name: "</Say><Dial>+19005550199</Dial><Say>" });
  for (const script of [greetingScript(hostile, STEPS), menuScript(hostile, "1", STEPS)])
    expect(script).not.toContain("<Dial");
});
