import { Timestamp } from "firebase-admin/firestore";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
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
   * Keeps an event that nobody can work on, once, for a person to look at. A document that cannot be read is due again in
   * an hour, or every tick would bring it here: until then somebody may repair it, or its reader be a newer version.
   */
  keep(letter: DeadLetter): Promise<void>;
}

const MAX_DATA_CHARACTERS = 4_096;
const REST_SECONDS = 3_600;

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
      const isMalformed = error instanceof MalformedDocument;
      // Of a document one letter, however many events it fails.
      const key = isMalformed ? sha256Hex(name, error.path, error.message) : sha256Hex(name, source, id);
      await database.run((firestore) => firestore.doc(`dead_letters/${key.slice(0, 40)}`).set(document));
      if (isMalformed && isOfDueWork(error.path)) await rest(error);
    },
  };

  /** What is read by now is left alone: it may have been repaired, or the error be about what it was before. */
  function rest({ path, reads }: MalformedDocument): Promise<void> {
    return database.transact(async (transaction, firestore) => {
      const reference = firestore.doc(path);
      const known = await transaction.get(reference);
      const due = known.get("due_at");
      const now = clock.now();
      if (!(due instanceof Timestamp) || due.toDate() > now || reads(known.data())) return;
      transaction.merge(reference, { due_at: plusSeconds(now, REST_SECONDS) });
    });
  }
}

/** Salons have collections within them; errors about these may name less than a document. */
function isOfDueWork(path: string): boolean {
  const names = path.split("/");
  return names.length % 2 === 0 && DUE_COLLECTIONS.some((name) => name === names.at(-2));
}
