import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";

/** `integration_audit/{salonId}_{seq}` (spec §3.3): who did what to a salon's integration, and when. */
export const AuditEntry = z.object({
  salon_id: z.string(),
  action: z.string(),
  timestamp: Instant,
  actor: z.string(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
