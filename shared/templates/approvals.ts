import { LRUCache } from "lru-cache";
import { z } from "zod";
import { type Clock, systemClock } from "#shared/core/clock.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { ApprovalStatus } from "#shared/twilio/content.ts";
import { type TemplateText, twilioTextOf } from "./registry.ts";

/** `template_approvals/{accountFingerprint}_{name}_{language}`: where a text stands at one Twilio account. */
export const TemplateApproval = z.object({
  account: z.string(),
  name: z.string(),
  language: Language,
  content_sid: z.string(),
  status: ApprovalStatus,
  /** WhatsApp's words for why it was turned down. */
  rejection_reason: z.string().nullable(),
  /** Which text this is said of; of another one nothing is known. */
  text_hash: z.string(),
  /** When Twilio said so. */
  checked_at: Instant,
});
export type TemplateApproval = z.infer<typeof TemplateApproval>;

export interface Approvals {
  /**
   * The template that WhatsApp has approved at this account, with the text that we have today; undefined if there is
   * none. At most a minute old. Throws invalid-argument for a name or language that is none of ours.
   */
  approvedContent(account: string, text: TemplateText): Promise<{ readonly contentSid: string } | undefined>;
  /** Stores what Twilio said of one account's templates. What was said later stands. */
  record(approvals: readonly TemplateApproval[]): Promise<void>;
}

const CACHE_MS = 60_000;
const CACHE_MAX = 5_000;

/** What was read, though it be that there is nothing. */
interface Known {
  readonly content: { readonly contentSid: string } | undefined;
}

export function createApprovals(database: Database, clock: Clock = systemClock): Approvals {
  const cache = new LRUCache<string, Known>({
    max: CACHE_MAX,
    ttl: CACHE_MS,
    ttlResolution: 0,
    perf: { now: () => clock.now().getTime() },
  });
  const collection = database.firestore.collection("template_approvals");

  async function read(id: string, textHash: string): Promise<Known> {
    const snapshot = await database.run(() => collection.doc(id).get());
    const stored = TemplateApproval.safeParse(snapshot.data()).data;
    const stands = stored?.status === "approved" && stored.text_hash === textHash;
    return { content: stands ? { contentSid: stored.content_sid } : undefined };
  }

  return {
    async approvedContent(account, text) {
      const { name, language, textHash } = twilioTextOf(text);
      const id = idOf({ account, name, language });
      const cached = cache.get(id);
      if (cached !== undefined) return cached.content;
      const known = await read(id, textHash);
      cache.set(id, known);
      return known.content;
    },
    async record(approvals) {
      if (approvals.length === 0) return;
      const references = approvals.map((approval) => collection.doc(idOf(approval)));
      await database.transact(async (transaction) => {
        const stored = await transaction.getAll(...references);
        for (const [index, approval] of approvals.entries()) {
          const snapshot = stored[index];
          if (snapshot === undefined) continue;
          const known = TemplateApproval.safeParse(snapshot.data()).data;
          if (known === undefined || known.checked_at <= approval.checked_at)
            transaction.set(snapshot.ref, approval);
        }
      });
      for (const approval of approvals) cache.delete(idOf(approval));
    },
  };
}

function idOf({ account, name, language }: Pick<TemplateApproval, "account" | "name" | "language">): string {
  return `${account}_${name}_${language}`;
}
