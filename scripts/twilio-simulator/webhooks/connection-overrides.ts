import { z } from "zod";

/** What makes Twilio try a webhook again: a failed connection, a read timeout, or the status of the answer. */
export type Trouble = "ct" | "rt" | "4xx" | "5xx";

export interface ConnectionOverrides {
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly retryCount: number;
  readonly retryOn: ReadonlySet<Trouble>;
}

const within = (least: number, most: number, standard: number) =>
  z.coerce.number().int().min(least).max(most).catch(standard);

const Overrides = z.object({
  ct: within(100, 10_000, 5000),
  rt: within(100, 15_000, 15_000),
  tt: within(100, 15_000, 15_000),
  rc: within(0, 5, 1),
  rp: z.string().catch("ct"),
});

/**
 * Splits `https://host/path#rc=3&rp=5xx,ct,rt` into the URL that is requested and signed, and how hard to try.
 * Without a fragment Twilio tries a failed connection once more and nothing else: an answer of 500 is lost.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
export function readConnectionOverrides(address: string): { url: string; overrides: ConnectionOverrides } {
  const [url = "", ...fragment] = address.split("#");
  const given = Overrides.parse(Object.fromEntries(new URLSearchParams(fragment.join("#"))));
  return {
    url,
    overrides: {
      connectTimeoutMs: given.ct,
      readTimeoutMs: given.rt,
      totalTimeoutMs: given.tt,
      retryCount: given.rc,
      retryOn: new Set(given.rp.split(",").flatMap((policy) => troublesOf(policy.trim()))),
    },
  };
}

function troublesOf(policy: string): Trouble[] {
  if (policy === "all") return ["ct", "rt", "4xx", "5xx"];
  return policy === "ct" || policy === "rt" || policy === "4xx" || policy === "5xx" ? [policy] : [];
}
