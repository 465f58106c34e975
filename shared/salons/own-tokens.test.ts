import { describe, expect, test } from "vitest";
import { TwilioConfig } from "./integration.ts";
import { awaitsPromotion, ownTokens, previousVerifies } from "./own-tokens.ts";

const DAY = 86_400;
const ROTATED = new Date("2026-03-01T10:00:00Z");
const later = (seconds: number) => new Date(ROTATED.getTime() + seconds * 1_000);
const EXPIRES = later(DAY);

const envelope = (name: string) => ({
  ciphertext: Buffer.from(name.padEnd(32, "-")).toString("base64"),
  data_key: Buffer.from("key").toString("base64"),
  nonce: Buffer.from("nonce-of-12b").toString("base64"),
});

describe("the previous token verifies webhooks", () => {
  const until = (same_account: boolean, token_signs_since: Date | null) => (seconds: number) =>
    previousVerifies({ previous: { expires_at: EXPIRES, same_account }, token_signs_since }, later(seconds));

  test.each([
    ["24 hours, being of another account", until(false, null), DAY],
    ["24 hours, the current one having been known to sign from the start", until(true, ROTATED), DAY],
    ["24 hours, the current one having signed in the middle of them", until(true, later(3_600)), DAY],
    ["90 days, the current one never having signed", until(true, null), 90 * DAY],
    [
      "until a quarter of an hour after the current one has signed",
      until(true, later(3 * DAY)),
      3 * DAY + 900,
    ],
  ])("for %s", (_, verifies, end) => {
    expect([verifies(0), verifies(end - 1), verifies(end)]).toEqual([true, true, false]);
  });

  test("never, where there is none", () => {
    expect(previousVerifies({ previous: null, token_signs_since: null }, ROTATED)).toBe(false);
  });
});

test("an account waits for its token's promotion only where it had another token before", () => {
  const previous = { expires_at: EXPIRES, same_account: true };
  expect(awaitsPromotion({ previous, token_signs_since: null })).toBe(true);
  expect(awaitsPromotion({ previous, token_signs_since: ROTATED })).toBe(false);
  expect(awaitsPromotion({ previous: { ...previous, same_account: false }, token_signs_since: null })).toBe(
    false,
  );
  expect(awaitsPromotion({ previous: null, token_signs_since: null })).toBe(false);
});

test("a document from before this was written down is held to its 24 hours", () => {
  const [account_sid, auth_token] = [envelope("sid"), envelope("old")];
  const previous = { account_sid, auth_token, rotated_at: ROTATED, expires_at: EXPIRES };
  const stored = TwilioConfig.parse({ account_sid, auth_token: envelope("new"), previous });
  const roles = (seconds: number) => ownTokens(stored, later(seconds)).map(({ role }) => role);
  expect([roles(DAY - 1), roles(DAY)]).toEqual([["current", "previous"], ["current"]]);
});
