import { describe, expect, test } from "vitest";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { afterPage, forAccount, inTurn, newProgress, Progress } from "./progress.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const ago = (seconds: number) => plusSeconds(NOW, -seconds);
const HOUR = 3_600;
const DAY = 24 * HOUR;
const fresh = newProgress({ salon_id: SalonId.parse("salon-1"), owner: "salon_own", account: null }, NOW);
const read: Progress = { ...fresh, account: "one", looked_back_at: ago(HOUR), synced_until: ago(300) };

describe("a turn", () => {
  test("of an account that was never read looks three days back", () => {
    expect(inTurn(fresh, NOW).turn).toEqual({
      kind: "look_back",
      began_at: NOW,
      since: ago(3 * DAY),
      next: null,
    });
  });

  test("overlaps the one before by an hour", () => {
    expect(inTurn(read, NOW).turn).toMatchObject({ kind: "recent", since: ago(300 + HOUR) });
  });

  test("looks back once a day", () => {
    const looked = (seconds: number) => inTurn({ ...read, looked_back_at: ago(seconds) }, NOW).turn.kind;
    expect([looked(DAY - 1), looked(DAY)]).toEqual(["recent", "look_back"]);
  });

  test("leaves no gap after a week in which nobody could read", () => {
    const week = { ...read, synced_until: ago(7 * DAY), looked_back_at: ago(7 * DAY) };
    expect(inTurn(week, NOW).turn.since).toEqual(ago(7 * DAY + HOUR));
  });

  test("that is under way is gone on with, and moves the watermark only at its end, to its beginning", () => {
    const begun = inTurn(read, ago(100));
    const halfway = afterPage(begun, { token: "PASM1", number: 1 });
    expect(halfway.synced_until).toEqual(read.synced_until);
    const resumed = inTurn(halfway, NOW);
    expect(resumed.turn).toEqual({ ...begun.turn, next: { token: "PASM1", number: 1 } });
    const ended = afterPage(resumed, null);
    expect([ended.turn, ended.synced_until, ended.looked_back_at]).toEqual([null, ago(100), ago(HOUR)]);
  });

  test("that looked back is the day's, and forgets what the list does not have", () => {
    const ended = afterPage({ ...inTurn(fresh, NOW), taking: ["SM1"] }, null);
    expect([ended.looked_back_at, ended.synced_until, ended.taking]).toEqual([NOW, NOW, []]);
    expect(Progress.parse(ended)).toEqual(ended);
  });
});

describe("customers' messages are taken from where they reach us", () => {
  const account = { fingerprint: "one", reachedAt: "numbers", connectedAt: ago(DAY) };

  test("since the account was connected, when it is read for the first time", () => {
    expect(forAccount(fresh, account, NOW).reached).toEqual({ at: "numbers", since: ago(DAY) });
  });

  test("not before now where nobody knows when that was", () => {
    expect(forAccount(fresh, { ...account, connectedAt: null }, NOW).reached?.since).toEqual(NOW);
  });

  test("since now when the numbers are others, or lead to us again", () => {
    const known = forAccount(fresh, account, NOW);
    const other = forAccount(known, { ...account, reachedAt: "others" }, plusSeconds(NOW, 60));
    expect(other.reached).toEqual({ at: "others", since: plusSeconds(NOW, 60) });
    const away = forAccount(known, { ...account, reachedAt: null }, NOW);
    expect(away.reached).toBeNull();
    expect(forAccount(away, account, plusSeconds(NOW, 60)).reached?.since).toEqual(plusSeconds(NOW, 60));
  });

  test("and another account is begun anew, by the same worker", () => {
    const known = { ...forAccount(read, account, NOW), holder: "worker", taking: ["SM1"] };
    const other = forAccount(known, { ...account, fingerprint: "two" }, NOW);
    expect(other).toMatchObject({ account: "two", holder: "worker", looked_back_at: null, taking: [] });
    expect(forAccount(known, account, NOW)).toBe(known);
  });
});
