/** What an erasure leaves on purpose, as it stands in the job document for whoever asks. */
export const KEPT: readonly { readonly what: string; readonly why: string }[] = [
  {
    what: "usage ledger, usage months and invoices",
    why: "They hold no personal data, and tax law wants the books kept.",
  },
  {
    what: "audit entries and notifications",
    why: "They prove who of the staff changed what and when, and name no customer. Where requests came from can no longer be opened: the salts are erased.",
  },
  {
    what: "the salon's own document and its members",
    why: "They belong to the platform, which erases them itself; the owner's address is needed to tell of this.",
  },
  {
    what: "Twilio's records of messages and calls, without the text",
    why: "Twilio keeps numbers and times for its own legal duties: To and From for at least 120 days, its logs for up to 400.",
  },
  {
    what: "backups of the database",
    why: "They run out by themselves; until then they hold what they held, credentials only as Cloud KMS has wrapped them.",
  },
  {
    what: "the webhooks of a number in the salon's own account",
    why: "They still lead to us, where they are refused; their owner sets them back, or disconnects before erasing.",
  },
  {
    what: "the subaccount and its phone number at Twilio",
    why: "They hold no data of ours beyond the above, and are released when the salon is off-boarded.",
  },
];
