import { describe, expect, test } from "vitest";
import { notificationOf, now } from "#scripts/testing/example-notification.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import type { ChannelName, Notification } from "./notification.ts";
import { LEASE_SECONDS, MAX_ATTEMPTS, type Outcome, settled, taken } from "./transitions.ts";

const sent: Outcome = { state: "sent" };
const down: Outcome = { state: "failed", reason: "The mail server did not answer.", mayPass: true };
const refused: Outcome = { state: "failed", reason: "There is no such mailbox.", mayPass: false };
const settle = (notification: Notification, channel: ChannelName, outcome: Outcome, at = now, holder = "a") =>
  settled(notification, channel, { holder, outcome, now: at });

function take(notification: Notification, at = now, holder = "a") {
  const result = taken(notification, holder, at);
  if (result.kind !== "send") throw new Error(`There is nothing to send: ${result.kind}.`);
  return result;
}

/** One attempt with this outcome. */
function tried(notification: Notification, outcome: Outcome, at = now): Notification {
  const { channel, notification: held } = take(notification, at);
  const next = settle(held, channel, outcome, at);
  if (next === undefined) throw new Error("Nothing changed.");
  return next;
}

const statesOf = ({ channels }: Notification) =>
  [channels.email, channels.slack, channels.webhook].map(({ state }) => state);

describe("a worker", () => {
  test("takes one channel after the other, and then finds nothing left to do", () => {
    const done = tried(tried(tried(notificationOf(), sent), sent), sent);
    expect(statesOf(done)).toEqual(["sent", "sent", "sent"]);
    expect(done).not.toHaveProperty("due_at");
    expect(taken(done, "b", plusSeconds(now, 86_400))).toEqual({ kind: "wait" });
  });

  test("leaves a notification alone that another worker has, until the lease ends", () => {
    const { notification } = take(notificationOf());
    expect(notification.due_at).toEqual(plusSeconds(now, LEASE_SECONDS));
    expect(taken(notification, "b", plusSeconds(now, LEASE_SECONDS - 1))).toEqual({ kind: "wait" });
    const over = take(notification, plusSeconds(now, LEASE_SECONDS), "b");
    expect(over).toMatchObject({ channel: "email", notification: { channels: { email: { attempts: 2 } } } });
  });

  test("writes the attempt down before it is made", () => {
    expect(take(notificationOf()).notification.channels.email).toMatchObject({
      state: "pending",
      attempts: 1,
    });
  });

  test("keeps the name of who it was until the owner's mail is sent or given up, and no longer", () => {
    const facts = { by: "uid-1", by_name: "priya@example.com", at: now };
    const notice = notificationOf({ kind: "integration_disconnected", facts });
    expect(tried(notice, down)).toMatchObject({ facts: { by_name: "priya@example.com" } });
    for (const outcome of [sent, refused])
      expect(tried(notice, outcome).facts).toEqual({ by: "uid-1", at: now });
  });

  test("that lost its lease still has its mail counted as sent, and the other worker keeps the lease", () => {
    const first = take(notificationOf()).notification;
    const second = take(first, plusSeconds(now, LEASE_SECONDS), "b").notification;
    const late = settle(second, "email", sent, plusSeconds(now, LEASE_SECONDS + 1));
    expect(late).toMatchObject({ channels: { email: { state: "sent" } }, lease: { holder: "b" } });
    expect(late?.due_at).toEqual(second.due_at);
  });

  test("that lost its lease cannot say that sending failed", () => {
    const first = take(notificationOf()).notification;
    const second = take(first, plusSeconds(now, LEASE_SECONDS), "b").notification;
    expect(settle(second, "email", refused)).toBeUndefined();
  });
});

describe("a channel that fails", () => {
  test("waits, and the others go on without it", () => {
    const once = tried(notificationOf(), down);
    expect(once.channels.email).toMatchObject({
      state: "pending",
      last_error: "The mail server did not answer.",
      retry_at: new Date("2026-11-22T14:30:30Z"),
    });
    const others = tried(tried(once, sent), sent);
    expect(statesOf(others)).toEqual(["pending", "sent", "sent"]);
    expect(others.due_at).toEqual(new Date("2026-11-22T14:30:30Z"));
    expect(taken(others, "b", plusSeconds(now, 29))).toEqual({ kind: "wait" });
  });

  test("is tried for about fourteen hours, ever more seldom, and then has failed", () => {
    let notification = tried(tried(notificationOf(), sent), sent);
    const pauses: number[] = [];
    let at = now;
    while (notification.due_at !== undefined) {
      notification = tried(notification, down, at);
      const due = notification.due_at ?? at;
      if (due > at) pauses.push((due.getTime() - at.getTime()) / 1000);
      at = due;
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360, 21_600]);
    expect(notification.channels.webhook).toMatchObject({ state: "failed", attempts: 12 });
  });

  test("for good is not tried again", () => {
    const once = tried(notificationOf(), refused);
    expect(once.channels.email).toMatchObject({ state: "failed", last_error: "There is no such mailbox." });
  });

  test("by the death of its workers is buried after the last attempt", () => {
    let notification = notificationOf();
    let at = now;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      notification = take(notification, at).notification;
      at = plusSeconds(at, LEASE_SECONDS);
    }
    const end = taken(notification, "b", at);
    expect(end).toMatchObject({
      kind: "buried",
      notification: {
        channels: { email: { state: "failed", last_error: "Every attempt was interrupted." } },
      },
    });
    expect(end.kind === "buried" && take(end.notification, at).channel).toBe("slack");
  });

  test("that has nobody to send to is skipped, and says why", () => {
    const skipped = tried(notificationOf(), { state: "skipped", reason: "No address." });
    expect(skipped.channels.email).toMatchObject({ state: "skipped", last_error: "No address." });
  });
});
