import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import { previewOf } from "#shared/messages/preview.ts";
import { IdempotencyKey, SendFields, sendRequest } from "#shared/messages/send-request.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import { invalid, parsed } from "#shared/runtime/json-body.ts";
import { answer, body } from "#shared/runtime/route-contract.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { Admission } from "./admission.ts";
import { MessageView, messageView } from "./public-view.ts";
import { type Route, route } from "./routes.ts";

interface Deps {
  readonly admission: Admission;
  readonly acceptance: Acceptance;
  readonly integrations: Integrations;
}

const SendBody = z.strictObject({ salon_id: SalonId, ...SendFields.shape });

const PreviewView = z.object({
  text: z.string(),
  encoding: z.enum(["GSM-7", "UCS-2"]).nullable().describe("Of SMS"),
  characters: z.int(),
  segments: z.int(),
  price: z
    .object({
      micros: z.int().describe("Millionths of the currency"),
      currency: z.string(),
      rate_card: z.string().describe("The card of the day on which it goes"),
    })
    .describe(
      "What the ledger will charge: the card's domestic price for every country, and media at the price of the text alone; 0 through the salon's own Twilio account",
    ),
});

/** One message: as it would be, and to be sent. */
export function messageRoutes({ admission, acceptance, integrations }: Deps): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/messages",
      operation: "sendMessage",
      summary: "Send a message, once per Idempotency-Key",
      note: "A repeated request gets the message as far as it has come; another message under the same key is a conflict.",
      isKeyed: true,
      takes: body(SendBody),
      gives: answer(MessageView, 202),
      work: async ({ caller, request }, { salon_id: salonId, ...asked }) => {
        const wanted = sendRequest(salonId, idempotencyKeyOf(request), asked);
        await admission.toSend(caller, salonId, { count: 1, critical: asked.critical ?? false });
        const { created, message } = await acceptance.accept(wanted);
        const log = { salonId, messageId: message.id, outcome: created ? "accepted" : "repeated" };
        return { answer: messageView(message), log };
      },
    }),
    route({
      method: "POST",
      path: "/v1/messages:preview",
      operation: "previewMessage",
      summary: "What a message would say and cost; nothing is stored",
      takes: body(SendBody),
      gives: answer(PreviewView),
      work: async ({ caller }, { salon_id: salonId, ...asked }) => {
        const wanted = sendRequest(salonId, "preview", asked);
        await admission.toSalon(caller, salonId, { critical: asked.critical ?? false });
        const message = await acceptance.preview(wanted);
        const ownAccount = (await integrations.get(salonId))?.twilio.is_active ?? false;
        return { answer: previewOf(message, { ownAccount }), log: { salonId } };
      },
    }),
  ];
}

function idempotencyKeyOf(request: Pick<HttpRequest, "header">): string {
  const key = request.header("idempotency-key");
  if (key === undefined) throw invalid("Idempotency-Key", "Idempotency-Key: send this header.");
  return parsed(IdempotencyKey, key, ["Idempotency-Key"]);
}
