import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { invalid } from "#shared/runtime/json-body.ts";
import type { Erasure } from "#shared/salon-data/erasure.ts";
import type { Erasures } from "#shared/salon-data/erasures.ts";
import type { ExportSalon } from "#shared/salon-data/export.ts";
import { answer, body, jsonText, NO_BODY, type Route, route } from "./routes.ts";

interface Deps {
  readonly exportSalon: ExportSalon;
  readonly erasures: Pick<Erasures, "request" | "get">;
}

/** Cloud Run answers with at most 32 MiB at once. Source: https://cloud.google.com/run/quotas */
const MAX_EXPORT_BYTES = 31 * 1024 * 1024;

const Exported = z.object({
  documents: z.array(
    z.object({ collection: z.string(), id: z.string(), data: z.record(z.string(), z.unknown()) }),
  ),
});

const ErasureView = z.object({
  state: z.enum(["waiting", "running", "done"]),
  step: z.enum(["redact", "destroy_keys", "delete", "erase_salts", "tell"]),
  requested_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  redacted: z.int().describe("Messages whose text is erased at Twilio"),
  not_redacted: z
    .record(z.string(), z.int())
    .describe("Messages whose text is still at Twilio, by the reason"),
  deleted: z.record(z.string(), z.int()).describe("Documents, by their collection"),
  kept: z.array(z.object({ what: z.string(), why: z.string() })),
});

/** What the law gives the salon and its customers: a copy of everything, and its erasure. */
export function dataRoutes({ exportSalon, erasures }: Deps): Route[] {
  return [
    route({
      method: "GET",
      path: "/export",
      operation: "exportData",
      summary: "Everything that is stored of the salon and its customers",
      atLeast: "owner",
      recentSignIn: true,
      takes: NO_BODY,
      gives: jsonText(Exported),
      work: ({ salonId, by }) => joined(exportSalon(salonId, by)),
    }),
    route({
      method: "POST",
      path: "/erase",
      operation: "eraseData",
      summary: "Switch messaging off and erase all that is stored of the salon and its customers, for good",
      atLeast: "owner",
      recentSignIn: true,
      duringErasure: true,
      takes: body(z.strictObject({ confirm: z.string().describe("The salon's id, again") })),
      gives: answer(ErasureView, 202),
      work: async ({ salonId, actor, by }, { confirm }) => {
        if (confirm !== salonId) throw invalid("confirm", "confirm: must be the id of the salon to erase.");
        const name = actor.role === "operator" ? undefined : actor.email;
        return erasureView(await erasures.request(salonId, { ...by, name }));
      },
    }),
    route({
      method: "GET",
      path: "/erase",
      operation: "readErasure",
      summary: "How far the erasure is, and what it left where",
      atLeast: "owner",
      takes: NO_BODY,
      gives: answer(ErasureView),
      work: async ({ salonId }) => {
        const erasure = await erasures.get(salonId);
        if (erasure !== undefined) return erasureView(erasure);
        throw new AppError("not-found", "Nobody has asked for this salon's data to be erased.");
      },
    }),
  ];
}

/** A change made while the salon's data is being erased would bring back what its owner wants gone. */
export async function refuseDuringErasure(erasures: Pick<Erasures, "get">, salonId: SalonId): Promise<void> {
  const erasure = await erasures.get(salonId);
  if (erasure === undefined || erasure.state === "done") return;
  const message = "The salon's data is being erased; nothing can be changed until that is done.";
  throw new AppError("conflict", message, { context: { salonId, reason: "erasure_under_way" } });
}

function erasureView({ state, step, requested_at, finished_at, redaction, deleted, kept }: Erasure) {
  return {
    state,
    step,
    requested_at: requested_at.toISOString(),
    finished_at: finished_at?.toISOString() ?? null,
    redacted: redaction.redacted,
    not_redacted: redaction.not_redacted,
    deleted,
    kept,
  };
}

/** One JSON document of the lines, each of which is JSON. */
async function joined(lines: AsyncIterable<string>): Promise<string> {
  const documents: string[] = [];
  let bytes = 0;
  for await (const line of lines) {
    bytes += Buffer.byteLength(line);
    if (bytes > MAX_EXPORT_BYTES) {
      const message = "There is too much to export in one answer; ask our support for the salon's data.";
      throw new AppError("failed-precondition", message, { context: { reason: "export_too_large" } });
    }
    documents.push(line.trimEnd());
  }
  return `{"documents":[${documents.join(",\n")}]}`;
}
