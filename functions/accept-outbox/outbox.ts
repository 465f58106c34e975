import { type DocumentData, FieldValue } from "firebase-admin/firestore";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
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

export interface Opened {
  /** As it was written. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly writtenAt: Date;
}

/** The requests in `salons/{salonId}/outbox/{requestId}`. */
export interface Outbox {
  /** A request that waits for its answer; undefined when it has it, or is gone. */
  open(path: string): Promise<Opened | undefined>;
  /** Gives a request its one answer, and clears what is due. */
  answer(path: string, answer: Answer): Promise<void>;
  /** Has a request without an answer come back in so many seconds. */
  postpone(path: string, seconds: number): Promise<void>;
}

export function createOutbox(database: Database, clock: Clock): Outbox {
  return {
    async open(path) {
      const snapshot = await database.run((firestore) => firestore.doc(path).get());
      const request = snapshot.data();
      const { createTime } = snapshot;
      if (createTime === undefined || request === undefined || request.answered_at !== undefined)
        return undefined;
      return { request, writtenAt: createTime.toDate() };
    },
    answer: (path, answer) =>
      changeOpen(path, { ...answer, answered_at: clock.now(), due_at: FieldValue.delete() }),
    postpone: (path, seconds) => changeOpen(path, { due_at: plusSeconds(clock.now(), seconds) }),
  };

  function changeOpen(path: string, changes: DocumentData): Promise<void> {
    return database.transact(async (transaction, firestore) => {
      const reference = firestore.doc(path);
      const request = (await transaction.get(reference)).data();
      if (request === undefined || request.answered_at !== undefined) return;
      transaction.merge(reference, changes);
    });
  }
}

export function refused({ code, message, context }: AppError): Answer {
  return { state: "refused", error: { code, message, field: context.field ?? null } };
}
