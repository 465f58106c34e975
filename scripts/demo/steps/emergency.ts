import { DEFAULT_NUMBERS } from "#scripts/local-stack/default-numbers.ts";
import { CUSTOMER, OWN_ACCOUNT, SALON_A, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const CONFIRMATION = "Your colouring on Friday, 15:00, is confirmed.";
const NEWSLETTER = "Our new opening hours start on Monday.";
const REPLY = "Great, see you on Friday!";

/** Twilio suspends salon A's account: what is critical takes another way, the rest waits, and it all heals. */
export async function emergency(context: StoryContext): Promise<string[]> {
  const { stack, twilio, read, inboundMessages } = context;
  const own = await twilio.accountCalled(OWN_ACCOUNT);
  ensure(own !== undefined, "salon A has no account of its own");
  await twilio.setStatus(own.sid, "suspended");
  const message = { salon_id: SALON_A, channel: "sms", to: CUSTOMER };
  const waiting = await context.send({ ...message, body: NEWSLETTER });
  const held = await context.reaches(waiting.body.message_id ?? "", "held");
  ensure(held.hold_reason === "account_trouble", `it is held for ${held.hold_reason}`);
  const urgent = await context.send({ ...message, body: CONFIRMATION, critical: true });
  const arrived = await context.reaches(urgent.body.message_id ?? "", "delivered");
  ensure(
    arrived.attempts.at(-1)?.source === "platform_default",
    "it did not go through the platform's number",
  );
  const [sent] = (await twilio.messagesTo(CUSTOMER)).filter(({ body }) => body === CONFIRMATION);
  const number = sent?.from ?? "";
  ensure(
    DEFAULT_NUMBERS.some((each) => each === number),
    "it did not come from a number of the platform's",
  );

  const [delivery] = await twilio.write({ to: number, from: CUSTOMER, body: REPLY });
  ensure(delivery?.status === 200, "the reply to the platform's number was refused");
  const event = await eventually("the reply to be published", async () =>
    inboundMessages.events().find(({ body }) => body === REPLY),
  );
  ensure(event.salon_id === SALON_A, "the reply came home to another salon");
  const integration = await read(`salon_integrations/${SALON_A}`);
  ensure(integration?.status === "error", "the integration does not say that it is in trouble");
  await eventually("the mail about the trouble", async () =>
    stack.smtp.messages().find(({ subject }) => subject.includes("messaging needs attention")),
  );

  await twilio.setStatus(own.sid, "active");
  // The first probe comes within a minute; the story does not wait for it.
  const incident = stack.database.firestore.doc(`incidents/${SALON_A}_salon_own`);
  await incident.update({ due_at: new Date() });
  const released = await context.reaches(waiting.body.message_id ?? "", "delivered");
  ensure(released.attempts.at(-1)?.source === "salon_own", "it did not go through the salon's own account");
  const healed = await read(`salon_integrations/${SALON_A}`);
  ensure(healed?.status === "active", `the integration is ${String(healed?.status)}`);
  return [
    "the account is suspended at Twilio: a critical confirmation went from the platform's number, the rest is held",
    "the customer's reply to that number came home to salon A; the owner got one mail, the integration says error",
    "the account works again, a probe finds out: what was held goes through it, the integration is active",
  ];
}
