import type { z } from "zod";
import { callEvent, isCallChange } from "#shared/calls/call-events.ts";
import { OutboundCall } from "#shared/calls/outbound-call.ts";
import { AppError } from "#shared/core/errors.ts";
import { isUndelivered } from "#shared/messages/attempts.ts";
import { isStateChange, messageEvent } from "#shared/messages/events.ts";
import { OutboundMessage } from "#shared/messages/message.ts";

import type { DrawConsequences } from "#shared/routing/consequences.ts";
import { type DocumentChange, documentChange, type Fields } from "#shared/runtime/document-change.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { classOfCode } from "#shared/twilio/error-table.ts";

export interface Deps {
  readonly publisher: Publisher;
  readonly drawConsequences: DrawConsequences;
}

/**
 * Tells the other services what became of a message or a call, has a message go its other way at once, and draws what
 * follows from a failure that came late. Whoever changes the document has not to think of that: the change itself comes
 * here, once or more.
 */
export function createHandler({ publisher, drawConsequences }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const { kind, path, eventId, change } = changeOf(trigger);
    if (kind === "messages") await ofMessage(path, eventId, change);
    else await ofCall(path, eventId, change);
  };

  async function ofMessage(path: string, eventId: string, change: DocumentChange) {
    const after = outbound(OutboundMessage, path, change.after);
    if (after === undefined) return;
    const before = readable(OutboundMessage, change.before);
    if (isStateChange(before, after)) {
      await publisher.publish("message-events", eventId, messageEvent(after, eventId));
      // It is due at once, and does not wait for the next tick.
      if (after.hold_reason === "fallback")
        await publisher.publish(outboundTopic(after.critical), after.id, { message_id: after.id });
    }
    await drawLateConsequences(before, after);
  }

  /** Of attempts that Twilio took and could not deliver; a refusal has had its consequences from who was refused. */
  async function drawLateConsequences(before: OutboundMessage | undefined, after: OutboundMessage) {
    for (const [index, attempt] of after.attempts.entries()) {
      const { error_code: code, state } = attempt;
      if (!isUndelivered(attempt) || code === null || before?.attempts[index]?.state === state) continue;
      await drawConsequences(after, attempt, { class: classOfCode(code), code });
    }
  }

  async function ofCall(path: string, eventId: string, change: DocumentChange) {
    const after = outbound(OutboundCall, path, change.after);
    if (after === undefined) return;
    if (!isCallChange(readable(OutboundCall, change.before), after)) return;
    await publisher.publish("call-events", eventId, callEvent(after, eventId));
  }
}

function changeOf(trigger: Trigger) {
  if (trigger.kind === "document") {
    const { path, eventId, data } = trigger;
    const [, kind] = /^(messages|calls)\/[^/]+$/.exec(path) ?? [];
    if (kind !== undefined) return { kind, path, eventId, change: documentChange(data) };
  }
  throw new AppError("invalid-argument", "The event is not about a document of messages or calls.");
}

/** What customers send stands in the same collections, and so do calls known by their SID alone: none of them has attempts. */
function outbound<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  fields: Fields | undefined,
): z.infer<Schema> | undefined {
  const isOurs = fields?.direction === "outbound" && Array.isArray(fields.attempts);
  return isOurs ? parseDocument(schema, path, fields) : undefined;
}

/** What it was before, unless nobody can say: then whatever it is now is news. */
function readable<Schema extends z.ZodType>(
  schema: Schema,
  fields: Fields | undefined,
): z.infer<Schema> | undefined {
  return schema.safeParse(fields).data;
}
