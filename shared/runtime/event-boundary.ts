import type { CloudEvent, CloudEventFunction } from "@google-cloud/functions-framework";
import { z } from "zod";
import { AppError, toAppError } from "#shared/core/errors.ts";
import type { Logger } from "#shared/core/logger.ts";
import { guardConsole } from "./console-guard.ts";
import type { DeadLetters } from "./dead-letters.ts";

/** Who wrote a document, as far as Firestore knows: mostly an e-mail address. */
export interface Principal {
  readonly type: string;
  readonly id: string;
}

/** What a trigger tells us: which document or which message to look at, and who wrote it. */
export type Trigger =
  | {
      readonly kind: "document";
      readonly path: string;
      /** The same when the event comes again. */
      readonly eventId: string;
      /** As it came; `documentChange` reads it. Most handlers read the document itself. */
      readonly data?: unknown;
      /** Only events `.withAuthContext` carry it. */
      readonly principal?: Principal;
    }
  | {
      readonly kind: "message";
      readonly data: unknown;
      /** The same when the message comes again. */
      readonly publishedAt?: Date;
    };

export interface EventBoundaryOptions {
  readonly name: string;
  readonly logger: Logger;
  readonly deadLetters: DeadLetters;
  /**
   * What to do when the handler fails and trying again may help. `acknowledge` where the work stands on a document
   * with a `due_at`, or the next tick comes anyway; `redeliver` where the event is the only trace of it.
   */
  readonly onFailure: "acknowledge" | "redeliver";
}

/** Runs a handler for functions-framework's CloudEvents. What is malformed is kept aside and acknowledged. */
export function eventFunction(
  handler: (trigger: Trigger) => Promise<void>,
  { name, logger, deadLetters, onFailure }: EventBoundaryOptions,
): CloudEventFunction<unknown> {
  guardConsole(logger);
  // One parameter and no more: with two the framework waits for a callback.
  return async (event) => {
    const fields = { function: name, eventId: event.id };
    try {
      await handler(readTrigger(event));
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!error.retry) {
        logger.error("event set aside", { ...fields, error });
        await deadLetters.keep({
          id: event.id,
          source: event.source,
          function: name,
          error,
          // A document's fields may be a customer's words; its path is enough to find it.
          data: isAboutDocument(event) ? event.subject : event.data,
        });
        return;
      }
      logger.error("event failed", { ...fields, error });
      if (onFailure === "redeliver") throw error;
    }
  };
}

/** What a Pub/Sub message says, by its schema; what says something else is malformed. */
export function messageOf<Schema extends z.ZodObject>(trigger: Trigger, schema: Schema): z.infer<Schema> {
  const said = schema.safeParse(trigger.kind === "message" ? trigger.data : undefined);
  if (said.success) return said.data;
  throw malformed(`it names no ${Object.keys(schema.shape).join(" and ")}`);
}

/** CloudEvents writes the names of its attributes in lower case. */
const AuthContext = z
  .object({ authtype: z.string(), authid: z.string().min(1) })
  .transform(({ authtype, authid }): Principal => ({ type: authtype, id: authid }));

const PubSubData = z.object({
  message: z.object({
    data: z.string().default(""),
    publishTime: z.iso
      .datetime()
      .transform((text) => new Date(text))
      .optional()
      .catch(undefined),
  }),
});

function readTrigger(event: CloudEvent<unknown>): Trigger {
  if (isAboutDocument(event)) {
    const path = event.subject?.replace(/^documents\//, "");
    if (path === undefined || path === "") throw malformed("its subject names no document");
    const principal = AuthContext.safeParse(event).data;
    const who = principal === undefined ? {} : { principal };
    return { kind: "document", path, eventId: event.id, data: event.data, ...who };
  }
  const parsed = PubSubData.safeParse(event.data);
  if (!parsed.success) throw malformed("it is no Pub/Sub message");
  const { data, publishTime } = parsed.data.message;
  try {
    return {
      kind: "message",
      data: JSON.parse(Buffer.from(data, "base64").toString("utf8")),
      ...(publishTime === undefined ? {} : { publishedAt: publishTime }),
    };
  } catch {
    throw malformed("its data is not JSON");
  }
}

function isAboutDocument({ type }: CloudEvent<unknown>): boolean {
  return type.startsWith("google.cloud.firestore.");
}

function malformed(reason: string): AppError {
  return new AppError("invalid-argument", `The event was not understood: ${reason}.`);
}
