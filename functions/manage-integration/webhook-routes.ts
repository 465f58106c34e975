import { z } from "zod";
import type { OwnAccounts, WebhookReport } from "#shared/own-account/own-accounts.ts";
import { answer, NO_BODY } from "#shared/runtime/route-contract.ts";
import { type Route, route } from "./routes.ts";

const WebhookReportAnswer = z.object({
  status: z.enum(["configured", "error"]),
  reasons: z.array(
    z.object({
      resource: z
        .enum(["number", "whatsapp_sender"])
        .describe("The own account's phone number, or the WhatsApp number registered in it"),
      webhook: z.enum(["sms", "voice", "whatsapp", "status_callback"]),
      reason: z.enum([
        "not_set",
        "url_mismatch",
        "wrong_method",
        "overridden_by_application",
        "overridden_by_trunk",
        "service_overrides_number",
        "number_missing",
        "sender_missing",
      ]),
    }),
  ),
});

type Operations = Pick<OwnAccounts, "webhookStatus" | "repairWebhooks">;

/** Whether what happens on the salon's own number and WhatsApp number reaches us. */
export function webhookRoutes({ ownAccounts }: { readonly ownAccounts: Operations }): Route[] {
  return [
    route({
      method: "GET",
      path: "/webhooks",
      operation: "readWebhooks",
      summary: "Ask Twilio whether the webhooks of the own number and WhatsApp number lead to us",
      atLeast: "staff",
      takes: NO_BODY,
      gives: answer(WebhookReportAnswer),
      work: async ({ salonId }) => reported(await ownAccounts.webhookStatus(salonId)),
    }),
    route({
      method: "POST",
      path: "/webhooks/repair",
      operation: "repairWebhooks",
      summary: "Point the webhooks of the own number and WhatsApp number at us again",
      atLeast: "manager",
      takes: NO_BODY,
      gives: answer(WebhookReportAnswer),
      work: async ({ salonId, by }) => reported(await ownAccounts.repairWebhooks(salonId, by)),
    }),
  ];
}

function reported({ status, reasons }: WebhookReport) {
  return { status, reasons: [...reasons] };
}
