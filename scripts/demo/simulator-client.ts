import { z } from "zod";

const Delivery = z.object({ status: z.number().nullable(), body: z.string().nullish() });
const SimulatedMessage = z.object({
  sid: z.string(),
  account_sid: z.string(),
  direction: z.string(),
  to: z.string(),
  from: z.string().nullable(),
  body: z.string(),
  status: z.string(),
});
const Account = z.object({ sid: z.string(), friendly_name: z.string(), auth_token: z.string() });
const CallStep = z.object({ status: z.number().nullable(), said: z.array(z.string()) });

/** The simulator's admin side: what a customer does with a phone, what Twilio has, and faults to order. */
export interface SimulatorClient {
  write(message: {
    to: string;
    from: string;
    body: string;
    copies?: number;
  }): Promise<z.infer<typeof Delivery>[]>;
  call(call: {
    to: string;
    from: string;
    digits: string[];
    duration_seconds: number;
  }): Promise<z.infer<typeof CallStep>[]>;
  /** What Twilio truly has for a recipient, of all accounts. */
  messagesTo(to: string): Promise<z.infer<typeof SimulatedMessage>[]>;
  giveNumber(accountSid: string, phoneNumber: string): Promise<{ sid: string }>;
  /** A Twilio account that is not the platform's. */
  newAccount(friendlyName: string): Promise<z.infer<typeof Account>>;
  setStatus(accountSid: string, status: "active" | "suspended"): Promise<void>;
  accountCalled(friendlyName: string): Promise<z.infer<typeof Account> | undefined>;
  number(phoneNumber: string): Promise<Record<string, unknown> | undefined>;
  fault(fault: Record<string, unknown>): Promise<void>;
}

export function createSimulatorClient(url: string): SimulatorClient {
  async function ask<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    body?: unknown,
  ): Promise<z.infer<Schema>> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    const response = await fetch(`${url}/simulator/${path}`, body === undefined ? {} : init);
    const text = await response.text();
    if (!response.ok) throw new Error(`the simulator refused ${path}: ${text}`);
    return schema.parse(text === "" ? {} : JSON.parse(text));
  }
  return {
    write: async (message) =>
      (await ask(z.object({ deliveries: z.array(Delivery) }), "inbound-messages", message)).deliveries,
    call: async (call) => (await ask(z.object({ steps: z.array(CallStep) }), "inbound-calls", call)).steps,
    messagesTo: async (to) =>
      (await ask(z.object({ messages: z.array(SimulatedMessage) }), `messages?to=${encodeURIComponent(to)}`))
        .messages,
    giveNumber: (accountSid, phoneNumber) =>
      ask(z.object({ sid: z.string() }), "numbers", { account_sid: accountSid, phone_number: phoneNumber }),
    newAccount: (friendly_name) => ask(Account, "accounts", { friendly_name, type: "Full" }),
    setStatus: async (sid, status) => {
      await ask(z.unknown(), `accounts/${sid}`, { status });
    },
    accountCalled: async (name) =>
      (await ask(z.object({ accounts: z.array(Account) }), "accounts")).accounts.find(
        (each) => each.friendly_name === name,
      ),
    number: async (phoneNumber) =>
      (await ask(z.object({ numbers: z.array(z.record(z.string(), z.unknown())) }), "numbers")).numbers.find(
        (each) => each.phone_number === phoneNumber,
      ),
    fault: async (fault) => {
      await ask(z.unknown(), "faults", fault);
    },
  };
}
