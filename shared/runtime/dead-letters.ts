import { FieldValue } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { AppError } from "#shared/core/errors.ts";
import { sha256Hex } from "#shared/core/ids.ts";
import type { Database } from "./database.ts";
import { DUE_COLLECTIONS } from "./due-work.ts";
import { MalformedDocument } from "./stored-document.ts";

export interface DeadLetter {
  readonly id: string;
  readonly source: string;
  readonly function: string;
  readonly error: AppError;
  readonly data: unknown;
}

export interface DeadLetters {
  /**
   * Keeps an event that nobody can work on, once, for a person to look at. A document that cannot be read is due no more,
   * or every tick would bring it here again: whoever repairs it sets `due_at` again.
   */
  keep(letter: DeadLetter): Promise<void>;
}

const MAX_DATA_CHARACTERS = 4_096;

export function createDeadLetters(database: Database, clock: Clock): DeadLetters {
  return {
    async keep({ id, source, function: name, error, data }) {
      const document = {
        event_id: id,
        source,
        function: name,
        code: error.code,
        reason: error.message,
        data: (JSON.stringify(data) ?? "").slice(0, MAX_DATA_CHARACTERS),
        received_at: clock.now(),
      };
      const key = sha256Hex(name, source, id).slice(0, 40);
      await database.run((firestore) => firestore.doc(`dead_letters/${key}`).set(document));
      if (error instanceof MalformedDocument && isOfDueWork(error.path)) await rest(error);
    },
  };

  /** What is read by now is left alone: it may have been repaired, or the error be about what it was before. */
  function rest({ path, reads }: MalformedDocument): Promise<void> {
    return database.transact(async (transaction, firestore) => {
      const reference = firestore.doc(path);
      const known = await transaction.get(reference);
      if (known.get("due_at") === undefined || reads(known.data())) return;
      transaction.merge(reference, { due_at: FieldValue.delete() });
    });
  }
}

/** Salons have collections within them; errors about these may name less than a document. */
function isOfDueWork(path: string): boolean {
  const names = path.split("/");
  return names.length % 2 === 0 && DUE_COLLECTIONS.some((name) => name === names.at(-2));
}
