import { describe, expect, test } from "vitest";
import { AppError } from "#shared/core/errors.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import { advanced, begun, interrupted, isHeldBy, MAX_ATTEMPTS, Progress, rested } from "./progress.ts";

const NOW = new Date("2026-11-20T10:00:00Z");
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
const REQUESTED = at(-3_600);

function integration(
  messaging: "platform" | "own_account" | "off",
  requestedAt = REQUESTED,
  isActive = false,
) {
  const envelope = {
    ciphertext: Buffer.alloc(32).toString("base64"),
    data_key: Buffer.alloc(32).toString("base64"),
    nonce: Buffer.alloc(12).toString("base64"),
  };
  return SalonIntegration.parse({
    salon_id: "salon-1",
    requested: { messaging, by: "owner", at: requestedAt },
    platform: { parent: "default", account_sid: envelope, auth_token: envelope, is_active: isActive },
  });
}

function progress(changes: Partial<Progress> = {}): Progress {
  return {
    salon_id: "salon-1",
    state: "waiting",
    step: "number",
    attempts: 2,
    last_error: null,
    requested_at: REQUESTED,
    started_at: at(-600),
    ready_at: null,
    ...changes,
  };
}

const begin = (stored: Progress | undefined, wish: SalonIntegration | undefined = integration("platform")) =>
  begun({ salonId: "salon-1", integration: wish, progress: stored, now: NOW });

describe("a worker begins", () => {
  test("at the first step, with a lease of a minute, when the owner has just asked", () => {
    expect(begin(undefined)).toEqual({
      salon_id: "salon-1",
      state: "running",
      step: "subaccount",
      attempts: 1,
      last_error: null,
      due_at: at(60),
      requested_at: REQUESTED,
      started_at: NOW,
      ready_at: null,
    });
  });

  test.each<[string, Progress]>([
    ["waited until it is due", progress({ state: "waiting", due_at: at(-1) })],
    ["is due this very moment", progress({ state: "waiting", due_at: NOW })],
    ["was left by a worker whose lease has run out", progress({ state: "running", due_at: at(-1) })],
    ["had come to rest", progress({ state: "waiting" })],
  ])("where the last one stopped, one attempt on, when the set-up %s", (_, stored) => {
    const resumed = begin(stored);
    expect(resumed).toMatchObject({ state: "running", step: "number", attempts: 3, due_at: at(60) });
    expect(resumed?.started_at).toEqual(at(-600));
  });

  test.each<[string, Progress]>([
    ["had failed", progress({ state: "failed", attempts: 8 })],
    ["is waiting and not due yet", progress({ state: "waiting", due_at: at(200) })],
  ])("from the start when the owner asks again and the set-up %s", (_, stored) => {
    const again = begin(stored, integration("platform", at(-1)));
    expect(again).toMatchObject({ state: "running", step: "subaccount", attempts: 1, requested_at: at(-1) });
    expect(again?.started_at).toEqual(NOW);
  });

  test("keeps the last error for who looks while it is tried again", () => {
    const last_error = {
      step: "number",
      code: "unavailable",
      reason: "Twilio was away.",
      at: at(-60),
    } as const;
    expect(begin(progress({ last_error, due_at: at(-1) }))?.last_error).toEqual(last_error);
  });
});

describe("a worker has nothing to do", () => {
  test.each<[string, Progress | undefined, SalonIntegration | undefined]>([
    ["there is no integration", undefined, undefined],
    ["the owner brings a Twilio account", undefined, integration("own_account")],
    ["the owner has switched messaging off", progress({ due_at: at(-1) }), integration("off")],
    ["nobody has asked for anything", undefined, SalonIntegration.parse({ salon_id: "salon-1" })],
    ["the salon is ready", progress({ state: "ready" }), integration("platform", REQUESTED, true)],
    [
      "the salon is ready and the owner asks again",
      progress({ state: "ready" }),
      integration("platform", at(-1), true),
    ],
    ["it has failed and nobody has asked again", progress({ state: "failed" }), integration("platform")],
    ["another worker has the lease", progress({ state: "running", due_at: at(1) }), integration("platform")],
    [
      "another worker has it though the owner asks again",
      progress({ state: "running", due_at: at(1) }),
      integration("platform", at(-1)),
    ],
    ["it is not due yet", progress({ state: "waiting", due_at: at(1) }), integration("platform")],
  ])("when %s", (_, stored, wish) => {
    expect(begun({ salonId: "salon-1", integration: wish, progress: stored, now: NOW })).toBeUndefined();
  });
});

describe("after an interruption", () => {
  const refused = (code: number, failureClass: TwilioFailure["info"]["class"]) =>
    new TwilioFailure({ certainty: "rejected", class: failureClass, code, httpStatus: 400 });

  test.each<[string, unknown]>([
    ["Twilio did not answer clearly", new TwilioFailure({ certainty: "unclear", class: "uncertain" })],
    ["Twilio could not be reached", new TwilioFailure({ certainty: "not_processed", class: "transient" })],
    ["Twilio was busy", refused(20409, "transient")],
    ["Cloud KMS was away", new AppError("unavailable", "Cloud KMS cannot be reached.")],
    ["something unknown was thrown", new Error("boom")],
  ])("it is tried again when %s", (_, error) => {
    const next = interrupted(progress({ state: "running", due_at: at(30) }), "webhooks", error, NOW);
    expect(next).toMatchObject({ state: "waiting", step: "webhooks", attempts: 2 });
    expect(next.due_at?.getTime()).toBeGreaterThan(NOW.getTime());
  });

  test.each<[string, unknown, RegExp]>([
    [
      "the parent is suspended",
      refused(20003, "credential"),
      /subaccount could not be set up: Twilio refused.*20003/,
    ],
    ["a regulated number needs an address", refused(21631, "compliance"), /regulator/],
    ["all parents are full", new AppError("failed-precondition", "All are full."), /All are full\./],
  ])("it fails, with a reason a person can read, when %s", (_, error, reason) => {
    const next = interrupted(progress({ state: "running", due_at: at(30) }), "subaccount", error, NOW);
    expect(next.state).toBe("failed");
    expect(next.due_at).toBeUndefined();
    expect(next.last_error?.reason).toMatch(reason);
  });

  test("the waits grow to five minutes and no further", () => {
    const wait = (attempts: number) => {
      const next = interrupted(progress({ attempts }), "number", new Error("boom"), NOW);
      return (next.due_at?.getTime() ?? Number.NaN) - NOW.getTime();
    };
    expect([1, 2, 3, 4, 5, 6, 7].map(wait)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000]);
  });

  test("the last attempt fails instead of waiting", () => {
    const passing = new AppError("unavailable", "Twilio has no number in US for sale now.");
    expect(interrupted(progress({ attempts: MAX_ATTEMPTS - 1 }), "number", passing, NOW).state).toBe(
      "waiting",
    );
    const last = interrupted(progress({ attempts: MAX_ATTEMPTS }), "number", passing, NOW);
    expect(last).toMatchObject({ state: "failed", last_error: { code: "unavailable" } });
  });

  test("the platform's own limit is waited for however long it holds", () => {
    const limit = new AppError("resource-exhausted", "The limit of this hour is reached.");
    let current = progress({ state: "running", attempts: MAX_ATTEMPTS });
    for (let hour = 0; hour < 20; hour += 1) {
      const waiting = interrupted(current, "number", limit, NOW);
      expect(waiting).toMatchObject({ state: "waiting", due_at: at(300) });
      current = { ...waiting, state: "running", attempts: waiting.attempts + 1 };
    }
    expect(current.attempts).toBe(MAX_ATTEMPTS);
  });

  test("Twilio's limit is no limit of ours: it counts as an attempt", () => {
    const busy = new TwilioFailure({
      certainty: "not_processed",
      class: "throttle",
      code: 20429,
      httpStatus: 429,
    });
    expect(interrupted(progress({ attempts: MAX_ATTEMPTS }), "number", busy, NOW).state).toBe("failed");
  });

  test("the reason of an unknown error repeats nothing of it", () => {
    const error = new Error("connect to +14155550199 with token 0123456789abcdef");
    const next = interrupted(progress(), "activation", error, NOW);
    expect(next.last_error?.reason).toBe(
      "Messaging could not be switched on: something went wrong on our side.",
    );
  });
});

describe("a lease", () => {
  const held = progress({ state: "running", due_at: at(30) });

  test("is renewed for a minute with every step", () => {
    expect(advanced(held, "test_message", NOW)).toMatchObject({ step: "test_message", due_at: at(60) });
  });

  test.each<[string, Partial<Progress>]>([
    ["another worker has resumed", { attempts: 3 }],
    ["another worker has begun anew", { started_at: at(-1) }],
    ["it has been let go", { state: "waiting" }],
    ["the salon is ready", { state: "ready" }],
  ])("is lost when %s", (_, changes) => {
    expect(isHeldBy({ ...held, ...changes }, held)).toBe(false);
  });

  test("is kept while nobody has taken over, even if it has run out", () => {
    expect(isHeldBy({ ...held, step: "activation", due_at: at(-30) }, held)).toBe(true);
  });
});

test("a set-up at rest wakes nobody, and is stored as what it was otherwise", () => {
  const { due_at: _, ...rest } = progress({ due_at: at(-1) });
  expect(rested(progress({ due_at: at(-1) }))).toEqual(rest);
  expect(Progress.parse(rest)).toEqual(rest);
});
