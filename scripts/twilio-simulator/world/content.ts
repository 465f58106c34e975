import type { Random } from "../random.ts";

export const APPROVAL_STATUSES = [
  "unsubmitted",
  "received",
  "pending",
  "approved",
  "rejected",
  "paused",
  "disabled",
] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** What WhatsApp was asked about a template, and what it says. */
export interface Approval {
  readonly name: string;
  readonly category: string;
  status: ApprovalStatus;
  rejectionReason: string;
}

export interface Content {
  readonly sid: string;
  readonly accountSid: string;
  readonly friendlyName: string;
  readonly language: string;
  /** What stands in for a variable that is not sent. */
  readonly variables: Readonly<Record<string, string>>;
  /** By content type, such as `twilio/text`. */
  readonly types: Readonly<Record<string, unknown>>;
  /** The text of whichever type it is. */
  readonly body: string;
  readonly dateCreated: Date;
  dateUpdated: Date;
  approval: Approval;
}

export interface Contents {
  add(wanted: Omit<Content, "sid" | "dateCreated" | "dateUpdated" | "approval">): Content;
  find(sid: string): Content | undefined;
  ofAccount(accountSid: string): readonly Content[];
  all(): readonly Content[];
  remove(content: Content): void;
  clear(): void;
}

export function createContents(random: Random): Contents {
  const contents = new Map<string, Content>();
  return {
    add(wanted) {
      const now = new Date();
      const approval: Approval = { name: "", category: "", status: "unsubmitted", rejectionReason: "" };
      const content = { ...wanted, sid: random.sid("HX"), dateCreated: now, dateUpdated: now, approval };
      contents.set(content.sid, content);
      return content;
    },
    find: (sid) => contents.get(sid),
    ofAccount: (accountSid) => [...contents.values()].filter((content) => content.accountSid === accountSid),
    all: () => [...contents.values()],
    remove: (content) => void contents.delete(content.sid),
    clear: () => contents.clear(),
  };
}
