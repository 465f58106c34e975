import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createCachedDocuments } from "#shared/salons/cached-documents.ts";
import { noSuchSalon } from "#shared/salons/no-such-salon.ts";

/** The e-mail address of a Google service account, by which a calling service is known; also a document id. */
export const CallerEmail = z
  .string()
  .max(200, "must be a service account's e-mail address")
  .regex(
    /^[a-z0-9][a-z0-9._-]*@([a-z0-9-]+\.)+gserviceaccount\.com$/,
    "must be a service account's e-mail address, such as booking@salon-flow-prod.iam.gserviceaccount.com",
  )
  .brand("CallerEmail");
export type CallerEmail = z.infer<typeof CallerEmail>;

/** `callers/{email}`: what a service may have sent, and for whom. Written by `npm run callers:allow`. */
export const CallerPolicy = z.object({
  salons: z.union([z.literal("*"), z.array(SalonId)]),
  may_send_critical: z.boolean().default(false),
  disabled: z.boolean().default(false),
  updated_at: Instant.nullable().default(null),
});
export type CallerPolicy = z.infer<typeof CallerPolicy>;

export interface CallerPolicies {
  /** Whether the service may act for this salon at all, be there such a salon or not. */
  actsFor(email: CallerEmail, salonId: SalonId): Promise<boolean>;
  /**
   * Refuses what the service may not send. To a service that may not act for a salon, it looks like one that does not
   * exist, with the same words.
   */
  authorizeCaller(email: CallerEmail, salonId: SalonId, what: { critical: boolean }): Promise<void>;
}

/** Policies are read through a cache: a change takes up to 30 seconds to hold everywhere. */
export function createCallerPolicies(database: Database): CallerPolicies {
  const documents = createCachedDocuments<typeof CallerPolicy, CallerEmail>(
    database,
    "callers",
    CallerPolicy,
  );
  const policyFor = async (email: CallerEmail, salonId: SalonId): Promise<CallerPolicy | undefined> => {
    const policy = await documents.get(email);
    if (policy === undefined || policy.disabled) return undefined;
    return policy.salons === "*" || policy.salons.includes(salonId) ? policy : undefined;
  };

  return {
    actsFor: async (email, salonId) => (await policyFor(email, salonId)) !== undefined,
    async authorizeCaller(email, salonId, { critical }) {
      const policy = await policyFor(email, salonId);
      if (policy === undefined) throw noSuchSalon(salonId);
      if (critical && !policy.may_send_critical) {
        const message = "This service may not send critical messages; send it without critical.";
        throw new AppError("permission-denied", message, { context: { field: "critical", salonId } });
      }
    },
  };
}
