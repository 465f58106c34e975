import { describe, expect, test } from "vitest";
import { ACCEPTED_AT, attempt, messageSid, outboundMessage } from "#scripts/testing/outbound-message.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import {
  afterFailure,
  type FailedAttempt,
  failureOfCode,
  lastFailure,
  lateWaitSeconds,
} from "./after-failure.ts";
import type { Attempt, OutboundMessage } from "./message.ts";

const NOW = plusSeconds(ACCEPTED_AT, 600);
const HOUR = 3_600;
const rejected = (code: number | null, changes: Partial<Attempt> = {}) =>
  attempt({ state: "rejected", error_code: code, ...changes });
const undelivered = (code: number | null, changes: Partial<Attempt> = {}) =>
  attempt({ sid: messageSid(1), state: "undelivered", error_code: code, ...changes });

/** What comes after the last of these attempts, in seconds from now where it is tried again. */
function nextAfter(
  attempts: readonly Attempt[],
  failed: Pick<FailedAttempt, "how"> & Partial<FailedAttempt>,
  changes: Partial<OutboundMessage> = {},
) {
  const numbered = attempts.map((each, index) => ({ ...each, number: index + 1 }));
  const message = outboundMessage({ attempts: numbered, ...changes });
  const last = numbered.at(-1) ?? attempt();
  const wait = failed.how === "undelivered" ? lateWaitSeconds(message, last) : 15;
  const next = afterFailure(
    message,
    { attempt: last, failure: failureOfCode(last.error_code), wait, ...failed },
    NOW,
  );
  if (next.kind !== "retry") return next.kind;
  const seconds = (next.retryAt.getTime() - NOW.getTime()) / 1_000;
  return next.reason === undefined ? seconds : [next.reason, seconds];
}

describe("a limit", () => {
  test.each([20249, 30023, 30610, 63018, 63038, 63049])(
    "of many hours (%d) is not run into every few minutes",
    (code) => {
      const late = (tries: number) => nextAfter(Array(tries).fill(undelivered(code)), { how: "undelivered" });
      expect([1, 2, 3, 4, 9].map(late)).toEqual([HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR]);
      expect(nextAfter([rejected(code)], { how: "refused" })).toBe(HOUR);
      expect(nextAfter([rejected(code)], { how: "not_processed" })).toBe(HOUR);
    },
  );

  test.each([30022, 30027, 63017])("of a moment (%d) is tried until the message is too late", (code) => {
    const late = (tries: number) => nextAfter(Array(tries).fill(undelivered(code)), { how: "undelivered" });
    expect([1, 2, 3, 6, 12].map(late)).toEqual([300, 600, 1_200, 9_600, 4 * HOUR]);
    const ending = { expires_at: plusSeconds(NOW, 4 * HOUR) };
    expect(nextAfter(Array(12).fill(undelivered(code)), { how: "undelivered" }, ending)).toBe("fail");
  });
});

test("what would be tried too late comes when it expires", () => {
  const soon = { expires_at: plusSeconds(NOW, 60) };
  expect(nextAfter([rejected(30023)], { how: "refused" }, soon)).toBe(60);
  expect(nextAfter([rejected(20003)], { how: "refused" }, soon)).toEqual(["account_trouble", 60]);
});

test("the other way has tries of its own", () => {
  const other = { source: "platform_default", channel: "sms" } as const;
  const own = undelivered(30008, { channel: "whatsapp" });
  const onFallback = { critical: true, fallback: { channel: "sms" }, on_fallback: true } as const;
  expect(nextAfter([own, undelivered(30008, other)], { how: "undelivered" }, onFallback)).toBe(300);
});

describe("what may have arrived", () => {
  test("is sent once more after an error that the carrier does not explain", () => {
    expect(nextAfter([undelivered(30008)], { how: "undelivered" })).toBe(300);
    expect(nextAfter([undelivered(30008), undelivered(30008)], { how: "undelivered" })).toBe("fail");
  });

  test("is not sent again after a carrier that did not answer", () => {
    expect(nextAfter([undelivered(30410)], { how: "undelivered" })).toBe("fail");
    const critical = { critical: true, fallback: { channel: "sms" } } as const;
    expect(nextAfter([undelivered(30410, { channel: "whatsapp" })], { how: "undelivered" }, critical)).toBe(
      "fail",
    );
  });
});

describe("trouble with the salon's account", () => {
  test("is waited for as often as Twilio says that it is there", () => {
    const trouble = Array(9).fill(rejected(20003));
    expect(nextAfter(trouble, { how: "refused", accountIsWell: false })).toEqual(["account_trouble", 900]);
  });

  test.each([20006, 21705, 21659, 63007])(
    "that Twilio knows nothing of (%d) is worth one more try",
    (code) => {
      const well = { how: "refused", accountIsWell: true } as const;
      expect(nextAfter([rejected(code)], well)).toBe(15);
      expect(nextAfter([rejected(20429), rejected(code)], well)).toBe(15);
      expect(nextAfter([rejected(code), rejected(code)], well)).toBe("fail");
    },
  );

  test("that was met late is waited for once: had it lasted, the next would not have gone out", () => {
    expect(nextAfter([undelivered(30002)], { how: "undelivered" })).toEqual(["account_trouble", 900]);
    expect(nextAfter([undelivered(30002), undelivered(30002)], { how: "undelivered" })).toBe("fail");
    const ofAnother = undelivered(30002, { account: "fingerprint-of-another-account" });
    expect(nextAfter([ofAnother, undelivered(30002)], { how: "undelivered" })).toEqual([
      "account_trouble",
      900,
    ]);
  });
});

describe("trouble with the platform's own number", () => {
  const onFallback = { critical: true, fallback: { channel: "sms" }, on_fallback: true } as const;

  test.each([20003, 20005, 21660])("(%d) is waited for until the message is too late", (code) => {
    const attempts = Array(9).fill(rejected(code, { source: "platform_default" }));
    expect(nextAfter(attempts, { how: "refused" }, onFallback)).toBe(15);
  });

  test("that is about one recipient ends the message", () => {
    const attempts = [rejected(21612, { source: "platform_default" })];
    expect(nextAfter(attempts, { how: "refused" }, onFallback)).toBe("fail");
  });
});

describe("a message that was sent again by its sender", () => {
  const before = plusSeconds(ACCEPTED_AT, -60);

  test("starts afresh, whatever it met before", () => {
    const old = (each: Attempt) => ({ ...each, started_at: before });
    expect(
      nextAfter([old(undelivered(30003)), old(undelivered(30003)), undelivered(30003)], {
        how: "undelivered",
      }),
    ).toBe(300);
    const well = { how: "refused", accountIsWell: true } as const;
    expect(nextAfter([old(rejected(21659)), rejected(21659)], well)).toBe(15);
    expect(nextAfter([old(undelivered(63018)), undelivered(63018)], { how: "undelivered" })).toBe(HOUR);
  });

  test("is buried all the same when its document has grown too long", () => {
    const attempts = Array(500).fill(rejected(20429, { started_at: before }));
    expect(nextAfter(attempts, { how: "not_processed" })).toBe("fail");
    expect(nextAfter(attempts.slice(1), { how: "not_processed" })).toBe(15);
  });
});

test("a message that was not sent in time has failed for what it met last", () => {
  const attempts = [rejected(20429), rejected(30022), attempt({ state: "absent" })];
  expect(lastFailure(outboundMessage({ attempts }))).toMatchObject({ class: "throttle", twilio_code: 30022 });
  expect(lastFailure(outboundMessage({ attempts: [attempt({ state: "absent" })] }))).toBeNull();
});
