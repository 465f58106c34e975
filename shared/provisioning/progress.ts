import { z } from "zod";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { Instant } from "#shared/core/instant.ts";
import type { SalonIntegration } from "#shared/salons/integration.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import { policyOf } from "#shared/twilio/failure-classes.ts";

/** What provisioning does, in this order. Every step looks first whether it is done already. */
export const Step = z.enum(["subaccount", "number", "webhooks", "test_message", "activation"]);
export type Step = z.infer<typeof Step>;

/** `provisioning/{salonId}`: how far a salon's set-up is. */
export const Progress = z.object({
  salon_id: z.string(),
  /** `running`: a worker has it until `due_at`. `waiting`: tried again at `due_at`. */
  state: z.enum(["running", "waiting", "ready", "failed"]),
  step: Step,
  attempts: z.int(),
  last_error: z.object({ step: Step, code: z.string(), reason: z.string(), at: Instant }).nullable(),
  due_at: Instant.optional(),
  requested_at: Instant,
  started_at: Instant,
  ready_at: Instant.nullable(),
});
export type Progress = z.infer<typeof Progress>;

export const MAX_ATTEMPTS = 8;
/** For one step; reaching the next one renews it. */
const LEASE_SECONDS = 60;
const LIMIT_RECHECK_SECONDS = 300;

export interface ProgressInput {
  readonly salonId: string;
  readonly integration: SalonIntegration | undefined;
  readonly progress: Progress | undefined;
  readonly now: Date;
}

/** The progress of a worker that may begin or resume now; undefined when there is nothing to do, or another has it. */
export function begun({ salonId, integration, progress, now }: ProgressInput): Progress | undefined {
  const requested = integration?.requested;
  if (requested?.messaging !== "platform") return undefined;
  const askedAgain = progress === undefined || requested.at > progress.requested_at;
  if (integration?.platform?.is_active && progress?.state === "ready") return undefined;
  if (progress?.state === "failed" && !askedAgain) return undefined;
  const due = progress?.due_at === undefined || progress.due_at <= now;
  if (progress !== undefined && !askedAgain && !due) return undefined;
  if (progress?.state === "running" && !due) return undefined;
  return {
    salon_id: salonId,
    state: "running",
    step: askedAgain ? "subaccount" : progress.step,
    attempts: askedAgain ? 1 : progress.attempts + 1,
    last_error: progress?.last_error ?? null,
    due_at: plusSeconds(now, LEASE_SECONDS),
    requested_at: requested.at,
    started_at: askedAgain ? now : progress.started_at,
    ready_at: null,
  };
}

/** Whether the worker that began as `held` still has the salon, and nobody has taken over since. */
export function isHeldBy(progress: Progress, held: Progress): boolean {
  return (
    progress.state === "running" &&
    progress.attempts === held.attempts &&
    progress.started_at.getTime() === held.started_at.getTime()
  );
}

/** One step further, with a lease as long as at the beginning. */
export function advanced(progress: Progress, step: Step, now: Date): Progress {
  return { ...progress, step, due_at: plusSeconds(now, LEASE_SECONDS) };
}

export function finished(progress: Progress, now: Date): Progress {
  return { ...rested(progress), state: "ready", step: "activation", ready_at: now };
}

/** Where there is nothing to do any more: the salon has closed, or wants no messaging. Nobody is to be woken for it. */
export function rested({ due_at: _, ...rest }: Progress): Progress {
  return rest;
}

/** After a step that went wrong: tried again with backoff, or failed for a person to read. */
export function interrupted(progress: Progress, step: Step, error: unknown, now: Date): Progress {
  const code = error instanceof AppError ? error.code : "internal";
  const last_error = { step, code, reason: reasonFor(step, error), at: now };
  const { due_at: _, ...rest } = progress;
  if (isOwnLimit(error)) {
    const due_at = plusSeconds(now, LIMIT_RECHECK_SECONDS);
    return { ...rest, state: "waiting", step, attempts: progress.attempts - 1, last_error, due_at };
  }
  if (!mayPass(error) || progress.attempts >= MAX_ATTEMPTS)
    return { ...rest, state: "failed", step, last_error };
  const due_at = plusSeconds(now, Math.min(300, 2 ** progress.attempts));
  return { ...rest, state: "waiting", step, last_error, due_at };
}

/** A limit that the platform has set itself is waited for, however long it holds; that is no failed attempt. */
function isOwnLimit(error: unknown): boolean {
  return (
    error instanceof AppError && !(error instanceof TwilioFailure) && error.code === "resource-exhausted"
  );
}

function mayPass(error: unknown): boolean {
  if (error instanceof TwilioFailure) {
    return error.info.certainty !== "rejected" || policyOf(error.info.class).retry !== "never";
  }
  return error instanceof AppError ? error.retry : true;
}

const WORDS: Readonly<Record<Step, string>> = {
  subaccount: "The salon's Twilio subaccount could not be set up",
  number: "The salon could not be given a phone number",
  webhooks: "The phone number could not be connected",
  test_message: "The test message could not be sent",
  activation: "Messaging could not be switched on",
};

function reasonFor(step: Step, error: unknown): string {
  return `${WORDS[step]}: ${error instanceof AppError ? error.message : "something went wrong on our side."}`;
}
