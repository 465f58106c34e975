import type { QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import type { Redacted } from "./redacted.ts";
import { isMarked, type RedactionAccounts, redactIn, worstOf } from "./redaction.ts";

type Document = Pick<QueryDocumentSnapshot, "get">;

/** A call as far as this concerns; tolerant, because an odd document has to go as well. */
const Stored = z.object({ account: z.string(), recordings: z.array(z.object({ sid: z.string() })) });
const ListedAt = z.array(z.object({ received_at: Instant }));

/** Whether somebody left a message at this call: it stands in the call's document, and is at Twilio alone. */
export function hasRecordings(call: Document): boolean {
  const recordings: unknown = call.get("recordings");
  return Array.isArray(recordings) ? recordings.length > 0 : recordings !== undefined;
}

/** Whether a recording came too late for any pass to see it. */
export function recordedLate(call: Document, requestedAt: Date): boolean {
  if (isMarked(call) || !hasRecordings(call)) return false;
  const listed = ListedAt.safeParse(call.get("recordings")).data;
  return listed === undefined || listed.some(({ received_at }) => received_at >= requestedAt);
}

/** Deletes what was recorded of one call at Twilio. Repeatable. */
export async function deleteRecordings(
  callSid: string,
  data: unknown,
  accounts: RedactionAccounts,
): Promise<Redacted> {
  const { success, data: call } = Stored.safeParse(data);
  if (!success) return "malformed";
  const outcomes: Redacted[] = [];
  for (const { sid } of call.recordings) {
    const account = accounts.get(call.account);
    outcomes.push(await redactIn(account, (client) => client.deleteRecording({ callSid, sid })));
  }
  return worstOf(outcomes);
}
