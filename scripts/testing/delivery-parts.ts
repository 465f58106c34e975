import { createAudit } from "#shared/audit/audit.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createSlots } from "#shared/pacing/slots.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { createConsequences, type DrawConsequences } from "#shared/routing/consequences.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Secrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges, type IntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createApprovals } from "#shared/templates/approvals.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Vault } from "#shared/vault/vault.ts";

interface Given {
  readonly database: Database;
  readonly changes: IntegrationChanges;
  readonly partyOf: PartyOf;
  readonly secrets: Secrets;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a delivery needs beside the account it sends through, as `connectDelivery` makes it of the environment. */
export function deliveryParts({ database, changes, partyOf, secrets, vault, twilio, clock, logger }: Given) {
  return {
    contacts: createContacts(database),
    threads: createThreads({ database, clock, partyOf }),
    defaultSenders: createDefaultSenders(secrets, ["default"], logger),
    approvedContent: createApprovals(database).approvedContent,
    health: connectAccountHealth({ database, changes, clock, logger, vault, twilio }),
    slots: createSlots(database, clock),
    requestPlatform: changes.requestPlatform,
    mailer: undefined,
  };
}

/** What a failed message means beyond itself, drawn for real. */
export function consequencesOf({
  database,
  partyOf,
  vault,
  twilio,
  clock,
  logger,
}: Omit<Given, "changes" | "secrets">): DrawConsequences {
  const audit = createAudit({ database, clock, logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  return createConsequences({
    contacts: createContacts(database),
    threads: createThreads({ database, clock, partyOf }),
    health: connectAccountHealth({ database, changes, clock, logger, vault, twilio }),
  });
}
