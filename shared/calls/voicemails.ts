import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { Call, type Recording } from "./call.ts";

export interface Voicemail extends Recording {
  /** The caller's number; null when it was hidden. */
  readonly from: string | null;
}

export interface Voicemails {
  /**
   * What callers left, the latest call first, a page of calls at a time; `next` is the recording to go on after, null at
   * the end. Undefined when `after` is no recording of the salon's.
   */
  list(
    salonId: SalonId,
    after?: string,
  ): Promise<{ voicemails: Voicemail[]; next: string | null } | undefined>;
  /** The fingerprint of the account that a recording of the salon's is in; undefined when the salon has no such one. */
  accountOf(salonId: SalonId, recordingSid: string): Promise<string | undefined>;
}

const PAGE_SIZE = 50;

export function createVoicemails(database: Database, pageSize = PAGE_SIZE): Voicemails {
  const find = async (salonId: SalonId, recordingSid: string) => {
    const { docs } = await database.run((firestore) => {
      const calls = firestore.collection("calls").where("salon_id", "==", salonId);
      return calls.where("recording_sids", "array-contains", recordingSid).limit(1).get();
    });
    return docs[0];
  };

  return {
    async list(salonId, after) {
      const last = after === undefined ? undefined : await find(salonId, after);
      if (after !== undefined && last === undefined) return undefined;
      const { docs } = await database.run((firestore) => {
        const calls = firestore.collection("calls").where("salon_id", "==", salonId);
        const ordered = calls.orderBy("voicemail_at", "desc").limit(pageSize);
        return (last === undefined ? ordered : ordered.startAfter(last)).get();
      });
      const voicemails = docs.flatMap((document) => {
        const { recordings, from = null } = parseDocument(Call, document.ref.path, document.data());
        return recordings.toReversed().map((recording) => ({ ...recording, from }));
      });
      return { voicemails, next: docs.length < pageSize ? null : (voicemails.at(-1)?.sid ?? null) };
    },
    async accountOf(salonId, recordingSid) {
      const call = await find(salonId, recordingSid);
      return call === undefined ? undefined : parseDocument(Call, call.ref.path, call.data()).account;
    },
  };
}
