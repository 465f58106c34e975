import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { noSuchSalon } from "#shared/salons/no-such-salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import type { Identity } from "./authenticate.ts";

export const Role = z.enum(["owner", "manager", "staff"]);
export type Role = z.infer<typeof Role>;

/** `salons/{salonId}/members/{uid}`: what a person may do in a salon. */
export const Member = z.object({
  role: Role,
  added_at: Instant.nullable().default(null),
  added_by: z.string().nullable().default(null),
});
export type Member = z.infer<typeof Member>;

/** Somebody who may do what they asked for, as it is to be recorded. */
export interface Actor {
  readonly uid: string;
  /** Where it is verified: others read it as who this is. */
  readonly email?: string;
  /** An operator may do what an owner may, and is recorded as what they are. */
  readonly role: Role | "operator";
}

export type Authorize = (
  identity: Identity,
  salonId: SalonId,
  atLeast: Role,
  options?: {
    /** For what is a member's right after their salon has closed as well; an operator's it is not. */
    readonly alsoClosed?: boolean | undefined;
  },
) => Promise<Actor>;

const RANK = { staff: 1, manager: 2, owner: 3, operator: 3 } as const satisfies Record<Actor["role"], number>;

/** Whether who acts as `role` may do what `atLeast` may. */
export function reaches(role: Actor["role"], atLeast: Role): boolean {
  return RANK[role] >= RANK[atLeast];
}

/**
 * Lets a salon's members in by their role, read for every request: a removed member gets nothing, however valid the
 * token. To whoever is not a member, a salon looks like one that does not exist.
 */
export function createAuthorize(database: Database, salons: Salons): Authorize {
  return async ({ uid, email, emailVerified, isOperator }, salonId, atLeast, { alsoClosed = false } = {}) => {
    // The salon is read after the membership, so that a stranger's answer does not depend on it, in time neither.
    const role = isOperator ? "operator" : await roleIn(database, salonId, uid);
    if (role === undefined) throw noSuchSalon(salonId);
    const mayBeClosed = alsoClosed && !isOperator && reaches(role, atLeast);
    if (!mayBeClosed) await salons.open(salonId);
    if (!reaches(role, atLeast)) {
      const message = `This needs the role ${atLeast} or higher; ask an owner of the salon.`;
      throw new AppError("permission-denied", message, { context: { salonId } });
    }
    return { uid, ...(email !== undefined && emailVerified ? { email } : {}), role };
  };
}

/** A person's role in a salon; undefined for who is not its member, or no longer. */
export async function roleIn(database: Database, salonId: SalonId, uid: string): Promise<Role | undefined> {
  const reference = database.firestore.collection("salons").doc(salonId).collection("members").doc(uid);
  const snapshot = await database.run(() => reference.get());
  return snapshot.exists
    ? parseDocument(Member, `salons/${salonId}/members`, snapshot.data()).role
    : undefined;
}
