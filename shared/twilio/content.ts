import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { nothingWhen404, type Request } from "./request.ts";
import type { OwnHosts } from "./sdk.ts";

/** Where WhatsApp's approval of a template stands, in Twilio's words. */
export const ApprovalStatus = z.enum([
  "unsubmitted",
  "received",
  "pending",
  "approved",
  "rejected",
  "paused",
  "disabled",
]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

export interface Approval {
  readonly status: ApprovalStatus;
  /** WhatsApp's words; undefined when it has not turned the template down. */
  readonly rejectionReason: string | undefined;
}

/** A template at Twilio. Its name is ours to give, and not unique. */
export interface Content {
  readonly sid: string;
  readonly friendlyName: string;
  readonly createdAt: Date | undefined;
  readonly approval: Approval;
}

export interface NewContent {
  readonly friendlyName: string;
  /** As WhatsApp names languages, such as `en`. */
  readonly language: string;
  /** Text with `{{1}}`, `{{2}}`, … */
  readonly body: string;
  /** What stands in for each variable, by its number. */
  readonly samples: Readonly<Record<string, string>>;
}

/**
 * The templates of the account that authenticates.
 * Source: https://www.twilio.com/docs/content/content-api-resources
 */
export interface Contents {
  /** All of them. Throws failed-precondition when there are more than we look through. */
  listContents(): Promise<Content[]>;
  /** Not idempotent: after an `unclear` failure, `listContents` tells whether it was made. */
  createContent(content: NewContent): Promise<string>;
  /** Submits a template to WhatsApp; `name` takes small letters, digits and `_` only. */
  requestWhatsAppApproval(
    contentSid: string,
    request: { readonly name: string; readonly category: "UTILITY" | "MARKETING" },
  ): Promise<Approval>;
  /** Undefined when Twilio has no such template. */
  fetchWhatsAppApproval(contentSid: string): Promise<Approval | undefined>;
}

const MOST_CONTENTS = 3_000;
const PAGE_SIZE = 500;
/** The SDK would send its own camelCase; Twilio describes these bodies in snake_case. */
const AS_JSON = { "Content-Type": "application/json", Accept: "application/json" };

export function createContents(hosts: OwnHosts, request: Request): Contents {
  const v1 = async () => (await hosts.content()).v1;
  return {
    async listContents() {
      const list = async () =>
        (await v1()).contentAndApprovals.list({ limit: MOST_CONTENTS + 1, pageSize: PAGE_SIZE });
      const all = await request(z.array(contentSchema), list);
      if (all.length <= MOST_CONTENTS) return all;
      throw new AppError(
        "failed-precondition",
        `The Twilio account has more than ${MOST_CONTENTS} content templates, too many to look through.`,
        { context: { service: "Twilio" } },
      );
    },
    createContent: ({ friendlyName, language, body, samples }) =>
      request(createdSchema, async () =>
        (await v1()).create({
          uri: "/Content",
          method: "post",
          headers: AS_JSON,
          data: {
            friendly_name: friendlyName,
            language,
            variables: samples,
            types: { "twilio/text": { body } },
          },
        }),
      ),
    requestWhatsAppApproval: (contentSid, { name, category }) =>
      request(submittedSchema, async () =>
        (await v1()).create({
          uri: `/Content/${encodeURIComponent(contentSid)}/ApprovalRequests/whatsapp`,
          method: "post",
          headers: AS_JSON,
          data: { name, category },
        }),
      ),
    fetchWhatsAppApproval: (contentSid) =>
      nothingWhen404(
        request(fetchedSchema, async () => (await v1()).contents(contentSid).approvalFetch().fetch()),
      ),
  };
}

const createdSchema = z.object({ sid: z.string() }).transform(({ sid }) => sid);

const approval = {
  // A word we do not know is no approval, and asking again would not make it one.
  status: ApprovalStatus.catch("pending"),
  rejection_reason: z.string().nullish(),
};
const toApproval = ({
  status,
  rejection_reason,
}: {
  status: ApprovalStatus;
  rejection_reason?: string | null | undefined;
}): Approval => ({ status, rejectionReason: rejection_reason || undefined });

const submittedSchema = z.object(approval).transform(toApproval);
const NOT_ASKED: Approval = { status: "unsubmitted", rejectionReason: undefined };
const approvalSchema = z
  .object({ ...approval, status: approval.status.nullish() })
  .nullish()
  .transform((found) => (found?.status == null ? NOT_ASKED : toApproval({ ...found, status: found.status })));
const fetchedSchema = z.object({ whatsapp: approvalSchema }).transform(({ whatsapp }) => whatsapp);

const contentSchema = z
  .object({
    sid: z.string(),
    friendlyName: z.string().nullish(),
    dateCreated: z.date().nullish().catch(undefined),
    approvalRequests: approvalSchema,
  })
  .transform(
    ({ sid, friendlyName, dateCreated, approvalRequests }): Content => ({
      sid,
      friendlyName: friendlyName ?? "",
      createdAt: dateCreated ?? undefined,
      approval: approvalRequests,
    }),
  );
