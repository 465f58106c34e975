import type { Clock } from "#shared/core/clock.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import type { Content } from "#shared/twilio/content.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Approvals, TemplateApproval } from "./approvals.ts";
import { allTwilioTexts, type TwilioText } from "./registry.ts";

export type TemplateAccount = Pick<
  TwilioAccount,
  "listContents" | "createContent" | "requestWhatsAppApproval"
>;

/** How many texts were made and submitted now, and where all of them stand. */
export interface SyncedTemplates {
  readonly created: number;
  readonly submitted: number;
  readonly approved: number;
  /** WhatsApp has still to decide. */
  readonly waiting: number;
  /** Rejected, paused or disabled; only another text, or WhatsApp itself, changes that. */
  readonly refused: number;
}

/**
 * Makes sure that every text of the registry is at that account and was submitted to WhatsApp, and records where each
 * stands. Repeated after a crash it makes nothing twice. Throws the first TwilioFailure; what is known by then is
 * recorded, and what concerns one text alone keeps no other from its turn.
 */
export type SyncTemplates = (
  account: TemplateAccount,
  accountFingerprint: string,
) => Promise<SyncedTemplates>;

export interface TemplateSyncDeps {
  readonly approvals: Pick<Approvals, "record">;
  readonly clock: Clock;
}

export function createTemplateSync({ approvals, clock }: TemplateSyncDeps): SyncTemplates {
  return async (account, accountFingerprint) => {
    const checkedAt = clock.now();
    const contents = contentsByName(await account.listContents());
    const known: TemplateApproval[] = [];
    const count = { created: 0, submitted: 0 };
    const note = (text: TwilioText, found: Standing) =>
      known.push(recordOf(accountFingerprint, text, found, checkedAt));
    let trouble: unknown;
    let isStopped = false;
    for (const text of allTwilioTexts()) {
      const found = contents.get(friendlyNameOf(text));
      if (found !== undefined && found.approval.status !== "unsubmitted") {
        note(text, found);
        continue;
      }
      if (isStopped) continue;
      const brought = await bring(account, text, found);
      if (brought.found !== undefined) note(text, brought.found);
      if (brought.found !== undefined && found === undefined) count.created += 1;
      if (brought.trouble === undefined) count.submitted += 1;
      trouble ??= brought.trouble;
      isStopped = brought.trouble !== undefined && !concernsOneText(brought.trouble);
    }
    await approvals.record(known);
    if (trouble !== undefined) throw trouble;
    return { ...count, ...standing(known) };
  };
}

type Standing = Pick<Content, "sid" | "approval">;

/** Makes a text where there is none, and submits it. Trouble is told together with how far it got. */
async function bring(
  account: TemplateAccount,
  text: TwilioText,
  existing: Standing | undefined,
): Promise<{ readonly found: Standing | undefined; readonly trouble?: unknown }> {
  const name = friendlyNameOf(text);
  const { language, body, samples } = text;
  let found = existing;
  try {
    found ??= {
      sid: await account.createContent({ friendlyName: name, language, body, samples }),
      approval: { status: "unsubmitted", rejectionReason: undefined },
    };
    const category = text.category === "marketing" ? "MARKETING" : "UTILITY";
    const approval = await account.requestWhatsAppApproval(found.sid, { name, category });
    return { found: { sid: found.sid, approval } };
  } catch (trouble) {
    return { found, trouble };
  }
}

/** By this name a text is found again. It is WhatsApp's name for it as well, hence small letters, digits and `_`. */
export function friendlyNameOf({ name, language, textHash }: TwilioText): string {
  return `salonflow_${name}_${language}_${textHash.slice(0, 8)}`;
}

/** Two workers at once may have made a text twice: all of them go on with the same one, approved before older. */
function contentsByName(contents: readonly Content[]): ReadonlyMap<string, Content> {
  const byName = new Map<string, Content>();
  for (const content of contents.toSorted(likeliestFirst)) {
    if (!byName.has(content.friendlyName)) byName.set(content.friendlyName, content);
  }
  return byName;
}

function likeliestFirst(one: Content, other: Content): number {
  const rank = ({ approval }: Content) =>
    approval.status === "approved" ? 0 : approval.status === "unsubmitted" ? 2 : 1;
  const age = ({ createdAt }: Content) => createdAt?.getTime() ?? 0;
  return rank(one) - rank(other) || age(one) - age(other) || (one.sid < other.sid ? -1 : 1);
}

function recordOf(
  account: string,
  { name, language, textHash }: TwilioText,
  { sid, approval }: Standing,
  checkedAt: Date,
): TemplateApproval {
  return {
    account,
    name,
    language,
    content_sid: sid,
    status: approval.status,
    rejection_reason: approval.rejectionReason ?? null,
    text_hash: textHash,
    checked_at: checkedAt,
  };
}

/** Credentials, the account or an outage concern them all. */
function concernsOneText(error: unknown): boolean {
  if (!(error instanceof TwilioFailure) || error.info.certainty !== "rejected") return false;
  return error.info.class === "template" || error.info.class === "bug";
}

function standing(known: readonly TemplateApproval[]) {
  const among = (...statuses: TemplateApproval["status"][]) =>
    known.filter(({ status }) => statuses.includes(status)).length;
  return {
    approved: among("approved"),
    waiting: among("unsubmitted", "received", "pending"),
    refused: among("rejected", "paused", "disabled"),
  };
}
