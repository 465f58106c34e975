import { CUSTOMER, SALON_A, SALON_B, SECOND_CUSTOMER, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const CALLS = 5;
const MESSAGES_PER_CALL = 1_000;
const PROMISED_MS = 2_000;

/** Salon B writes to 5,000 customers; what is critical, its own or another salon's, does not stand in line. */
export async function campaign(context: StoryContext): Promise<string[]> {
  const { stack } = context;
  const started = performance.now();
  for (let call = 0; call < CALLS; call += 1) {
    const messages = Array.from({ length: MESSAGES_PER_CALL }, (_, index) => ({
      idempotency_key: `campaign-${call}-${index}`,
      to: `+1415557${String(call * MESSAGES_PER_CALL + index).padStart(4, "0")}`,
    }));
    const defaults = { channel: "sms", body: "Our autumn colours are here." };
    const states = await context.sendMany({ salon_id: SALON_B, defaults, messages });
    ensure(
      states.length === MESSAGES_PER_CALL && states.every((state) => state === "held"),
      "a message of the campaign was not given a place",
    );
  }
  const acceptedSeconds = ((performance.now() - started) / 1_000).toFixed(1);
  const others = await untilSent(context, SALON_A, CUSTOMER, "Your appointment of today is confirmed.");
  const own = await untilSent(context, SALON_B, SECOND_CUSTOMER, "Your massage of today is confirmed.");
  const campaignQuery = stack.database.firestore
    .collection("messages")
    .where("salon_id", "==", SALON_B)
    .where("hold_reason", "==", "paced");
  const waiting = (await campaignQuery.count().get()).data().count;
  ensure(waiting > (CALLS - 1) * MESSAGES_PER_CALL, `only ${waiting} messages keep to their place`);
  return [
    `${CALLS * MESSAGES_PER_CALL} messages accepted in ${acceptedSeconds} s by ${CALLS} calls; ${waiting} wait for their place at the sender's rate`,
    `critical messages meanwhile, from the request until Twilio had them: ${others} ms for another salon, ${own} ms for its own (promise: ${PROMISED_MS} ms)`,
  ];
}

/** Milliseconds from the request until Twilio has the message. */
async function untilSent(context: StoryContext, salon_id: string, to: string, body: string): Promise<number> {
  const started = performance.now();
  const accepted = await context.send({ salon_id, channel: "sms", to, body, critical: true });
  ensure(accepted.status === 202, `send-message answered ${accepted.status}`);
  await eventually("Twilio to have the critical message", async () =>
    (await context.twilio.messagesTo(to)).find((message) => message.body === body),
  );
  const milliseconds = Math.round(performance.now() - started);
  ensure(milliseconds <= PROMISED_MS, `it took ${milliseconds} ms`);
  return milliseconds;
}
