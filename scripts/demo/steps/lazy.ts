import { z } from "zod";
import { SALON_B, SECOND_CUSTOMER, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const Integration = z.looseObject({
  status: z.string(),
  requested: z.looseObject({ by: z.string() }),
  platform: z.looseObject({ phone_number: z.string() }),
});

/** A salon that never asked for messaging is sent a message for. */
export async function lazy(context: StoryContext): Promise<string[]> {
  ensure(
    (await context.read(`salon_integrations/${SALON_B}`)) === undefined,
    "salon B has an integration already",
  );
  const body = "Your colour appointment at Bloom is on Friday, 15:30.";
  const { body: accepted } = await context.send({
    salon_id: SALON_B,
    channel: "sms",
    to: SECOND_CUSTOMER,
    body,
  });
  const id = accepted.message_id ?? "";
  const held = await context.reaches(id, "held");
  ensure(held.hold_reason === "provisioning", `it is held for ${held.hold_reason}`);
  await context.reaches(id, "delivered");
  const integration = Integration.parse(await context.read(`salon_integrations/${SALON_B}`));
  ensure(integration.requested.by === "first-message", "somebody else asked for it");
  await eventually("salon B to be active", async () =>
    (await context.read(`salon_integrations/${SALON_B}`))?.status === "active" ? true : undefined,
  );
  ensure(
    (await context.twilio.messagesTo(SECOND_CUSTOMER)).length === 1,
    "the customer did not get exactly one message",
  );
  return [
    "no integration, so the message waited: held for provisioning",
    `provisioned by its first message with a newly bought number ${integration.platform.phone_number}, then delivered`,
  ];
}
