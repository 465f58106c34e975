import { FieldValue } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { AppError } from "#shared/core/errors.ts";
import type { MessageId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";

/** What is written back onto a request. The message's later states are not: message-events and send-message tell. */
export type Answer =
  | { readonly state: "accepted"; readonly message_id: MessageId }
  | {
      readonly state: "refused";
      readonly error: { readonly code: string; readonly message: string; readonly field: string | null };
    };

/** The requests in `salons/{salonId}/outbox/{requestId}`. */
export interface Outbox {
  /** A request as it was written; undefined when it has its answer, or is gone. */
  open(path: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Gives a request its one answer, and clears what is due. */
  answer(path: string, answer: Answer): Promise<void>;
}

export function createOutbox(database: Database, clock: Clock): Outbox {
  return {
    async open(path) {
      const request = (await database.run((firestore) => firestore.doc(path).get())).data();
      return request?.answered_at === undefined ? request : undefined;
    },
    answer: (path, answer) =>
      database.transact(async (transaction, firestore) => {
        const reference = firestore.doc(path);
        const request = (await transaction.get(reference)).data();
        if (request === undefined || request.answered_at !== undefined) return;
        transaction.merge(reference, { ...answer, answered_at: clock.now(), due_at: FieldValue.delete() });
      }),
  };
}

export function refused({ code, message, context }: AppError): Answer {
  return { state: "refused", error: { code, message, field: context.field ?? null } };
}
