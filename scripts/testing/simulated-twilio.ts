import { z } from "zod";
import { type SimulatorOptions, startTwilioSimulator } from "#scripts/twilio-simulator/simulator.ts";

const Account = z.object({
  sid: z.string(),
  friendly_name: z.string(),
  owner_account_sid: z.string(),
  status: z.string(),
  auth_token: z.string(),
});
const PhoneNumber = z.looseObject({ sid: z.string(), account_sid: z.string(), phone_number: z.string() });
const Message = z.object({
  sid: z.string(),
  account_sid: z.string(),
  to: z.string(),
  from: z.string().nullable(),
  body: z.string(),
  status: z.string(),
});
const Written = z.object({
  message_sid: z.string(),
  deliveries: z.array(z.object({ status: z.number().nullable(), body: z.string(), attempts: z.number() })),
});
const Called = z.object({
  call_sid: z.string(),
  steps: z.array(
    z.object({
      url: z.string(),
      status: z.number().nullable(),
      twiml: z.string(),
      said: z.array(z.string()),
    }),
  ),
  recording_callback_statuses: z.array(z.number().nullable()),
  status_callback_status: z.number().nullable(),
});

/** The Twilio simulator with its administrator's side: the truth of all accounts, a customer's phone, and faults. */
export async function startSimulatedTwilio(options: SimulatorOptions = {}) {
  const simulator = await startTwilioSimulator({ stageMs: 1, priceMs: 1, ...options });

  async function ask<T>(shape: z.ZodType<T>, path: string, body?: unknown, method = "POST"): Promise<T> {
    const sent = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${simulator.url}/simulator/${path}`, body === undefined ? {} : sent);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`The simulator refused ${path}: ${text}`);
    return shape.parse(text === "" ? {} : JSON.parse(text));
  }

  const accounts = async () => (await ask(z.object({ accounts: z.array(Account) }), "accounts")).accounts;
  const numbers = async () => (await ask(z.object({ numbers: z.array(PhoneNumber) }), "numbers")).numbers;

  return {
    url: simulator.url,
    main: simulator.main,
    stop: simulator.close,
    /** Subaccounts of that name, of whatever parent. */
    subaccounts: async (name: string) =>
      (await accounts()).filter((each) => each.friendly_name === name && each.owner_account_sid !== each.sid),
    /** The account's primary token as it is now. */
    tokenOf: async (accountSid: string) =>
      (await accounts()).find(({ sid }) => sid === accountSid)?.auth_token ?? "",
    numbers,
    numbersOf: async (accountSid: string) =>
      (await numbers()).filter((each) => each.account_sid === accountSid),
    messagesTo: async (to: string) =>
      (await ask(z.object({ messages: z.array(Message) }), `messages?to=${encodeURIComponent(to)}`)).messages,
    /** A main account beside the first. */
    addAccount: (wanted: { type?: "Full" | "Trial"; status?: string } = {}) =>
      ask(Account, "accounts", wanted),
    setStatus: (accountSid: string, status: "active" | "suspended" | "closed") =>
      ask(Account, `accounts/${accountSid}`, { status }),
    giveNumber: (accountSid: string, phoneNumber: string) =>
      ask(PhoneNumber, "numbers", { account_sid: accountSid, phone_number: phoneNumber }),
    registerWhatsApp: (accountSid: string, phoneNumber: string, callbackUrl: string) =>
      ask(z.unknown(), "whatsapp-senders", {
        account_sid: accountSid,
        phone_number: phoneNumber,
        callback_url: callbackUrl,
      }),
    /** A customer writes. */
    write: (message: Record<string, unknown>) => ask(Written, "inbound-messages", message),
    /** A customer calls. */
    call: (call: Record<string, unknown>) => ask(Called, "inbound-calls", call),
    fault: (order: Record<string, unknown>) => ask(z.object({ id: z.string() }), "faults", order),
    calm: async () => {
      await ask(z.unknown(), "faults", {}, "DELETE");
    },
  };
}

export type SimulatedTwilio = Awaited<ReturnType<typeof startSimulatedTwilio>>;
