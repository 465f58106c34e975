import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { WhatsAppSender } from "#shared/twilio/whatsapp-senders.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type Change, type Changes, changedMeanwhile, codeOf } from "./changes.ts";
import { earlierSender, handedBack, rememberedNumber, rememberedSender } from "./earlier-webhooks.ts";
import { requireConnected, workingAccount } from "./opened.ts";
import type { ChangedBy, WebhookReport } from "./own-accounts.ts";
import { asRefusal, refusal } from "./refusals.ts";
import { connectOwnSender, restoreOwnSender } from "./sender-webhooks.ts";
import { SANDBOX_NUMBER } from "./validation.ts";
import { type OurSenderWebhooks, senderProblems, type WebhookProblem } from "./webhook-problems.ts";
import { connectOwnNumber, isOurs, restoreOwnNumber, webhookStatus } from "./webhooks.ts";

/** What is to be put back. */
export interface Restored {
  readonly number: boolean;
  readonly sender: boolean;
}

export interface ConnectionDeps {
  readonly changes: Changes;
  readonly twilio: Twilio;
  readonly vault: Vault;
  readonly urls: WebhookUrls;
  readonly clock: Clock;
}

/** The webhooks of the number and the WhatsApp sender of a salon's own account. */
export interface Connection {
  /** Points them at us, after writing down what they pointed at. A failure is stored and thrown. */
  connect(
    salonId: SalonId,
    by: ChangedBy,
    action: "webhooks_configured" | "webhooks_repaired",
  ): Promise<WebhookReport>;
  status(salonId: SalonId): Promise<WebhookReport>;
  /**
   * Puts back what `twilio` remembers of the number, of the WhatsApp sender or of both, where Twilio still points at us.
   * Throws when that did not work out.
   */
  restore(salonId: SalonId, twilio: TwilioConfig, what?: Restored): Promise<void>;
}

export function createConnection({ changes, twilio: api, vault, urls, clock }: ConnectionDeps): Connection {
  const accountOf = (salonId: SalonId, twilio: TwilioConfig, alsoPrevious = false) =>
    workingAccount({ vault, twilio: api, now: clock.now() }, salonId, twilio, alsoPrevious);

  return {
    async connect(salonId, by, action) {
      const known = await changes.read(salonId);
      requireConnected(known);
      try {
        const report = await connected(salonId, by, known);
        const failure = report.reasons[0]?.reason;
        await write(salonId, by, known, ({ twilio }) => ({
          action,
          failure,
          fields: { twilio: { ...twilio, webhook_status: report.status } },
          recompute: "status",
        }));
        return report;
      } catch (thrown) {
        const error = asRefusal(thrown);
        await write(salonId, by, known, ({ twilio }) => ({
          action,
          failure: codeOf(error),
          fields: { twilio: { ...twilio, webhook_status: "error" } },
          recompute: "status",
        }));
        throw error;
      }
    },
    async status(salonId) {
      const known = await changes.read(salonId);
      requireConnected(known);
      try {
        return await reportOf(salonId, known.twilio);
      } catch (error) {
        throw asRefusal(error);
      }
    },
    restore: (salonId, twilio, what = { number: true, sender: true }) =>
      restored(salonId, twilio, what).catch((error: unknown) => {
        throw asRefusal(error);
      }),
  };

  async function restored(salonId: SalonId, twilio: TwilioConfig, what: Restored): Promise<void> {
    const account = await accountOf(salonId, twilio, true);
    if (what.number && twilio.phone_number_sid !== null) {
      const found = await account.findOwnedNumber(twilio.phone_number_sid);
      const earlier =
        found === undefined
          ? {}
          : handedBack(found.webhooks, urls.ofNumber(salonId), twilio.earlier_webhooks);
      if (Object.keys(earlier).length > 0) await restoreOwnNumber(account, twilio.phone_number_sid, earlier);
    }
    const sender = what.sender ? await senderOf(account, twilio) : undefined;
    if (sender !== undefined && sender.webhooks.callbackUrl === urls.whatsapp(salonId)) {
      await restoreOwnSender(account, sender.sid, earlierSender(twilio.earlier_webhooks));
    }
  }

  async function reportOf(salonId: SalonId, twilio: TwilioConfig): Promise<WebhookReport> {
    const account = await accountOf(salonId, twilio);
    const number = await webhookStatus(account, numberSidOf(twilio), urls.ofNumber(salonId));
    if (!hasSender(twilio)) return number;
    const sender = await senderOf(account, twilio);
    return reported([...number.reasons, ...senderProblems(sender?.webhooks, ofSender(salonId))]);
  }

  async function connected(salonId: SalonId, by: ChangedBy, known: SalonIntegration): Promise<WebhookReport> {
    const { twilio } = known;
    const account = await accountOf(salonId, twilio);
    const wanted = urls.ofNumber(salonId);
    const sid = numberSidOf(twilio);
    await connectOwnNumber(account, sid, wanted, async (earlier) => {
      if (!isOurs(earlier, wanted)) await remember(salonId, by, known, rememberedNumber(earlier, wanted));
    });
    const sender = hasSender(twilio) ? await connectedSender(salonId, by, known, account) : [];
    const number = await webhookStatus(account, sid, wanted);
    return reported([...number.reasons, ...sender]);
  }

  /** What Twilio has taken in counts as set: it may answer with the values from before for a while. */
  async function connectedSender(
    salonId: SalonId,
    by: ChangedBy,
    known: SalonIntegration,
    account: TwilioAccount,
  ): Promise<readonly WebhookProblem[]> {
    const wanted = ofSender(salonId);
    const sender = await senderOf(account, known.twilio);
    if (sender === undefined) return senderProblems(undefined, wanted);
    await connectOwnSender(account, sender.sid, wanted, async (earlier) => {
      if (earlier.callbackUrl !== wanted.callbackUrl)
        await remember(salonId, by, known, rememberedSender(earlier));
    });
    return [];
  }

  /** What is remembered from the first time stays. */
  async function remember(
    salonId: SalonId,
    by: ChangedBy,
    known: SalonIntegration,
    earlier: Readonly<Record<string, string>>,
  ): Promise<void> {
    await write(salonId, by, known, ({ twilio }) => {
      const earlier_webhooks = { ...earlier, ...twilio.earlier_webhooks };
      const isKnown = Object.keys(earlier).every((key) => twilio.earlier_webhooks?.[key] !== undefined);
      if (isKnown) return undefined;
      return { action: "settings_changed", fields: { twilio: { ...twilio, earlier_webhooks } } };
    });
  }

  /** Only for the account and number that the work was done for; a rotation meanwhile does not matter. */
  async function write(
    salonId: SalonId,
    by: ChangedBy,
    before: SalonIntegration,
    decide: (known: SalonIntegration) => Change | undefined,
  ): Promise<void> {
    await changes.apply(salonId, by, (known) => {
      const isSame =
        known.twilio.account_sid?.ciphertext === before.twilio.account_sid?.ciphertext &&
        known.twilio.phone_number_sid === before.twilio.phone_number_sid;
      if (!isSame) throw changedMeanwhile();
      return decide(known);
    });
  }

  async function senderOf(account: TwilioAccount, twilio: TwilioConfig): Promise<WhatsAppSender | undefined> {
    if (!hasSender(twilio)) return undefined;
    return (await account.listWhatsAppSenders()).find(({ number }) => number === twilio.whatsapp_number);
  }

  function ofSender(salonId: SalonId): OurSenderWebhooks {
    return { callbackUrl: urls.whatsapp(salonId), statusCallbackUrl: "" };
  }
}

function reported(reasons: readonly WebhookProblem[]): WebhookReport {
  return { status: reasons.length === 0 ? "configured" : "error", reasons };
}

/** The sandbox's number belongs to Twilio, and is no sender of the account's. */
function hasSender({ whatsapp_number }: TwilioConfig): boolean {
  return whatsapp_number !== null && whatsapp_number !== SANDBOX_NUMBER;
}

function numberSidOf({ phone_number_sid }: TwilioConfig): string {
  if (phone_number_sid === null) throw refusal("number_not_owned");
  return phone_number_sid;
}
