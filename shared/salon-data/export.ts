import { Timestamp } from "firebase-admin/firestore";
import type { Audit } from "#shared/audit/audit.ts";
import type { RequestOrigin } from "#shared/audit/commitment.ts";
import type { AuditActor } from "#shared/audit/entry.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { salvagedIntegration } from "#shared/salons/salvaged-integration.ts";
import { envelopeSchema } from "#shared/vault/envelope.ts";
import { COLLECTIONS, salonPage, workingDocuments } from "./documents.ts";
import { publicIntegration } from "./public-integration.ts";

export interface ExportDeps {
  readonly database: Database;
  readonly audit: Pick<Audit, "record">;
}

export interface ExportedBy {
  readonly actor: AuditActor;
  readonly origin?: RequestOrigin | undefined;
}

/**
 * The lines of an export, each with its line feed: `{"collection", "id", "data"}`, times as ISO 8601 in UTC, and at last
 * `{"end": true, "documents"}` with their count, without which it is not whole.
 */
export type ExportSalon = (salonId: SalonId, by: ExportedBy) => AsyncGenerator<string, void, void>;

const PAGE_SIZE = 200;

/**
 * Gives all that is kept about a salon as JSON Lines, page by page, never more than one page in memory: its integration
 * without credentials, messages, calls, contacts, usage, audit, notifications. Audited before the first line, so that
 * an export which breaks off has its entry too.
 */
export function createSalonExport({ database, audit }: ExportDeps, pageSize = PAGE_SIZE): ExportSalon {
  return async function* exportSalon(salonId, { actor, origin }) {
    const request = origin === undefined ? {} : { request: origin };
    await audit.record({ salonId, action: "data_exported", actor, ...request });
    let documents = 0;
    for await (const each of documentLines(salonId)) {
      yield each;
      documents += 1;
    }
    yield `${JSON.stringify({ end: true, documents })}\n`;
  };

  async function* documentLines(salonId: SalonId): AsyncGenerator<string, void, void> {
    yield* integrationLine(salonId);
    const working = await database.run((firestore) =>
      firestore.getAll(...workingDocuments(firestore, salonId)),
    );
    for (const each of working) if (each.exists) yield line(each.ref.parent.id, each.id, each.data());
    for (const name of COLLECTIONS) {
      for (let after: string | null = null; ; ) {
        const page = await salonPage(database, salonId, name, { after, size: pageSize });
        for (const document of page) yield line(name, document.id, document.data());
        if (page.length < pageSize) break;
        after = page.at(-1)?.id ?? null;
      }
    }
  }

  async function* integrationLine(salonId: SalonId): AsyncGenerator<string, void, void> {
    const collection = "salon_integrations";
    const snapshot = await database.run((firestore) => firestore.collection(collection).doc(salonId).get());
    if (!snapshot.exists) return;
    yield line(collection, salonId, publicIntegration(salvagedIntegration(salonId, snapshot.data())));
  }
}

function line(collection: string, id: string, data: unknown): string {
  return `${JSON.stringify({ collection, id, data: plain(data) })}\n`;
}

/** As JSON can say it. A credential that has got somewhere it does not belong is left out there too. */
function plain(value: unknown): unknown {
  if (value instanceof Timestamp) return value.toDate().toISOString();
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (envelopeSchema.safeParse(value).success) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
