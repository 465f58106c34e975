import type { Faults, Subject } from "../faults/faults.ts";
import type { Timers } from "../timers.ts";
import { isWhatsApp, type Message, type MessageStatus } from "../world/message.ts";
import { messagePrice } from "../world/prices.ts";
import type { UsageKind } from "../world/usage.ts";
import type { World } from "../world/world.ts";
import { type Failure, stagesOf } from "./outcome.ts";
import type { Pace } from "./pace.ts";
import type { Report, Reporter } from "./status-callback.ts";
import { isOutsideWindow, templateTrouble } from "./whatsapp-window.ts";

/** Carries messages from their initial status to the last one, and has them rated. */
export interface Courier {
  /** Takes an outbound message over; `notBefore` is the time of a scheduled one. */
  carry(message: Message, subject: Subject, notBefore?: Date): void;
  /** Has the message rated; an inbound one is finished when it comes in. */
  rate(message: Message, subject: Subject): void;
  cancel(message: Message): void;
  /** The customer has opened a WhatsApp message. */
  markRead(message: Message): void;
}

interface Deps {
  readonly world: World;
  readonly faults: Faults;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly report: Report;
}

const ACCOUNT_SUSPENDED = 30002;
const OUTSIDE_WINDOW = 63016;

export function createCourier({ world, faults, timers, pace, report }: Deps): Courier {
  const reporters = new WeakMap<Message, Reporter>();

  /** Deleted or canceled meanwhile: nobody carries it any further. */
  const isOnItsWay = (message: Message) =>
    world.messages.find(message.sid) === message &&
    message.status !== "canceled" &&
    message.status !== "failed";

  function advance(message: Message, status: MessageStatus, errorCode: number | null) {
    const now = world.now();
    message.status = status;
    message.errorCode = errorCode;
    message.dateUpdated = now;
    if (status !== "queued" && status !== "canceled") message.dateSent ??= now;
    reporters.get(message)?.reached();
  }

  const accountIsActive = (message: Message) => {
    const account = world.accounts.find(message.accountSid);
    return account !== undefined && world.accounts.statusOf(account) === "active";
  };

  function conclude(message: Message, status: "canceled" | "read") {
    advance(message, status, null);
    reporters.get(message)?.finished();
  }

  function rate(message: Message, subject: Subject) {
    const lag = faults.strike(["price_lag"], subject)?.ms ?? pace.priceMs;
    timers.after(lag, () => {
      const price = messagePrice(message);
      message.price = price;
      message.dateUpdated = world.now();
      const { accountSid, dateCreated: at, numSegments } = message;
      world.usage.record({ accountSid, kind: kindOf(message), at, count: 1, usage: numSegments, price });
    });
  }

  function failureOf(message: Message, subject: Subject): Failure | undefined {
    const fault = faults.strike(["recipient"], { ...subject, surface: "async" });
    if (fault !== undefined) return fault;
    const trouble = templateTrouble(world, message);
    if (trouble !== undefined) return { error_code: trouble };
    if (!isOutsideWindow(world, message)) return undefined;
    return faults.strike(["whatsapp_window"], subject) === undefined
      ? undefined
      : { error_code: OUTSIDE_WINDOW };
  }

  return {
    rate,
    carry(message, subject, notBefore) {
      const stages = stagesOf(message, failureOf(message, subject));
      const reporter = report(message, faults.strike(["callbacks"], subject));
      reporters.set(message, reporter);

      const step = (index: number) => {
        const stage = stages[index];
        if (stage === undefined || !isOnItsWay(message)) return reporter.finished();
        if (!accountIsActive(message)) {
          advance(message, "failed", ACCOUNT_SUSPENDED);
          return reporter.finished();
        }
        advance(message, stage.status, stage.errorCode);
        if (index < stages.length - 1) return timers.after(pace.stageMs, () => step(index + 1));
        reporter.finished();
        if (message.status !== "failed") rate(message, subject);
      };
      const wait = notBefore === undefined ? 0 : Math.max(0, notBefore.getTime() - Date.now());
      timers.after(wait + pace.stageMs, () => step(0));
    },
    cancel: (message) => conclude(message, "canceled"),
    markRead: (message) => conclude(message, "read"),
  };
}

function kindOf({ to, direction, mediaUrls }: Message): UsageKind {
  const isInbound = direction === "inbound";
  if (isWhatsApp(to)) return isInbound ? "channels-whatsapp-inbound" : "channels-whatsapp-outbound";
  if (mediaUrls.length > 0) return isInbound ? "mms-inbound-longcode" : "mms-outbound-longcode";
  return isInbound ? "sms-inbound-longcode" : "sms-outbound-longcode";
}
