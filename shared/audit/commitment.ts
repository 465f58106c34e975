import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { type AuditEntry, type AuditRequest, entryId, SALTS } from "./entry.ts";

/** From where something was asked for. Personal data, so an entry holds only commitments to it. */
export interface RequestOrigin {
  readonly ip?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** `integration_audit_salts/{salonId}_{seq}`: opens one entry's commitments. Deleting it erases them for good. */
export const AuditSalt = z.strictObject({ salon_id: z.string(), salt: z.base64().min(44).max(44) });
export type AuditSalt = z.infer<typeof AuditSalt>;

export interface Commitments {
  readonly request: AuditRequest;
  /** Base64 of 32 random bytes, of this entry alone. */
  readonly salt: string;
}

/** Commits to where a request came from: without the salt nobody can try addresses until one fits. */
export function commitTo({ ip, userAgent }: RequestOrigin, random = randomBytes): Commitments {
  const salt = random(32).toString("base64");
  const request = {
    ip_commitment: ip === undefined ? null : commitment(salt, "ip", ip),
    user_agent_commitment: userAgent === undefined ? null : commitment(salt, "user_agent", userAgent),
  };
  return { request, salt };
}

/** Whether an entry was made from there: true or false while its salt exists, undefined once that is erased. */
export async function cameFrom(
  database: Database,
  entry: Pick<AuditEntry, "salon_id" | "seq" | "request">,
  claim: RequestOrigin,
): Promise<boolean | undefined> {
  const path = `${SALTS}/${entryId(entry.salon_id, entry.seq)}`;
  const snapshot = await database.run((firestore) => firestore.doc(path).get());
  const salt = AuditSalt.safeParse(snapshot.data()).data?.salt;
  if (salt === undefined) return undefined;
  const { ip, userAgent } = claim;
  return (
    (ip === undefined || matches(entry.request?.ip_commitment, commitment(salt, "ip", ip))) &&
    (userAgent === undefined ||
      matches(entry.request?.user_agent_commitment, commitment(salt, "user_agent", userAgent)))
  );
}

const PAGE = 300;

/**
 * Erases the salts of a salon, so that what its entries commit to can never be opened. The chain stays as it is.
 * Gives how many there were; repeatable.
 */
export async function eraseSalts(database: Database, salonId: SalonId): Promise<number> {
  for (let erased = 0; ; ) {
    const count = await database.run(async (firestore) => {
      const page = await firestore.collection(SALTS).where("salon_id", "==", salonId).limit(PAGE).get();
      const batch = firestore.batch();
      for (const { ref } of page.docs) batch.delete(ref);
      await batch.commit();
      return page.size;
    });
    erased += count;
    if (count < PAGE) return erased;
  }
}

function commitment(salt: string, kind: "ip" | "user_agent", value: string): string {
  const key = Buffer.from(salt, "base64");
  return createHmac("sha256", key)
    .update(JSON.stringify([kind, value]))
    .digest("hex");
}

function matches(stored: string | null | undefined, computed: string): boolean {
  return stored != null && timingSafeEqual(Buffer.from(stored), Buffer.from(computed));
}
