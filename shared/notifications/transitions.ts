import { plusSeconds } from "#shared/core/clock.ts";
import { CHANNELS, type ChannelName, type ChannelRecord, Notification } from "./notification.ts";

/** Well over the longest attempt of a channel (20 s). */
export const LEASE_SECONDS = 60;
/** With the pauses below this is about fourteen hours, long enough for a mail server's bad day. */
export const MAX_ATTEMPTS = 12;
const FIRST_PAUSE_SECONDS = 30;
const LONGEST_PAUSE_SECONDS = 21_600;

/** What a worker that was woken does next. */
export type Taken =
  | { readonly kind: "send"; readonly channel: ChannelName; readonly notification: Notification }
  /** A channel whose workers died too often; failed, for a person to look at. */
  | { readonly kind: "buried"; readonly channel: ChannelName; readonly notification: Notification }
  | { readonly kind: "wait" };

/** Takes one channel that is due, for one worker until the lease ends. The attempt is on record before it is made. */
export function taken(notification: Notification, holder: string, now: Date): Taken {
  const { lease, channels } = notification;
  if (lease !== null && lease.until > now) return { kind: "wait" };
  const channel = CHANNELS.find((name) => isDue(channels[name], now));
  if (channel === undefined) return { kind: "wait" };
  const record = channels[channel];
  if (record.attempts >= MAX_ATTEMPTS) {
    const last_error = record.last_error ?? "Every attempt was interrupted.";
    const buried: ChannelRecord = { ...record, state: "failed", last_error, retry_at: null };
    return { kind: "buried", channel, notification: withChannel(notification, channel, buried, now) };
  }
  const until = plusSeconds(now, LEASE_SECONDS);
  const tried: ChannelRecord = { ...record, attempts: record.attempts + 1 };
  return {
    kind: "send",
    channel,
    notification: {
      ...notification,
      channels: { ...channels, [channel]: tried },
      lease: { holder, until },
      due_at: until,
    },
  };
}

/** How an attempt ended. `mayPass`: trying again may help. */
export type Outcome =
  | { readonly state: "sent" }
  | { readonly state: "skipped"; readonly reason: string }
  | { readonly state: "failed"; readonly reason: string; readonly mayPass: boolean };

/**
 * Writes down how an attempt ended and lets go. What was sent counts even if the lease was lost meanwhile, so that nobody
 * sends it again; anything else is for the holder to say. Undefined: nothing changes.
 */
export function settled(
  notification: Notification,
  channel: ChannelName,
  { holder, outcome, now }: { readonly holder: string; readonly outcome: Outcome; readonly now: Date },
): Notification | undefined {
  const record = notification.channels[channel];
  const holds = notification.lease?.holder === holder;
  if (record.state !== "pending" || (!holds && outcome.state !== "sent")) return undefined;
  const next = withChannel(notification, channel, ended(record, outcome, now), now);
  if (holds || notification.lease === null) return next;
  return { ...next, lease: notification.lease, due_at: notification.lease.until };
}

/** With the name of who it was for as long as the mail to the owner, which alone says it, is still to be sent. */
function named(notification: Notification): Notification {
  if (notification.channels.email.state === "pending" || !("by_name" in notification.facts))
    return notification;
  const { by_name: _, ...facts } = notification.facts;
  return Notification.parse({ ...notification, facts });
}

function ended(record: ChannelRecord, outcome: Outcome, now: Date): ChannelRecord {
  if (outcome.state === "sent") return { ...record, state: "sent", retry_at: null, sent_at: now };
  const last_error = outcome.reason;
  if (outcome.state === "skipped") return { ...record, state: "skipped", last_error, retry_at: null };
  if (!outcome.mayPass || record.attempts >= MAX_ATTEMPTS)
    return { ...record, state: "failed", last_error, retry_at: null };
  return { ...record, last_error, retry_at: plusSeconds(now, pauseAfter(record.attempts)) };
}

function pauseAfter(attempts: number): number {
  return Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempts - 1));
}

/** With this record and no lease; due when the first of the pending channels is, and not at all when none is pending. */
function withChannel(
  { due_at: _, ...notification }: Notification,
  channel: ChannelName,
  record: ChannelRecord,
  now: Date,
): Notification {
  const channels = { ...notification.channels, [channel]: record };
  const pending = CHANNELS.map((name) => channels[name]).filter(({ state }) => state === "pending");
  const [first] = pending
    .map(({ retry_at }) => retry_at ?? now)
    .toSorted((a, b) => a.getTime() - b.getTime());
  const due = first === undefined ? {} : { due_at: first };
  return named({ ...notification, channels, lease: null, ...due });
}

function isDue({ state, retry_at }: ChannelRecord, now: Date): boolean {
  return state === "pending" && (retry_at === null || retry_at <= now);
}
