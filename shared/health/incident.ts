import { z } from "zod";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { Trouble } from "#shared/salons/integration.ts";

/** What was found wrong with an account. */
export interface Finding extends Omit<Trouble, "since"> {
  /** Twilio's code, where it gave one. */
  readonly code: number | null;
}

/** `incidents/{salonId}_{source}`: one trouble of one of a salon's Twilio accounts, from its first failure to its end. */
export const Incident = z.object({
  salon_id: SalonId,
  source: z.enum(["salon_own", "platform_subaccount"]),
  state: z.enum(["open", "closed"]),
  class: Trouble.shape.class,
  twilio_code: z.int().nullable(),
  reason: z.string(),
  channel: Trouble.shape.channel,
  opened_at: Instant,
  closed_at: Instant.nullable(),
  /** How often Twilio was asked whether the account works again. */
  probes: z.int(),
  /** The next probe; only while open. */
  due_at: Instant.optional(),
});
export type Incident = z.infer<typeof Incident>;

const FIRST_PROBE_SECONDS = 60;
const GROWTH = 4;
const LAST_PROBE_SECONDS = 3_600;
/** What comes back sooner than this after it was over is probed no more often than before. */
const RECURRENCE_SECONDS = 3_600;

/** Whether what is known already says as much, so that another failure of the kind is no news. */
export function covers(known: Trouble | null, found: Finding): boolean {
  if (known === null) return false;
  if (known.class !== "sender") return true;
  return found.class === "sender" && (known.channel === null || known.channel === found.channel);
}

/** What was known and what was found, as one trouble: two senders in trouble are all of them. */
export function widened(known: Trouble | null, found: Finding): Finding {
  const channel = found.class === "sender" && known === null ? found.channel : null;
  return { ...found, channel };
}

export function opened(
  { salon_id, source }: Pick<Incident, "salon_id" | "source">,
  earlier: Incident | undefined,
  { code, ...found }: Finding,
  now: Date,
): Incident {
  const probes = earlier !== undefined && isRecent(earlier, now) ? earlier.probes : 0;
  return {
    salon_id,
    source,
    state: "open",
    class: found.class,
    twilio_code: code,
    reason: found.reason,
    channel: found.channel,
    opened_at: now,
    closed_at: null,
    probes,
    due_at: nextProbe(probes, now),
  };
}

/** Counts a probe before it is made, so that the next one is due even if this one never comes to an end. */
export function probed(incident: Incident, now: Date): Incident {
  const probes = incident.probes + 1;
  return { ...incident, probes, due_at: nextProbe(probes, now) };
}

export function closed({ due_at: _, ...incident }: Incident, now: Date): Incident {
  return { ...incident, state: "closed", closed_at: now };
}

function isRecent({ state, closed_at }: Incident, now: Date): boolean {
  if (state === "open") return false;
  return closed_at !== null && now < plusSeconds(closed_at, RECURRENCE_SECONDS);
}

/** After 1, 4 and 16 minutes, then every hour. */
function nextProbe(probes: number, now: Date): Date {
  return plusSeconds(now, Math.min(FIRST_PROBE_SECONDS * GROWTH ** probes, LAST_PROBE_SECONDS));
}
