import { z } from "zod";
import { OWNER_A, SALON_A, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const Ready = z.looseObject({
  status: z.literal("active"),
  platform: z.looseObject({
    phone_number: z.string(),
    auth_token: z.looseObject({ version: z.literal("2"), ciphertext: z.string() }),
    is_active: z.literal(true),
  }),
});

/** The promise of the dashboard: ready within 30 seconds of the click. */
const PROMISE_SECONDS = 30;

/** A document is written, and the salon is ready to message. */
export async function provision({ stack, twilio, read }: StoryContext): Promise<string[]> {
  const path = `salon_integrations/${SALON_A}`;
  const written = performance.now();
  await stack.database.firestore.doc(path).set({
    salon_id: SALON_A,
    requested: { messaging: "platform", by: "owner-anjali", at: new Date() },
  });
  const ready = await eventually(
    `${path} to be active`,
    async () => Ready.safeParse(await read(path)).data,
    PROMISE_SECONDS * 1_000,
  );
  const seconds = (performance.now() - written) / 1_000;

  const account = await twilio.accountCalled(SALON_A);
  ensure(account !== undefined, "there is no subaccount with the salon's id as its name");
  const stored = JSON.stringify(ready);
  ensure(!stored.includes(account.auth_token), "the subaccount's token stands in the clear in Firestore");
  ensure(!stored.includes(account.sid), "the subaccount's SID stands in the clear in Firestore");
  const number = await twilio.number(ready.platform.phone_number);
  ensure(number?.account_sid === account.sid, "the number is not in the subaccount");
  const smsUrl = `${stack.gatewayUrl}/webhooks/twilio/sms/${SALON_A}#rc=3&rp=5xx,ct,rt`;
  ensure(number?.sms_url === smsUrl, "the number's SMS webhook is not ours");
  const [test, ...more] = await twilio.messagesTo(OWNER_A);
  ensure(
    test?.account_sid === account.sid && more.length === 0,
    "the owner did not get exactly one test message",
  );
  return [
    `ready ${seconds.toFixed(2)} s after the write (promise: ${PROMISE_SECONDS} s)`,
    `number ${ready.platform.phone_number} from the pool, webhooks set and read back, test message sent`,
    "SID and token only as envelopes (version 2)",
  ];
}
