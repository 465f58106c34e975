import { describe, expect, test } from "vitest";
import { TwilioConfig } from "#shared/salons/integration.ts";
import { leaving, nextStep, type Probe, rollbackRefusal, rolledBack, swapped, withNext } from "./rotation.ts";

const NOW = new Date("2026-03-01T10:00:00Z");
const TOMORROW = new Date("2026-03-02T10:00:00Z");
const envelope = (name: string) => ({
  ciphertext: Buffer.from(name.padEnd(32, "-")).toString("base64"),
  data_key: Buffer.from("key").toString("base64"),
  nonce: Buffer.from("nonce-of-12b").toString("base64"),
});
const [SID, OLD, NEW, OLDEST] = ["sid", "old", "new", "oldest"].map(envelope);
const connected = TwilioConfig.parse({
  account_sid: SID,
  auth_token: OLD,
  phone_number: "+14155550101",
  configured_at: new Date("2026-01-01T10:00:00Z"),
});
const next = NEW ?? expect.fail("no envelope");
/** Nothing is known of the token that comes. */
const UNKNOWN = { signs: false, keepPrevious: false, now: NOW };

describe("a rotation goes on from what the two tokens are good for", () => {
  const ALL: Probe[] = ["authenticates", "rejected", "unknown"];
  const steps = (origin: "pasted" | "secondary", nextSigns: boolean | undefined) =>
    Object.fromEntries(
      ALL.map((coming) => [
        coming,
        ALL.map((current) => nextStep({ origin, current, next: coming, nextSigns })).join(" "),
      ]),
    );

  test("a secondary one of ours is promoted where another one signs, even when it has ended the current one", () => {
    expect(steps("secondary", false)).toEqual({
      authenticates: "promote promote wait",
      rejected: "drop stuck wait",
      unknown: "wait wait wait",
    });
  });

  test("where Twilio does not tell which one signs, ours is current once the other is dead", () => {
    expect(steps("secondary", undefined)).toEqual({
      authenticates: "promote swap wait",
      rejected: "drop stuck wait",
      unknown: "wait wait wait",
    });
  });

  test("one that signs already is not promoted again", () => {
    expect(steps("secondary", true)).toEqual({
      authenticates: "swap swap swap",
      rejected: "drop stuck wait",
      unknown: "wait wait wait",
    });
  });

  test("a pasted one becomes current as soon as it authenticates", () => {
    expect(steps("pasted", false)).toEqual({
      authenticates: "swap swap swap",
      rejected: "drop stuck wait",
      unknown: "wait wait wait",
    });
  });
});

describe("the stored account", () => {
  test("keeps the current token while the next one is only stored", () => {
    expect(withNext(connected, next, "pasted", NOW)).toMatchObject({
      auth_token: OLD,
      next_auth_token: { auth_token: NEW, origin: "pasted", stored_at: NOW },
    });
  });

  test("after the swap keeps the earlier token for exactly 24 hours", () => {
    const after = swapped(withNext(connected, next, "pasted", NOW), next, UNKNOWN);
    expect(after).toMatchObject({
      auth_token: NEW,
      next_auth_token: null,
      rotated_at: NOW,
      previous: {
        auth_token: OLD,
        account_sid: SID,
        rotated_at: NOW,
        expires_at: TOMORROW,
        same_account: true,
      },
    });
    expect(rollbackRefusal(after, new Date(TOMORROW.getTime() - 1))).toBeUndefined();
    expect(rollbackRefusal(after, TOMORROW)).toBe("rollback_expired");
  });

  test("keeps the token that still signs when a second pasted one follows", () => {
    const previous = { ...connected, auth_token: OLDEST, rotated_at: NOW, expires_at: TOMORROW };
    const twice = TwilioConfig.parse({ ...connected, previous });
    expect(swapped(twice, next, { ...UNKNOWN, keepPrevious: true }).previous?.auth_token).toEqual(OLDEST);
    expect(swapped(twice, next, UNKNOWN).previous?.auth_token).toEqual(OLD);
  });

  test("knows of a token whether it signs only where Twilio has said so", () => {
    const signing = { ...connected, token_signs_since: new Date("2026-01-02T10:00:00Z") };
    expect(swapped(signing, next, UNKNOWN).token_signs_since).toBeNull();
    expect(swapped(signing, next, { ...UNKNOWN, signs: true }).token_signs_since).toEqual(NOW);
  });

  test("remembers whether what it had before was of the same Twilio account, also after a rollback", () => {
    for (const sameAccount of [true, false]) {
      const after = { ...connected, ...leaving(connected, { ...UNKNOWN, sameAccount }) };
      const previous = after.previous ?? expect.fail("nothing kept");
      expect(previous.same_account).toBe(sameAccount);
      expect(rolledBack(after, previous, NOW)).toMatchObject({
        token_signs_since: null,
        previous: { same_account: sameAccount },
      });
    }
  });

  test("after a rollback has both again, changed over, and does not call the old token young", () => {
    const after = swapped(connected, next, UNKNOWN);
    const previous = after.previous ?? expect.fail("nothing kept");
    expect(rolledBack(after, previous, NOW)).toMatchObject({
      auth_token: OLD,
      previous: { auth_token: NEW, expires_at: TOMORROW },
      rotated_at: null,
    });
  });

  test("has nothing to roll back to before its first change", () => {
    expect(rollbackRefusal(connected, NOW)).toBe("nothing_to_roll_back");
  });
});
