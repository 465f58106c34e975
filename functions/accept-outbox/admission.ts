import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { CallerEmail, type CallerPolicies } from "#shared/identity/caller-policies.ts";
import { roleIn } from "#shared/identity/membership.ts";
import { OutboxFields } from "#shared/messages/send-request.ts";
import type { Throttle } from "#shared/pacing/throttle.ts";
import type { Database } from "#shared/runtime/database.ts";
import { noSuchSalon } from "#shared/salons/no-such-salon.ts";
import type { Salons } from "#shared/salons/salons.ts";

/**
 * `salons/{salonId}/outbox/{requestId}` as it is written. Of a member `firestore.rules` lets fewer fields in, and no
 * `caller`: so it marks the request of a service, which writes past the rules.
 */
export const OutboxRequest = z.strictObject({
  requested_by: z.string().min(1).max(200),
  caller: CallerEmail.optional(),
  due_at: Instant,
  ...OutboxFields.shape,
});
export type OutboxRequest = z.infer<typeof OutboxRequest>;

interface Deps {
  readonly database: Database;
  readonly policies: CallerPolicies;
  readonly salons: Salons;
  readonly throttle: Throttle;
}

/** Refuses what who wrote a request may not send: a member of another salon or a former one, a service by its policy. */
export type Admit = (salonId: SalonId, request: OutboxRequest) => Promise<void>;

export function createAdmit({ database, policies, salons, throttle }: Deps): Admit {
  return async (salonId, { caller, requested_by, critical = false, fallback }) => {
    if (caller !== undefined) {
      await policies.authorizeCaller(caller, salonId, { critical });
    } else {
      if (critical || fallback != null) throw onlyForServices(critical ? "critical" : "fallback");
      if (!isUid(requested_by) || (await roleIn(database, salonId, requested_by)) === undefined)
        throw noSuchSalon(salonId);
    }
    await salons.openForMessages(salonId);
    await throttle(salonId, { count: 1, critical });
  };
}

/** What can be a document's id: a service may have written anything. */
function isUid(name: string): boolean {
  return !name.includes("/") && !/^(\.{1,2}|__.*__)$/.test(name);
}

function onlyForServices(field: string): AppError {
  return new AppError("permission-denied", `${field}: only a service with a policy may ask for it.`, {
    context: { field },
  });
}
