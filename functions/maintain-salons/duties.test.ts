import { expect, test } from "vitest";
import { dutiesOf } from "./duties.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000);
const rotating = (seconds: number) => ({ twilio: { next_auth_token: { stored_at: ago(seconds) } } });
const expired = (seconds: number) => ({ twilio: { previous: { expires_at: ago(seconds) } } });

test.each([
  ["no own account", {}, []],
  ["nothing kept", { twilio: { previous: null, next_auth_token: null } }, []],
  ["a rotation that began five minutes ago", rotating(300), []],
  ["one that began earlier", rotating(301), ["resume_rotation"]],
  ["credentials that expire in a second", expired(-1), []],
  ["credentials that expire now", expired(0), ["purge_expired"]],
  [
    "both",
    { twilio: { ...rotating(900).twilio, ...expired(900).twilio } },
    ["resume_rotation", "purge_expired"],
  ],
])("knows what to do for a salon with %s", (_, data, duties) => {
  expect(dutiesOf(data, NOW)).toEqual(duties);
});

test("a malformed document is an error, not silence", () => {
  expect(() => dutiesOf({ twilio: { previous: { expires_at: "soon" } } }, NOW)).toThrow();
});
