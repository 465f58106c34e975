import type { RequestOrigin } from "#shared/audit/commitment.ts";
import type { AuditActor } from "#shared/audit/entry.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { OwnAccount } from "./validation.ts";
import type { WebhookProblem } from "./webhook-problems.ts";

/** Who asks for a change, and from where: both go into the audit. */
export interface ChangedBy {
  readonly actor: AuditActor;
  /** For the mail to the owner alone: an address, or what the owner calls us. Never into the audit. */
  readonly name?: string | undefined;
  readonly origin: RequestOrigin;
}

/** One step of an operation as its caller is told of it. */
export interface StepReport {
  readonly step: "validate" | "save" | "webhooks" | "test_message";
  readonly outcome: "done" | "skipped" | "failed";
  /** Where it failed or was skipped: one of `REFUSALS`, or the class of a failed send. */
  readonly reason: string | null;
  /** For the salon's owner. */
  readonly message: string | null;
}

export type NewToken =
  /** A token the owner made in Twilio's console: already the primary one, or a secondary one not yet promoted. */
  | { readonly method: "pasted"; readonly authToken: Secret; readonly accountSid?: string | undefined }
  /** We make a secondary token with the owner's and promote it. */
  | { readonly method: "rotate_for_me" };

export interface WebhookReport {
  readonly status: "configured" | "error";
  readonly reasons: readonly WebhookProblem[];
}

/** `configured`: nothing to do. `left`: something else takes what is written to the salon, and we leave it at that. */
export type Drift = "configured" | "repaired" | "left";

/**
 * All that happens to a salon's own Twilio account. Every method writes the integration, its audit entry and its
 * notification in one transaction, and refuses with `conflict` when somebody else changed the account meanwhile.
 */
export interface OwnAccounts {
  /** Validates, saves, connects the webhooks and sends a test message; a failed validation saves nothing. */
  save(salonId: SalonId, account: OwnAccount, by: ChangedBy): Promise<StepReport[]>;
  /** Routes through the own account or the platform's subaccount; the other one's state stays. */
  use(salonId: SalonId, which: "own_account" | "platform", by: ChangedBy): Promise<void>;
  rotate(salonId: SalonId, token: NewToken, by: ChangedBy): Promise<{ rollbackUntil: Date }>;
  /**
   * Goes on with a rotation whose worker died, by asking Twilio which tokens authenticate. While none does, the
   * integration says so, and its owner is told once.
   */
  resumeRotation(salonId: SalonId): Promise<void>;
  /** Puts the previous credentials back within 24 hours, if Twilio still takes them. */
  rollback(salonId: SalonId, by: ChangedBy): Promise<void>;
  webhookStatus(salonId: SalonId): Promise<WebhookReport>;
  repairWebhooks(salonId: SalonId, by: ChangedBy): Promise<WebhookReport>;
  /** Repairs webhooks that have drifted, and tells the owner of what is not ours to repair; for once a day. */
  repairDrift(salonId: SalonId, by: ChangedBy): Promise<Drift>;
  sendTest(salonId: SalonId, by: ChangedBy): Promise<StepReport>;
  /**
   * Restores the number's earlier webhooks and forgets the credentials. Gives the code of why Twilio does not let us
   * restore them, or null; throws, and forgets nothing, where trying again may help.
   */
  disconnect(salonId: SalonId, by: ChangedBy): Promise<string | null>;
  /**
   * Points the number and the WhatsApp sender back at what they had before they were connected, where they still point
   * at us, and forgets nothing; repeatable. False where nothing is connected. Throws when Twilio did not let us.
   */
  restoreWebhooks(salonId: SalonId): Promise<boolean>;
  /** Forgets previous credentials that webhooks are no longer verified with either; gives whether there were any. */
  purgeExpired(salonId: SalonId): Promise<boolean>;
}
