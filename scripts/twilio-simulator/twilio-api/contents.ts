import { z } from "zod";
import { json, noContent } from "../http/reply.ts";
import type { Timers } from "../timers.ts";
import type { Content } from "../world/content.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, type ApiRequest, pathParameter } from "./api-request.ts";
import { TwilioError } from "./error.ts";
import { metaPageOf } from "./paging.ts";

const HOST = "content.twilio.com";
const LONGEST_BODY = 1600;
const CATEGORIES = ["UTILITY", "MARKETING", "AUTHENTICATION"];

const Create = z.looseObject({
  friendly_name: z.string().default(""),
  language: z.string().min(1),
  variables: z.record(z.string(), z.string()).default({}),
  types: z
    .record(z.string(), z.looseObject({ body: z.string().max(LONGEST_BODY).optional() }))
    .refine((types) => Object.keys(types).length > 0),
});
const Submission = z.looseObject({
  /** WhatsApp takes no other letters in a template's name. */
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  category: z.string().refine((category) => CATEGORIES.includes(category)),
});

type Operations = Record<
  "create" | "list" | "listWithApprovals" | "fetch" | "remove" | "submit" | "fetchApproval",
  ApiHandler
>;

/** content.twilio.com /v1: templates, and WhatsApp's approval, which comes `approvalMs` after it was asked for. */
export function createContentResource({ contents }: World, timers: Timers, approvalMs: number): Operations {
  function found(request: ApiRequest, name = "Sid"): Content {
    const content = contents.find(pathParameter(request, name));
    if (content?.accountSid === request.account.sid) return content;
    throw new TwilioError(20404, `The requested resource ${request.path} was not found`);
  }
  const listing = (request: ApiRequest, present: (content: Content) => unknown) =>
    metaPageOf(request, HOST, {
      key: "contents",
      items: contents.ofAccount(request.account.sid),
      tokenOf: ({ sid }) => sid,
      present,
    });

  return {
    create({ account, body }) {
      const { friendly_name: friendlyName, language, variables, types } = parsed(Create, body);
      const text = Object.values(types)[0]?.body ?? "";
      const wanted = { accountSid: account.sid, friendlyName, language, variables, types, body: text };
      return json(201, presentContent(contents.add(wanted)));
    },
    list: (request) => listing(request, presentContent),
    listWithApprovals: (request) => listing(request, presentWithApproval),
    fetch: (request) => json(200, presentContent(found(request))),
    remove(request) {
      contents.remove(found(request));
      return noContent;
    },
    submit(request) {
      const content = found(request, "ContentSid");
      const { name, category } = parsed(Submission, request.body);
      if (content.approval.status !== "unsubmitted")
        throw new TwilioError(20409, "The template was submitted for approval already");
      const approval = { name, category, status: "received" as const, rejectionReason: "" };
      content.approval = approval;
      timers.after(approvalMs, () => {
        // Unless an engineer has decided meanwhile.
        if (content.approval === approval) content.approval = { ...approval, status: "approved" };
      });
      return json(201, presentApproval(content));
    },
    fetchApproval(request) {
      const content = found(request);
      const { send_ttl_seconds, ...approval } = presentApproval(content);
      return json(200, {
        sid: content.sid,
        account_sid: content.accountSid,
        whatsapp: { type: "whatsapp", ...approval },
        url: `https://${HOST}/v1/Content/${content.sid}/ApprovalRequests`,
      });
    },
  };
}

function parsed<Shape>(shape: z.ZodType<Shape>, body: string): Shape {
  try {
    return shape.parse(JSON.parse(body));
  } catch {
    throw new TwilioError(20001, "The body must be JSON as the Content API describes it");
  }
}

/** What both kinds of list say of a template. */
export function presentText(content: Content) {
  return {
    date_created: iso(content.dateCreated),
    date_updated: iso(content.dateUpdated),
    sid: content.sid,
    account_sid: content.accountSid,
    friendly_name: content.friendlyName,
    language: content.language,
    variables: content.variables,
    types: content.types,
  };
}

function presentContent(content: Content) {
  const url = `https://${HOST}/v1/Content/${content.sid}`;
  const links = {
    approval_create: `${url}/ApprovalRequests/whatsapp`,
    approval_fetch: `${url}/ApprovalRequests`,
  };
  return { ...presentText(content), url, links };
}

export function presentWithApproval(content: Content) {
  const { send_ttl_seconds, ...approval } = presentApproval(content);
  return { ...presentText(content), approval_requests: approval };
}

function presentApproval({ approval, types }: Content) {
  const isSubmitted = approval.status !== "unsubmitted";
  return {
    name: approval.name,
    category: approval.category,
    content_type: isSubmitted ? (Object.keys(types)[0] ?? "") : "",
    status: approval.status,
    rejection_reason: approval.rejectionReason,
    allow_category_change: true,
    send_ttl_seconds: null,
  };
}

/** To the second, as these hosts write times. */
function iso(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
