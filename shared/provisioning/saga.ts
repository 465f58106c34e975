import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { accountFingerprint, type SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { HeldMessages } from "#shared/messages/held.ts";
import { requireAbleToSend, type TestMessage } from "#shared/messages/test-message.ts";
import type { PlatformAccounts } from "#shared/platform/accounts.ts";
import type { PlatformConfig } from "#shared/salons/integration.ts";
import type { Change } from "#shared/salons/integration-changes.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { OurWebhooks } from "#shared/twilio/numbers.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { ensureNumber, type NumberSearchPlan } from "./number.ts";
import type { NumberPool } from "./number-pool.ts";
import type { Step } from "./progress.ts";
import type { ProgressStore } from "./progress-store.ts";
import { ensureSubaccount } from "./subaccount.ts";
import { connectNumber } from "./webhooks.ts";

export interface SagaDeps {
  readonly progress: ProgressStore;
  readonly parents: PlatformAccounts;
  readonly pool: NumberPool;
  readonly twilio: Twilio;
  readonly vault: Vault;
  readonly held: HeldMessages;
  readonly webhooksFor: (salonId: SalonId) => OurWebhooks;
  /** Sends the owner a test message, and says what became of it. */
  readonly sendTest: (salonId: SalonId, salon: Salon, key: string) => Promise<TestMessage>;
  readonly numbers: NumberSearchPlan;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Sets a salon up with the platform's Twilio: subaccount, number, webhooks, test message, active. Every step can be
 * repeated, so whoever takes over from a dead worker starts anywhere and loses nothing that was bought. The lease is
 * renewed before every purchase, and what is stored is stored in the commit that proves it is still held, so a worker
 * that was only slow stops when another one has taken over.
 */
export function createSaga(deps: SagaDeps): (salonId: SalonId) => Promise<void> {
  const { progress, parents, pool, twilio, vault, held, clock, logger } = deps;

  return async (salonId) => {
    const begun = await progress.begin(salonId);
    if (begun === undefined) return;
    let step: Step = "subaccount";
    const renew = () => progress.reached(begun.progress, step);
    const reach = (next: Step, outcome?: Change) => {
      step = next;
      return progress.reached(begun.progress, next, outcome);
    };
    try {
      const known = begun.integration.platform;
      const platform = known ?? (await ensureSubaccount(parents, vault, salonId, renew));
      await reach(
        "number",
        known === null
          ? { action: "status_changed", fields: { platform, status: "partial", status_reason: null } }
          : undefined,
      );
      const { accountSid, account, parent } = await open(salonId, platform);
      const owners = {
        salonId,
        subaccount: account,
        subaccountSid: accountSid,
        parent,
        knownSid: platform.phone_number_sid,
      };
      const number = await ensureNumber(pool, deps.numbers, owners, renew);
      await reach("webhooks");
      await connectNumber(account, number.sid, deps.webhooksFor(salonId));
      const connected: PlatformConfig = {
        ...platform,
        phone_number: number.phoneNumber,
        phone_number_sid: number.sid,
        capabilities: { ...number.capabilities, whatsapp: false },
        webhook_status: "configured",
        configured_at: clock.now(),
      };
      await reach("test_message", { action: "webhooks_configured", fields: { platform: connected } });
      const asked = begun.progress.requested_at.toISOString();
      const key = `${accountFingerprint(accountSid)}:${asked}`;
      requireAbleToSend(await deps.sendTest(salonId, begun.salon, key));
      step = "activation";
      await progress.finish(begun.progress, {
        action: "provisioned",
        fields: { platform: { ...connected, is_active: true }, status: "active", status_reason: null },
      });
    } catch (error) {
      const left = await progress.interrupt(begun.progress, step, error);
      logger.error("provisioning interrupted", { salonId, step, state: left?.state ?? "taken over", error });
      return;
    }
    const released = await held.release(salonId, "provisioning");
    const latencyMs = clock.now().getTime() - begun.progress.requested_at.getTime();
    logger.info("salon is ready to message", { salonId, latencyMs, count: released });
  };

  async function open(salonId: SalonId, { parent: label, account_sid, auth_token }: PlatformConfig) {
    const [sid, authToken] = await Promise.all([
      vault.open({ salonId, kind: "account_sid", envelope: account_sid }),
      vault.open({ salonId, kind: "auth_token", envelope: auth_token }),
    ]);
    const parent = (await parents.list()).find((candidate) => candidate.label === label);
    if (parent === undefined) {
      throw new AppError("failed-precondition", `The parent account ${label} is not in PLATFORM_ACCOUNTS.`);
    }
    const accountSid = sid.reveal();
    return { accountSid, account: twilio.account({ accountSid, authToken }), parent };
  }
}
