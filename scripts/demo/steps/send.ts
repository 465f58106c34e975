import { CUSTOMER, SALON_A, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const CONFIRMATION = {
  salon_id: SALON_A,
  channel: "sms",
  to: CUSTOMER,
  body: "Your haircut at Anjali's Salon is booked for Saturday, 11:00.",
  critical: true,
};

/** A booking confirmation goes out, and its callbacks come back in the wrong order. */
export async function send(context: StoryContext): Promise<string[]> {
  const { twilio, messageEvents, stack } = context;
  await twilio.fault({
    kind: "callbacks",
    order: "reversed",
    duplicate: 1,
    match: { to: CUSTOMER },
    times: 2,
  });
  const accepted = await context.send(CONFIRMATION, "booking-1001");
  ensure(accepted.status === 202, `send-message answered ${accepted.status}`);
  const id = accepted.body.message_id ?? "";
  const repeated = await context.send(CONFIRMATION, "booking-1001");
  ensure(repeated.body.message_id === id, "the same idempotency key gave another message");
  const message = await context.reaches(id, "delivered");
  ensure(message.attempts[0]?.source === "platform_subaccount", "it did not go through the subaccount");
  await eventually("message-events to say delivered", async () =>
    messageEvents.events().find((event) => event.message_id === id && event.state === "delivered"),
  );
  ensure((await twilio.messagesTo(CUSTOMER)).length === 1, "Twilio has more than one message");

  const before = stack.kms.calls();
  const warm = await context.send({ ...CONFIRMATION, body: "See you tomorrow at 11:00." }, "reminder-1001");
  await context.reaches(warm.body.message_id ?? "", "delivered");
  const after = stack.kms.calls();
  const calls = after.encrypt + after.decrypt - before.encrypt - before.decrypt;
  ensure(calls === 0, `a warm send made ${calls} KMS calls`);
  return [
    "accepted once for two requests with one key, sent through the subaccount",
    "callbacks reversed and doubled: still ends delivered; message-events said so",
    `a warm send, from request to delivered: ${calls} KMS calls`,
  ];
}
