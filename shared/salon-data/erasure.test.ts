import { describe, expect, test } from "vitest";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import {
  begun,
  Erasure,
  endReached,
  finished,
  interrupted,
  isPatienceOver,
  newErasure,
  pageRedacted,
  stepped,
  waiting,
} from "./erasure.ts";
import type { Redacted } from "./redacted.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const later = (seconds: number) => plusSeconds(NOW, seconds);
const job = newErasure(
  { salonId: SalonId.parse("salon-1"), actor: { kind: "member", id: "uid-1" }, name: "Anjali" },
  NOW,
);
const held = begun(job, "worker-1", later(60)) ?? expect.fail("the job cannot begin");

describe("a job", () => {
  test("is what its schema says", () => {
    expect(Erasure.parse(job)).toEqual(job);
    expect(Erasure.parse(held)).toEqual(held);
    expect(Erasure.parse(finished(held, NOW))).toEqual(finished(held, NOW));
  });

  test("begins when caches are out of date, and not before", () => {
    expect(begun(job, "worker-1", later(59))).toBeUndefined();
    expect(held).toMatchObject({ state: "running", step: "redact", lease: { holder: "worker-1" } });
  });

  test("is one worker's until its lease of five minutes ends, then anybody's", () => {
    expect(begun(held, "worker-2", later(60 + 299))).toBeUndefined();
    expect(begun(held, "worker-2", later(60 + 300))).toMatchObject({ lease: { holder: "worker-2" } });
  });

  test("that is done is never begun again, and is due no more", () => {
    const done = finished(held, NOW);
    expect(done).not.toHaveProperty("due_at");
    expect(begun(done, "worker-2", later(1e9))).toBeUndefined();
    expect(done).toMatchObject({ requested_by_name: null, lease: null, finished_at: NOW });
  });

  test("waits longer after each failure in a row, an hour at most, and is never given up", () => {
    const waits: number[] = [];
    let failing = held;
    for (let turn = 0; turn < 8; turn += 1) {
      failing = interrupted(failing, new Error("odd"), NOW);
      waits.push(((failing.due_at?.getTime() ?? 0) - NOW.getTime()) / 1_000);
    }
    expect(waits).toEqual([120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    expect(failing).toMatchObject({
      state: "waiting",
      lease: null,
      failures: 8,
      last_error: { step: "redact", code: "internal" },
    });
    expect(stepped(failing, "delete", NOW)).toMatchObject({ failures: 0, last_error: null });
  });

  test("lets go for as long as the next step must wait", () => {
    expect(stepped(held, "delete", NOW, 60)).toMatchObject({
      step: "delete",
      state: "waiting",
      lease: null,
      due_at: later(60),
    });
    expect(waiting(held, 0, NOW)).toMatchObject({ state: "waiting", due_at: NOW });
  });

  test("is patient with Twilio for 14 days", () => {
    expect(isPatienceOver(job, later(14 * 86_400))).toBe(false);
    expect(isPatienceOver(job, later(14 * 86_400 + 1))).toBe(true);
  });
});

describe("a page", () => {
  const page = (of: "messages" | "calls", outcomes: readonly Redacted[], job = held) =>
    pageRedacted(job, { of, after: "m7", outcomes }, NOW);

  test("of messages is counted by what became of each", () => {
    const messages = page("messages", [
      "redacted",
      "redacted",
      "never_sent",
      "unfinished",
      "outage",
      "rejected",
      "rejected",
      "sid_unknown",
    ]);
    expect(messages.redaction).toEqual({
      of: "messages",
      after: "m7",
      passes: 0,
      redacted: 2,
      never_sent: 1,
      not_redacted: { rejected: 2, sid_unknown: 1 },
      recordings: { deleted: 0, not_deleted: {} },
      unfinished: 2,
    });
  });

  test("of calls is counted apart from the messages", () => {
    const calls = page("calls", ["redacted", "unreachable", "outage"], page("messages", ["redacted"]));
    expect(calls.redaction).toMatchObject({
      redacted: 1,
      not_redacted: {},
      recordings: { deleted: 1, not_deleted: { unreachable: 1 } },
      unfinished: 1,
    });
  });

  test("that was the last one of the messages begins with the calls, in the same pass", () => {
    const messages = endReached(page("messages", ["redacted", "unfinished"]), NOW);
    expect(messages).toMatchObject({
      step: "redact",
      state: "running",
      redaction: { of: "calls", after: null, passes: 0, unfinished: 1 },
    });
  });

  test("that was the last one ends the pass: the next step comes once nothing is on its way", () => {
    const calls = (job: Erasure) => endReached(endReached(job, NOW), NOW);
    const clean = calls(page("messages", ["redacted"]));
    expect(clean).toMatchObject({ step: "restore_webhooks", state: "running", redaction: { after: null } });
    const open = calls(page("messages", ["redacted", "unfinished"]));
    expect(open).toMatchObject({
      step: "redact",
      state: "waiting",
      due_at: later(120),
      redaction: { of: "messages", after: null, passes: 1, unfinished: 0, redacted: 1 },
    });
  });
});
