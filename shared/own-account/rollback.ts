import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import type { PreviousCredentials, TwilioConfig } from "#shared/salons/integration.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type Changes, requireRevision, whoChanged } from "./changes.ts";
import type { Connection, Restored } from "./connection.ts";
import { forgetting, leftBehind } from "./earlier-webhooks.ts";
import type { RequireFreeNumbers } from "./free-numbers.ts";
import { openToken } from "./opened.ts";
import type { ChangedBy } from "./own-accounts.ts";
import { refusal } from "./refusals.ts";
import type { Rotations } from "./rotate.ts";
import { rollbackRefusal, rolledBack } from "./rotation.ts";
import { type ValidatedAccount, validateOwnAccount } from "./validation.ts";

export interface RollbackDeps {
  readonly changes: Changes;
  readonly rotations: Rotations;
  readonly connection: Connection;
  readonly requireFreeNumbers: RequireFreeNumbers;
  readonly twilio: Twilio;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Puts the previous credentials back, after asking Twilio: a promotion may have killed them. */
export function createRollback(deps: RollbackDeps) {
  const { changes, rotations, connection, requireFreeNumbers, twilio, vault, clock, logger } = deps;

  return async (salonId: SalonId, by: ChangedBy): Promise<void> => {
    await rotations.finish(salonId, by);
    const known = await changes.read(salonId);
    const before = known.twilio;
    const validated = await validate(salonId, before).catch(async (error: unknown) => {
      await changes.refused(salonId, by, error);
      throw error;
    });
    const isOtherNumber = before.phone_number_sid !== validated.phoneNumberSid;
    const saved = await changes.apply(salonId, by, (stored, now) => {
      requireRevision(stored, known);
      const restored = rolledBack(stored.twilio, requirePrevious(stored.twilio, now), now);
      const sender = restored.whatsapp_number !== before.whatsapp_number;
      return {
        action: "rotation_rolled_back",
        fields: {
          twilio: {
            ...restored,
            phone_number_sid: validated.phoneNumberSid,
            capabilities: validated.capabilities,
            earlier_webhooks: forgetting(before.earlier_webhooks, { number: isOtherNumber, sender }),
            webhook_status: isOtherNumber ? "not_configured" : before.webhook_status,
            is_verified: true,
            verification_status: "verified",
            verified_at: now,
          },
        },
        recompute: "rotation",
        notice: { kind: "credentials_rolled_back", facts: { ...whoChanged(by), at: now } },
      };
    });
    const left = leftBehind(before, saved?.twilio ?? before);
    if (left.number || left.sender) await reconnect(salonId, by, before, left);
  };

  async function validate(salonId: SalonId, before: TwilioConfig): Promise<ValidatedAccount> {
    const previous = requirePrevious(before, clock.now());
    const phoneNumber = E164.safeParse(previous.phone_number).data;
    if (phoneNumber === undefined) throw refusal("number_not_owned");
    const whatsappNumber = E164.safeParse(previous.whatsapp_number).data;
    const { accountSid, authToken } = await openToken(vault, salonId, previous);
    const { mode } = before;
    await requireFreeNumbers(salonId, { phoneNumber, whatsappNumber });
    try {
      return await validateOwnAccount(twilio, { accountSid, authToken, phoneNumber, whatsappNumber, mode });
    } catch (error) {
      const isRefused = error instanceof AppError && error.context.reason === "credentials_rejected";
      throw isRefused ? refusal("previous_no_longer_valid") : error;
    }
  }

  /** Drift is repaired every day, so that a Twilio that is away now does not undo the rollback. */
  async function reconnect(
    salonId: SalonId,
    by: ChangedBy,
    before: TwilioConfig,
    left: Restored,
  ): Promise<void> {
    for (const work of [
      () => connection.restore(salonId, before, left),
      () => connection.connect(salonId, by, "webhooks_configured"),
    ]) {
      await work().catch((error: unknown) =>
        logger.warn("webhooks not moved after a rollback", { salonId, error }),
      );
    }
  }
}

function requirePrevious(twilio: TwilioConfig, now: Date): PreviousCredentials {
  const reason = rollbackRefusal(twilio, now);
  if (reason !== undefined || twilio.previous === null) throw refusal(reason ?? "nothing_to_roll_back");
  return twilio.previous;
}
