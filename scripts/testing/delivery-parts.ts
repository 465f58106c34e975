import { createAudit } from "#shared/audit/audit.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import { createAccountCheck } from "#shared/health/account-check.ts";
import { type AccountHealth, createAccountHealth } from "#shared/health/account-health.ts";
import { createIncidents } from "#shared/health/incidents.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { createConsequences, type DrawConsequences } from "#shared/routing/consequences.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Secrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges, type IntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
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
    health: healthOf({ database, changes, clock, logger, vault, twilio }),
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
    health: healthOf({ database, changes, clock, logger, vault, twilio }),
  });
}

/** An account's health, found out and written down for real. */
export function healthOf({
  database,
  changes,
  vault,
  twilio,
  clock,
  logger,
}: Omit<Given, "partyOf" | "secrets">): AccountHealth {
  return createAccountHealth({
    incidents: createIncidents({ database, changes, clock, logger }),
    integrations: createIntegrations(database),
    check: createAccountCheck({ vault, twilio }),
    logger,
  });
}
