import { AggregateField } from "firebase-admin/firestore";
import { z } from "zod";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Logger } from "#shared/core/logger.ts";
import { UsageKind } from "#shared/ledger/rate-card.ts";
import type { Database } from "#shared/runtime/database.ts";
import { MalformedDocument, parseDocument } from "#shared/runtime/stored-document.ts";
import { monthWithDay, Sums, type SumsByKind, UsageMonth } from "./month.ts";

/** Rows may be committed out of order, so each run looks this far behind the last one's end. */
const OVERLAP_SECONDS = 600;
const PAGE = 1_000;

const ChangedRow = z.object({ salon_id: z.string(), day: z.string() });
type ChangedRow = z.infer<typeof ChangedRow>;
const Watermark = z.object({
  recorded_until: Instant,
  /** Salon-days that could not be read; they are tried again with every run. */
  unread: z.array(ChangedRow).default([]),
});

/**
 * Recomputes the salon-days that have new ledger rows, by aggregation, and sets them in their month. Running it twice,
 * or two at once, changes nothing: totals are never incremented, and the overlap lets the next run mend an older sum
 * that was set last.
 */
export function createRollup(
  database: Database,
  clock: Clock,
  logger: Logger,
): () => Promise<{ days: number }> {
  return async () => {
    const { firestore } = database;
    const watermark = firestore.doc("usage_rollups/watermark");
    const known = await database.run(() => watermark.get());
    const { recorded_until: last, unread } = Watermark.safeParse(known.data()).data ?? {
      recorded_until: new Date(0),
      unread: [],
    };
    const started = clock.now();
    const days = await changedDays(plusSeconds(last, -OVERLAP_SECONDS), unread);
    const failed: ChangedRow[] = [];
    for (const day of days) if (!(await isRead(() => recompute(day)))) failed.push(day);
    await database.run(() => watermark.set({ recorded_until: started, unread: failed }));
    logger.info("usage rolled up", { count: days.length - failed.length });
    return { days: days.length - failed.length };
  };

  async function changedDays(since: Date, unread: readonly ChangedRow[]): Promise<ChangedRow[]> {
    const found = new Map<string, ChangedRow>();
    const add = (changed: ChangedRow) => found.set(`${changed.salon_id}/${changed.day}`, changed);
    for (const day of unread) add(day);
    const rows = database.firestore
      .collectionGroup("usage_ledger")
      .where("recorded_at", ">=", since)
      .orderBy("recorded_at")
      .select("salon_id", "day", "recorded_at")
      .limit(PAGE);
    let page = await database.run(() => rows.get());
    for (;;) {
      for (const row of page.docs)
        await isRead(async () => add(parseDocument(ChangedRow, row.ref.path, row.data())));
      const last = page.docs.at(-1);
      if (page.size < PAGE || last === undefined) return [...found.values()];
      page = await database.run(() => rows.startAfter(last).get());
    }
  }

  /** What cannot be read stops no other salon's usage, and stands in the log; whatever else fails stops the run. */
  async function isRead(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof MalformedDocument)) throw error;
      logger.error("usage not rolled up", { error });
      return false;
    }
  }

  async function recompute({ salon_id: salonId, day }: ChangedRow): Promise<void> {
    const rows = database.firestore
      .collection("salons")
      .doc(salonId)
      .collection("usage_ledger")
      .where("day", "==", day);
    const sums: SumsByKind = {};
    await Promise.all(
      UsageKind.options.map(async (kind) => {
        const aggregate = rows.where("kind", "==", kind).aggregate({
          events: AggregateField.sum("events"),
          quantity: AggregateField.sum("quantity"),
          cost_micros: AggregateField.sum("cost_micros"),
        });
        const answer = parseDocument(
          Sums,
          `salons/${salonId}/usage_ledger`,
          (await database.run(() => aggregate.get())).data(),
        );
        if (Object.values(answer).some((sum) => sum !== 0)) sums[kind] = answer;
      }),
    );
    await database.transact(async (transaction, firestore) => {
      const reference = firestore.collection("integration_usage").doc(`${salonId}_${day.slice(0, 7)}`);
      const snapshot = await transaction.get(reference);
      const month = snapshot.exists ? parseDocument(UsageMonth, reference.path, snapshot.data()) : undefined;
      transaction.set(reference, monthWithDay(month, { salonId, day, sums }, clock.now()));
    });
  }
}
