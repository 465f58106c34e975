import { createRandom, type Random } from "../random.ts";
import { type Account, type Accounts, createAccounts } from "./account.ts";
import { type Calls, createCalls } from "./call.ts";
import { type Contents, createContents } from "./content.ts";
import { createMessages, type Messages } from "./message.ts";
import { createMessagingServices, type MessagingServices } from "./messaging-service.ts";
import { createOptOuts, type OptOuts } from "./opt-outs.ts";
import { createPhoneNumbers, type PhoneNumbers } from "./phone-number.ts";
import { createRecordings, type Recordings } from "./recording.ts";
import { createUsage, type Usage } from "./usage.ts";
import { createWhatsAppSenders, type WhatsAppSenders } from "./whatsapp-sender.ts";

/** Everything that Twilio remembers. */
export interface World {
  readonly accounts: Accounts;
  readonly numbers: PhoneNumbers;
  readonly messages: Messages;
  readonly calls: Calls;
  readonly recordings: Recordings;
  readonly optOuts: OptOuts;
  readonly whatsAppSenders: WhatsAppSenders;
  readonly messagingServices: MessagingServices;
  readonly contents: Contents;
  readonly usage: Usage;
  /** The source of SIDs. */
  readonly sids: Random;
  readonly main: Account;
  readonly subaccountLimit: number;
  /** What time it is at Twilio, as messages are dated and listed. */
  readonly now: () => Date;
  /**
   * Back to one main account with its first credentials and nothing else. SIDs go on from where they were, because
   * whoever talks to us may still remember the old ones.
   */
  reset(): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly mainAccountSid?: string | undefined;
  readonly mainAuthToken?: string | undefined;
  readonly subaccountLimit: number;
  readonly now?: (() => Date) | undefined;
}

export function createWorld(options: WorldOptions): World {
  const sids = createRandom(options.seed, "sids");
  const accounts = createAccounts(sids);
  const numbers = createPhoneNumbers(sids);
  const messages = createMessages();
  const calls = createCalls();
  const recordings = createRecordings();
  const optOuts = createOptOuts();
  const whatsAppSenders = createWhatsAppSenders(sids);
  const messagingServices = createMessagingServices(sids);
  const contents = createContents(sids);
  const usage = createUsage();
  const first = accounts.create({
    friendlyName: "Main account",
    sid: options.mainAccountSid,
    authToken: options.mainAuthToken,
  });
  const { sid, authToken } = first;
  let main = first;
  return {
    accounts,
    numbers,
    messages,
    calls,
    recordings,
    optOuts,
    whatsAppSenders,
    messagingServices,
    contents,
    usage,
    sids,
    subaccountLimit: options.subaccountLimit,
    now: options.now ?? (() => new Date()),
    get main() {
      return main;
    },
    reset() {
      const stores = [
        accounts,
        numbers,
        messages,
        calls,
        recordings,
        optOuts,
        whatsAppSenders,
        messagingServices,
        contents,
        usage,
      ];
      for (const store of stores) store.clear();
      main = accounts.create({ friendlyName: "Main account", sid, authToken });
    },
  };
}
