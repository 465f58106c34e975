import { SALON_A, type StoryContext, UNLUCKY_CUSTOMER } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

/** Twilio takes a message, and the worker dies before it can write that down. */
export async function crash(context: StoryContext): Promise<string[]> {
  const { twilio, stack } = context;
  const match = { to: UNLUCKY_CUSTOMER };
  await twilio.fault({ kind: "timeout", when: "after", match: { ...match, method: "POST" }, times: 1 });
  await twilio.fault({ kind: "callbacks", lose: "all", match });
  const body = "We are sorry, Anjali is ill today. Shall we move your appointment?";
  const { body: accepted } = await context.send({
    salon_id: SALON_A,
    channel: "sms",
    to: UNLUCKY_CUSTOMER,
    body,
  });
  const id = accepted.message_id ?? "";
  await eventually("Twilio to have the message", async () => (await twilio.messagesTo(UNLUCKY_CUSTOMER))[0]);
  await stack.fn("deliver-message").kill();
  const orphan = await context.reaches(id, "claimed");
  ensure(orphan.attempts[0]?.sid === null, "the worker wrote the SID before it died");

  const settled = await context.reaches(id, "sent", "delivered");
  const atTwilio = await twilio.messagesTo(UNLUCKY_CUSTOMER);
  ensure(atTwilio.length === 1, `Twilio has ${atTwilio.length} messages`);
  ensure(settled.attempts.length === 1, "it was sent a second time");
  ensure(settled.attempts[0]?.sid === atTwilio[0]?.sid, "it has the SID of another message");
  return [
    "deliver-message killed (SIGKILL) after Twilio took the message, all callbacks lost",
    `lease over, wake-due-work, found in Twilio's list: ${settled.state}, 1 attempt, 1 message at Twilio`,
  ];
}
