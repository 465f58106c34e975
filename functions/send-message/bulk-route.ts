import { z } from "zod";
import { AppError, orRefusal } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Accepted } from "#shared/messages/accepted.ts";
import type { BulkAcceptance } from "#shared/messages/bulk-acceptance.ts";
import type { SendRequest } from "#shared/messages/compose.ts";
import { BulkFields, IdempotencyKey, sendRequest } from "#shared/messages/send-request.ts";
import { parsed, parseJsonBody } from "#shared/runtime/json-body.ts";
import { answer, type Takes } from "#shared/runtime/route-contract.ts";
import type { Admission } from "./admission.ts";
import { ResultView, refusalView } from "./public-view.ts";
import { type Route, route } from "./routes.ts";

interface Deps {
  readonly admission: Admission;
  readonly bulkAcceptance: BulkAcceptance;
}

const MAX_MESSAGES = 1_000;

const Item = z.strictObject({ idempotency_key: IdempotencyKey, ...BulkFields.shape });

/** As it is described. Each message is checked on its own, so that what is wrong with one stops no other. */
const BulkBody = z.strictObject({
  salon_id: SalonId,
  defaults: BulkFields.partial().optional().describe("Of all messages that do not say otherwise"),
  messages: z
    .array(z.strictObject({ idempotency_key: IdempotencyKey, ...BulkFields.partial().shape }))
    .min(1)
    .max(MAX_MESSAGES),
});

/** A campaign goes at its own pace, so nothing in it can be urgent. */
const NotCritical = z.looseObject({
  critical: z
    .literal(false, "must not be true in a bulk request; send critical messages one by one")
    .optional(),
});

/** As it is read: what holds for the whole call. */
const BulkCall = z.strictObject({
  salon_id: SalonId,
  defaults: NotCritical.default({}),
  messages: z.array(NotCritical).min(1).max(MAX_MESSAGES),
});

const bulkBody: Takes<z.infer<typeof BulkCall>> = {
  schema: BulkBody,
  read: (request) => parseJsonBody(request, BulkCall),
};

/** Many messages of one salon, each on its own: accepted or refused, and repeated without harm. */
export function bulkRoute({ admission, bulkAcceptance }: Deps): Route {
  return route({
    method: "POST",
    path: "/v1/messages:bulk",
    operation: "sendMessages",
    summary: "Send up to 1,000 messages of a salon, paced by what its number can send",
    note: "Each message is accepted or refused on its own, and answered in the same order. None of them is critical. A request holds 2 MiB at most.",
    takes: bulkBody,
    gives: answer(z.object({ results: z.array(ResultView) })),
    work: async ({ caller }, { salon_id: salonId, defaults, messages }) => {
      await admission.toSend(caller, salonId, { count: messages.length, critical: false });
      const asked = messages.map((item) => orRefusal(() => readItem(salonId, { ...defaults, ...item })));
      const readable = asked.flatMap((each) => (each instanceof AppError ? [] : [each]));
      const accepted = await bulkAcceptance.accept(salonId, readable);
      const left = accepted.values();
      const results = asked.map((each) =>
        each instanceof AppError ? refusalView(each) : resultOf(left.next().value),
      );
      const count = results.filter((result) => "message_id" in result).length;
      const outcome = `${results.length - count} of ${results.length} refused`;
      return { answer: { results }, log: { salonId, count, outcome } };
    },
  });
}

function readItem(salonId: SalonId, item: z.infer<typeof NotCritical>): SendRequest {
  const { critical: _, ...rest } = item;
  const { idempotency_key, ...asked } = parsed(Item, rest);
  return sendRequest(salonId, idempotency_key, asked);
}

function resultOf(result: Accepted | AppError | undefined): ResultView {
  if (result === undefined) throw new AppError("internal", "A message of this call was not answered.");
  if (result instanceof AppError) return refusalView(result);
  return { message_id: result.message.id, state: result.message.state };
}
