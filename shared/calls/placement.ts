import type { Contacts } from "#shared/contacts/contacts.ts";
import { mayReceive } from "#shared/contacts/decisions.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { accountFingerprint, type SalonId } from "#shared/core/ids.ts";
import { isCredentialFailure, type OpenedCredentials, openCredentials } from "#shared/salons/credentials.ts";
import type { IntegrationChanges } from "#shared/salons/integration-changes.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { classify } from "#shared/twilio/errors.ts";
import { isAccountTrouble } from "#shared/twilio/failure-classes.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { type CallRoute, callRoute } from "./call-route.ts";
import { type CallSettlementDeps, createCallSettlement, progressOf } from "./call-settlement.ts";
import type { CallStarts } from "./call-starts.ts";
import { type CallProgress, readiness } from "./call-transitions.ts";
import { verdictOnCall } from "./call-verdict.ts";
import type { CallAttempt, CallFailure, CallId, OutboundCall } from "./outbound-call.ts";

/** A refusal that may be about the salon's account, beyond the one call. */
export interface AccountTrouble {
  readonly class: "credential" | "account";
  readonly code: number;
}

export interface PlacementDeps extends CallSettlementDeps {
  readonly salons: Salons;
  readonly contacts: Pick<Contacts, "get">;
  readonly starts: CallStarts;
  readonly urls: WebhookUrls;
  /** Asks for platform messaging for a salon that nobody has asked for yet; the first call does. */
  readonly requestPlatform: IntegrationChanges["requestPlatform"];
  /** Whether calls have to wait for the account now. */
  readonly noteTrouble: (
    salonId: SalonId,
    source: CallAttempt["source"],
    trouble: AccountTrouble,
  ) => Promise<boolean>;
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** How long a worker may hold a call; well over the longest request to Twilio with its retries. */
  readonly leaseSeconds: number;
}

export interface Placement {
  /** Does what there is to do about a call now, and gives it back as it is then; undefined if there is none. */
  place(id: CallId): Promise<OutboundCall | undefined>;
}

const OPTED_OUT: CallFailure = {
  class: "opted_out",
  twilio_code: null,
  reason: "The customer wants to hear no more from this salon.",
};
const NO_CONSENT: CallFailure = {
  class: "recipient",
  twilio_code: null,
  reason: "The customer has not agreed to marketing; record the consent first.",
};
/** Calls that wait for the same hour do not all ring in its first second. */
const SPREAD_SECONDS = 300;
/**
 * A worker waits so long for a call's second; what has to wait longer comes back. More than the minute between two
 * ticks of `wake-due-work`, so that it comes back in time.
 */
const WAIT_SECONDS = 75;
const RING_SECONDS = 30;
const LIMIT_SECONDS = 300;

type Way = Extract<CallRoute, { kind: "call" }>;

/**
 * Brings one call one step further: at most one call at Twilio per attempt, as far as Twilio lets us know. The attempt
 * is written before Twilio is asked, and its number is in the addresses that Twilio is given.
 */
export function createPlacement(deps: PlacementDeps): Placement {
  const { calls, clock, logger, urls } = deps;
  const { settle, follow } = createCallSettlement(deps);

  return {
    async place(id) {
      const call = await calls.get(id);
      if (call === undefined) return undefined;
      return (await takeStep(call)) ?? calls.get(id);
    },
  };

  /** The call after the step; undefined when there was none to take, or another worker took it. */
  async function takeStep(call: OutboundCall): Promise<OutboundCall | undefined> {
    switch (readiness(call, clock.now())) {
      case "wait":
        return undefined;
      case "expire":
        return calls.expire(call.id);
      case "settle":
        return settle(call);
      case "follow":
        return follow(call);
      case "place":
        return begin(call).catch((error: unknown) => giveUp(call, error));
    }
  }

  /** What trying again cannot help, such as a salon that has closed, ends the call where a person sees it. */
  async function giveUp({ id, salon_id: salonId }: OutboundCall, error: unknown) {
    if (!(error instanceof AppError) || error.retry) throw error;
    logger.error("call cannot be made", { salonId, callId: id, error });
    return calls.fail(id, { class: "account", twilio_code: null, reason: error.message });
  }

  async function begin(call: OutboundCall): Promise<OutboundCall | undefined> {
    const { id, salon_id: salonId, party } = call;
    const allowed = mayReceive(await deps.contacts.get(salonId, party), call);
    if (!allowed.ok) return calls.fail(id, allowed.reason === "opted_out" ? OPTED_OUT : NO_CONSENT);
    const way = await chooseRoute(call);
    if (way.kind === "fail") return calls.fail(id, way.failure);
    if (way.kind === "hold") return hold(call, way);
    const [first] = way.credentials;
    if (first === undefined) return undefined;
    const opened = await openCredentials(deps.vault, salonId, first);
    const account = accountFingerprint(opened.accountSid);

    const kept = keptFor(call, account);
    const at = kept ?? (await deps.starts.reserve(account, call.expires_at));
    if (at === undefined) return calls.hold(id, "paced", call.expires_at);
    const near = plusSeconds(at, -WAIT_SECONDS);
    const now = clock.now();
    if (near > now || (kept === undefined && at > now)) {
      // Whoever else is woken for it meanwhile takes no second of their own.
      const held = await calls.holdForStart(id, { account, at }, near);
      if (held === undefined || near > now) return held;
    }
    await deps.sleep(Math.max(0, at.getTime() - clock.now().getTime()));
    const attempt = { source: way.source, account, sender: way.sender };
    const claimed = await calls.claim(id, attempt, deps.leaseSeconds);
    return claimed && askTwilio(claimed, way, opened);
  }

  /** The second that the call has among those of the account, unless it came back too late for it. */
  function keptFor({ start }: OutboundCall, account: string): Date | undefined {
    return start?.account === account && start.at >= clock.now() ? start.at : undefined;
  }

  async function hold({ id, salon_id, expires_at }: OutboundCall, way: Extract<CallRoute, { kind: "hold" }>) {
    if (way.request) await deps.requestPlatform(salon_id, "first-call");
    const spread = way.reason === "provisioning" ? 0 : deps.random() * SPREAD_SECONDS;
    const until = plusSeconds(way.until, spread);
    return calls.hold(id, way.reason, until < expires_at ? until : expires_at);
  }

  async function askTwilio(
    call: OutboundCall,
    way: Way,
    opened: OpenedCredentials,
  ): Promise<OutboundCall | undefined> {
    const attempt = call.attempts.at(-1);
    if (attempt === undefined) return undefined;
    const { number, source } = attempt;
    const fields = { salonId: call.salon_id, callId: call.id, attempt: number, source };
    try {
      const progress = await requestCall(call, attempt, way, opened);
      const result = await calls.report(call.id, number, progress);
      logger.info("call handed to Twilio", { ...fields, state: progress.state, outcome: result.outcome });
      return result.outcome === "moved" ? result.call : undefined;
    } catch (error) {
      const inTrouble = await noteTrouble(call, attempt, error);
      const verdict = verdictOnCall(error, call, { ...deps, now: clock.now(), inTrouble });
      logger.warn("call not taken by Twilio", { ...fields, outcome: verdict.kind, error });
      return calls.judge(call.id, number, verdict);
    }
  }

  /** Twilio has refused a token, so it did nothing: another one of the same account may do. */
  async function requestCall(
    call: OutboundCall,
    { number, sender }: CallAttempt,
    { source }: Way,
    opened: OpenedCredentials,
  ): Promise<CallProgress> {
    const ask = async (credentials: OpenedCredentials) => {
      const placed = await deps.twilio.account(credentials).createCall({
        to: call.to,
        from: sender,
        url: urls.reminder(call.salon_id, call.id, number),
        statusCallback: urls.callStatus(call.salon_id, call.id, number),
        ringSeconds: RING_SECONDS,
        limitSeconds: LIMIT_SECONDS,
      });
      return progressOf(placed);
    };
    try {
      return await ask(opened);
    } catch (error) {
      if (!isCredentialFailure(error)) throw error;
      const now = await chooseRoute(call, { fresh: true });
      if (now.kind !== "call" || now.source !== source || now.sender !== sender) throw error;
      for (const sealed of now.credentials) {
        const other = await openCredentials(deps.vault, call.salon_id, sealed);
        const isNew = other.authToken.reveal() !== opened.authToken.reveal();
        if (isNew && other.accountSid === opened.accountSid) return ask(other);
      }
      throw error;
    }
  }

  async function noteTrouble(call: OutboundCall, { source }: CallAttempt, error: unknown): Promise<boolean> {
    const { certainty, class: failureClass, code } = classify(error);
    if (certainty !== "rejected" || code === undefined || !isAccountTrouble(code)) return false;
    if (failureClass !== "credential" && failureClass !== "account") return false;
    return deps.noteTrouble(call.salon_id, source, { class: failureClass, code });
  }

  /** A cached integration may lag by seconds; before it makes a call wait or fail, the document is read again. */
  async function chooseRoute(call: OutboundCall, { fresh = false } = {}): Promise<CallRoute> {
    const salon = await deps.salons.open(call.salon_id);
    const chosen = async (options: { fresh: boolean }) => {
      const integration = await deps.integrations.get(call.salon_id, options);
      return callRoute({ salon, call, integration, now: clock.now() });
    };
    const way = await chosen({ fresh });
    return fresh || way.kind === "call" ? way : chosen({ fresh: true });
  }
}
