import { CUSTOMER, PARENT_NUMBER, SALON_A, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const TEXT = "Can I bring my daughter too?";

/** The customer answers; the webhook comes twice. */
export async function answer({ twilio, stack, inboundMessages }: StoryContext): Promise<string[]> {
  const deliveries = await twilio.write({ to: PARENT_NUMBER, from: CUSTOMER, body: TEXT, copies: 2 });
  ensure(
    deliveries.every(({ status }) => status === 200),
    "a signed webhook was not answered with 200",
  );
  const stored = await stack.database.firestore
    .collection("messages")
    .where("salon_id", "==", SALON_A)
    .where("direction", "==", "inbound")
    .get();
  ensure(stored.size === 1, `the message is stored ${stored.size} times`);
  const event = await eventually("inbound-messages to have it", async () =>
    inboundMessages.events().find(({ body }) => body === TEXT),
  );
  ensure(event.salon_id === SALON_A, "it was published for another salon");
  const greeting = await eventually("the salon's greeting", async () => {
    const greetings = (await twilio.messagesTo(CUSTOMER)).filter(({ body }) =>
      body.startsWith("Welcome to Anjali's Salon!"),
    );
    return greetings.length > 0 ? greetings : undefined;
  });
  ensure(greeting.length === 1, `the greeting went out ${greeting.length} times`);
  return [
    `webhook signed with the subaccount's token, delivered ${deliveries.length} times, stored once`,
    "published to inbound-messages, greeted once",
  ];
}
