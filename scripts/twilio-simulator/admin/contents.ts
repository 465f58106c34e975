import { z } from "zod";
import { json } from "../http/reply.ts";
import { presentWithApproval } from "../twilio-api/contents.ts";
import { APPROVAL_STATUSES } from "../world/content.ts";
import type { World } from "../world/world.ts";
import { AdminError, type AdminHandler, readBody } from "./admin-request.ts";

const Decision = z.strictObject({
  status: z.enum(APPROVAL_STATUSES),
  rejection_reason: z.string().default(""),
});

/** Templates of all accounts, and WhatsApp's word on them. */
export function createContentAdmin({ contents }: World): Record<"list" | "decide", AdminHandler> {
  return {
    list: () => json(200, { contents: contents.all().map(presentWithApproval) }),
    decide(request) {
      const content = contents.find(request.pathParameters.get("Sid") ?? "");
      if (content === undefined) throw new AdminError("sid", "sid: no such template", 404);
      const { status, rejection_reason: rejectionReason } = readBody(Decision, request);
      content.approval = { ...content.approval, status, rejectionReason };
      return json(200, presentWithApproval(content));
    },
  };
}
