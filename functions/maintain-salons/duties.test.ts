import { expect, test } from "vitest";
import { dutiesOf } from "./duties.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000);
const rotating = (seconds: number) => ({ twilio: { next_auth_token: { stored_at: ago(seconds) } } });
const expired = (seconds: number) => ({ twilio: { previous: { expires_at: ago(seconds) } } });
const sameAccount = (seconds: number, token_signs_since: Date | null) => ({
  twilio: { previous: { expires_at: ago(seconds), same_account: true }, token_signs_since },
});
const DAY = 86_400;
const IN_USE = { is_active: true, phone_number_sid: "PN1" };
const WHATSAPP = { whatsapp_number: "+14155550123" };

test.each([
  ["nothing at all", {}, []],
  ["nothing kept", { twilio: { previous: null, next_auth_token: null } }, []],
  ["a rotation that began five minutes ago", rotating(300), []],
  ["one that began earlier", rotating(301), ["resume_rotation"]],
  ["credentials that expire in a second", expired(-1), []],
  ["credentials that expire now", expired(0), ["purge_expired"]],
  ["expired credentials that may be what signs", sameAccount(DAY, null), []],
  ["those after 90 days", sameAccount(89 * DAY, null), ["purge_expired"]],
  ["those, the new ones having signed just now", sameAccount(DAY, ago(899)), []],
  ["those, what they signed having arrived", sameAccount(DAY, ago(900)), ["purge_expired"]],
  ["an own account in use", { twilio: IN_USE }, ["check_webhooks"]],
  ["one that is not used", { twilio: { ...IN_USE, is_active: false } }, []],
  ["one without a number", { twilio: { ...IN_USE, phone_number_sid: null } }, []],
  ["one that sends WhatsApp", { twilio: { ...IN_USE, ...WHATSAPP } }, ["check_webhooks", "sync_templates"]],
  ["a subaccount that sends WhatsApp", { platform: { is_active: true, ...WHATSAPP } }, ["sync_templates"]],
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
