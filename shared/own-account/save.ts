import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { Secret } from "#shared/core/secret.ts";
import type { SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import { awaitsPromotion } from "#shared/salons/own-tokens.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type Changes, codeOf, nameOf, requireRevision, whoChanged } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { forgetting, leftBehind } from "./earlier-webhooks.ts";
import type { RequireFreeNumbers } from "./free-numbers.ts";
import { isPreviousPrimary, type OpenedToken, openedOrOthers, probe, sealToken } from "./opened.ts";
import type { ChangedBy, StepReport } from "./own-accounts.ts";
import { asRefusal } from "./refusals.ts";
import type { Rotations } from "./rotate.ts";
import { leaving } from "./rotation.ts";
import { type OwnAccount, type ValidatedAccount, validateOwnAccount } from "./validation.ts";

export interface SaveDeps {
  readonly changes: Changes;
  readonly rotations: Rotations;
  readonly connection: Connection;
  readonly requireFreeNumbers: RequireFreeNumbers;
  readonly sendTest: (salonId: SalonId, by: ChangedBy, key: string) => Promise<StepReport>;
  readonly twilio: Twilio;
  readonly vault: Vault;
  readonly urls: WebhookUrls;
  readonly clock: Clock;
  readonly logger: Logger;
}

const done = (step: StepReport["step"]): StepReport => ({
  step,
  outcome: "done",
  reason: null,
  message: null,
});

/** A failed validation throws its refusal. Once saved, what goes wrong is a step of the report. */
export function createSave(deps: SaveDeps) {
  const { changes, rotations, connection, requireFreeNumbers, twilio, vault, clock, logger } = deps;

  return async (salonId: SalonId, account: OwnAccount, by: ChangedBy): Promise<StepReport[]> => {
    await rotations.finish(salonId, by);
    const known = await changes.read(salonId);
    const validated = await validate(salonId, account).catch(async (error: unknown) => {
      await changes.refused(salonId, by, error);
      throw error;
    });
    const earlier = await openedNow(salonId, known.twilio);
    const isSameAccount = earlier?.accountSid === account.accountSid;
    const isSameToken = isSameAccount && earlier.authToken.reveal() === account.authToken.reveal();
    const replaced = isSameToken ? undefined : await replacementOf(salonId, known.twilio, account, earlier);
    const [account_sid, auth_token] = await Promise.all([
      vault.seal({ salonId, kind: "account_sid", secret: new Secret(account.accountSid) }),
      sealToken(vault, salonId, account.authToken),
    ]);
    const saved = await changes.apply(salonId, by, (stored, now) => {
      requireRevision(stored, known);
      const before = stored.twilio;
      const sealed = replaced === undefined ? {} : { auth_token, ...leaving(before, { ...replaced, now }) };
      const identity = isSameAccount ? {} : { account_sid, configured_at: now, rotated_at: null };
      const rotated = replaced?.sameAccount ? { rotated_at: now } : {};
      const next: TwilioConfig = {
        ...before,
        ...identity,
        ...rotated,
        ...sealed,
        ...entered(before, account, validated, isSameAccount),
        webhook_base_url: deps.urls.requested(""),
        verified_at: now,
      };
      const requested = { messaging: "own_account", by: nameOf(by.actor), at: now } as const;
      const rollback_until = next.previous?.expires_at ?? null;
      return {
        action: "own_account_saved",
        fields: { twilio: next, requested },
        recompute: "rotation",
        ...(isSameToken
          ? {}
          : {
              notice: {
                kind: "credentials_changed",
                facts: { ...whoChanged(by), at: now, rollback_until },
              },
            }),
      };
    });
    if (saved !== undefined) await giveBack(salonId, by, known, saved);
    const key = `own-account:${saved?.revision ?? known.revision}`;
    return [
      done("validate"),
      done("save"),
      await connect(salonId, by),
      await deps.sendTest(salonId, by, key),
    ];
  };

  async function validate(salonId: SalonId, account: OwnAccount): Promise<ValidatedAccount> {
    const validated = await validateOwnAccount(twilio, account);
    // Who else has the number is told only to whoever has proved that it is theirs.
    await requireFreeNumbers(salonId, account);
    return validated;
  }

  function entered(
    before: TwilioConfig,
    account: OwnAccount,
    { phoneNumberSid, capabilities }: ValidatedAccount,
    isSameAccount: boolean,
  ) {
    const whatsapp_number = account.whatsappNumber ?? null;
    const number = !isSameAccount || before.phone_number_sid !== phoneNumberSid;
    const sender = !isSameAccount || before.whatsapp_number !== whatsapp_number;
    return {
      next_auth_token: null,
      phone_number: account.phoneNumber,
      phone_number_sid: phoneNumberSid,
      whatsapp_number,
      earlier_webhooks: forgetting(before.earlier_webhooks, { number, sender }),
      mode: account.mode,
      is_active: true,
      is_verified: true,
      verification_status: "verified",
      capabilities,
      webhook_status: number ? "not_configured" : before.webhook_status,
      billing_mode: "own_account",
    } as const;
  }

  async function openedNow(salonId: SalonId, stored: TwilioConfig): Promise<OpenedToken | undefined> {
    const { account_sid, auth_token } = stored;
    if (account_sid === null || auth_token === null) return undefined;
    return openedOrOthers(vault, salonId, { account_sid, auth_token });
  }

  /** Which token of the earlier account signs, as Twilio tells: a pasted secondary one never did. */
  async function replacementOf(
    salonId: SalonId,
    stored: TwilioConfig,
    entered: OwnAccount,
    earlier: OpenedToken | undefined,
  ) {
    const sameAccount = earlier?.accountSid === entered.accountSid;
    if (earlier === undefined) return { sameAccount, signs: false, keepPrevious: false };
    const { says, primary, error } = await probe(twilio, sameAccount ? entered : earlier);
    // Which token to keep cannot be guessed while more than one may be what signs.
    if (says === "unknown" && awaitsPromotion(stored)) throw asRefusal(error);
    const signs = sameAccount && primary === entered.authToken.reveal();
    const told = { accountSid: earlier.accountSid, primary };
    const keepPrevious =
      !signs && (await isPreviousPrimary({ vault, now: clock.now() }, salonId, stored, told));
    return { sameAccount, signs, keepPrevious };
  }

  /** What was used before goes back to what it did; a Twilio that refuses keeps nobody from changing. */
  async function giveBack(
    salonId: SalonId,
    by: ChangedBy,
    { twilio: before }: SalonIntegration,
    { twilio: after }: SalonIntegration,
  ) {
    const left = leftBehind(before, after);
    if (before.account_sid === null || !(left.number || left.sender)) return;
    const error = await connection.restore(salonId, before, left).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) logger.warn("webhooks used before not restored", { salonId, error });
    await changes.note(salonId, by, "webhooks_restored", error);
  }

  async function connect(salonId: SalonId, by: ChangedBy): Promise<StepReport> {
    try {
      const { status, reasons } = await connection.connect(salonId, by, "webhooks_configured");
      if (status === "configured") return done("webhooks");
      const message = "Something else at Twilio still takes what reaches the number; see the webhooks.";
      return { step: "webhooks", outcome: "failed", reason: reasons[0]?.reason ?? null, message };
    } catch (error) {
      if (error instanceof AppError && error.code === "conflict") throw error;
      const message =
        error instanceof AppError ? error.message : "Something went wrong on our side; try again.";
      return { step: "webhooks", outcome: "failed", reason: codeOf(error), message };
    }
  }
}
