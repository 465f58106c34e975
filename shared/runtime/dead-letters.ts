import type { Clock } from "#shared/core/clock.ts";
import type { AppError } from "#shared/core/errors.ts";
import { sha256Hex } from "#shared/core/ids.ts";
import type { Database } from "./database.ts";

export interface DeadLetter {
  readonly id: string;
  readonly source: string;
  readonly function: string;
  readonly error: AppError;
  readonly data: unknown;
}

export interface DeadLetters {
  /** Keeps an event that nobody can work on, once, for a person to look at. */
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
    },
  };
}
