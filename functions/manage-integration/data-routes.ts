import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { invalid } from "#shared/runtime/json-body.ts";
import { answer, body, jsonLines, NO_BODY } from "#shared/runtime/route-contract.ts";
import { type Erasure, ErasureStep } from "#shared/salon-data/erasure.ts";
import type { ErasureRequests } from "#shared/salon-data/erasure-requests.ts";
import type { ExportSalon } from "#shared/salon-data/export.ts";
import { type Route, route } from "./routes.ts";

interface Deps {
  readonly exportSalon: ExportSalon;
  readonly erasures: ErasureRequests;
}

const Exported = z
  .union([
    z.object({ collection: z.string(), id: z.string(), data: z.record(z.string(), z.unknown()) }),
    z.object({ end: z.literal(true), documents: z.int() }).describe("The last line"),
  ])
  .describe("One line");

const ErasureView = z.object({
  state: z.enum(["waiting", "running", "done"]),
  step: ErasureStep,
  requested_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  redacted: z.int().describe("Messages whose text is erased at Twilio"),
  not_redacted: z
    .record(z.string(), z.int())
    .describe("Messages whose text is still at Twilio, by the reason"),
  recordings_deleted: z.int().describe("Calls whose recordings are erased at Twilio"),
  recordings_not_deleted: z
    .record(z.string(), z.int())
    .describe("Calls of which a recording is still at Twilio, by the reason"),
  webhooks_not_restored: z
    .string()
    .nullable()
    .describe("Why the number of the salon's own Twilio account still leads to us; null when it does not"),
  deleted: z.record(z.string(), z.int()).describe("Documents, by their collection"),
  kept: z.array(z.object({ what: z.string(), why: z.string() })),
});

/** Cloud Run streams over 32 MiB in chunks alone, and Firebase Hosting streams nothing (firebase-tools#9774). */
const EXPORT_NOTE =
  "Streamed: a document of the salon a line, in any number. The last line counts them; an answer without it has broken off and is to be asked for again. A large one is asked for at the function's own address, because Firebase Hosting holds an answer back until it is whole.";

/** What the law gives the salon and its customers: a copy of everything, and its erasure. */
export function dataRoutes({ exportSalon, erasures }: Deps): Route[] {
  return [
    route({
      method: "GET",
      path: "/export",
      operation: "exportData",
      summary: "Everything that is stored of the salon and its customers",
      atLeast: "owner",
      alsoClosed: true,
      recentSignIn: true,
      note: EXPORT_NOTE,
      takes: NO_BODY,
      gives: jsonLines(Exported),
      work: async ({ salonId, by }) => exportSalon(salonId, by),
    }),
    route({
      method: "POST",
      path: "/erase",
      operation: "eraseData",
      summary: "Switch messaging off and erase all that is stored of the salon and its customers, for good",
      atLeast: "owner",
      alsoClosed: true,
      recentSignIn: true,
      takes: body(z.strictObject({ confirm: z.string().describe("The salon's id, again") })),
      gives: answer(ErasureView, 202),
      work: async ({ salonId, by }, { confirm }) => {
        if (confirm !== salonId) throw invalid("confirm", "confirm: must be the id of the salon to erase.");
        return erasureView(await erasures.request(salonId, by));
      },
    }),
    route({
      method: "GET",
      path: "/erase",
      operation: "readErasure",
      summary: "How far the erasure is, and what it left where",
      atLeast: "owner",
      alsoClosed: true,
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

function erasureView(erasure: Erasure) {
  const { state, step, requested_at, finished_at, redaction, webhooks_not_restored, deleted, kept } = erasure;
  return {
    state,
    step,
    requested_at: requested_at.toISOString(),
    finished_at: finished_at?.toISOString() ?? null,
    redacted: redaction.redacted,
    not_redacted: redaction.not_redacted,
    recordings_deleted: redaction.recordings.deleted,
    recordings_not_deleted: redaction.recordings.not_deleted,
    webhooks_not_restored,
    deleted,
    kept,
  };
}
