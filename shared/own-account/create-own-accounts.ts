import { previousVerifies } from "#shared/salons/own-tokens.ts";
import type { Salons } from "#shared/salons/salons.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type ChangeDeps, createChanges } from "./changes.ts";
import { createConnection } from "./connection.ts";
import { createDisconnect } from "./disconnect.ts";
import { createDriftRepair } from "./drift.ts";
import { createFreeNumbers } from "./free-numbers.ts";
import type { ChangedBy, OwnAccounts } from "./own-accounts.ts";
import { createRestore } from "./restore.ts";
import { createRollback } from "./rollback.ts";
import { createRotations } from "./rotate.ts";
import { createSave } from "./save.ts";
import { createSwitch } from "./switch.ts";
import { createTestStep, type SendTest } from "./test-message.ts";

export interface OwnAccountsDeps extends ChangeDeps {
  readonly salons: Salons;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly urls: WebhookUrls;
  /** Sends through the salon's own route, with the same `integrations` as here, so that it sees what was just saved. */
  readonly sendTest: SendTest;
}

/** Who acts when nobody asked: the step after a crash, and the end of 24 hours. */
const OURSELVES: ChangedBy = { actor: { kind: "service", id: "own-accounts" }, origin: {} };

export function createOwnAccounts(deps: OwnAccountsDeps): OwnAccounts {
  const { clock, salons, vault, twilio, urls, logger } = deps;
  const changes = createChanges(deps);
  const connection = createConnection({ changes, twilio, vault, urls, clock });
  const rotations = createRotations({ changes, twilio, vault, clock, logger });
  const testStep = createTestStep({ changes, salons, sendTest: deps.sendTest });
  const requireFreeNumbers = createFreeNumbers(deps);
  const parts = { changes, rotations, connection, requireFreeNumbers, twilio, vault, urls, clock, logger };
  return {
    save: createSave({ ...parts, sendTest: testStep }),
    use: createSwitch(changes),
    rotate: rotations.rotate,
    async resumeRotation(salonId) {
      const outcome = await rotations.resume(salonId, OURSELVES);
      if (outcome !== "none") logger.info("rotation resumed", { salonId, outcome });
    },
    rollback: createRollback(parts),
    webhookStatus: connection.status,
    repairWebhooks: (salonId, by) => connection.connect(salonId, by, "webhooks_repaired"),
    repairDrift: createDriftRepair({ changes, connection, salons }),
    sendTest: (salonId, by) => testStep(salonId, by, `own-account:${clock.now().toISOString()}`),
    disconnect: createDisconnect({ changes, connection, logger }),
    restoreWebhooks: createRestore({ changes, connection }),
    async purgeExpired(salonId) {
      const purged = await changes.apply(salonId, OURSELVES, ({ twilio: stored }, now) => {
        if (stored.previous === null || previousVerifies(stored, now)) return undefined;
        return { action: "rollback_expired", fields: { twilio: { ...stored, previous: null } } };
      });
      return purged !== undefined;
    },
  };
}
