/** What an erasure leaves on purpose, as it stands in the job document for whoever asks. */
export const KEPT: readonly { readonly what: string; readonly why: string }[] = [
  {
    what: "usage ledger, usage months and invoices",
    why: "They hold no personal data, and tax law wants the books kept.",
  },
  {
    what: "audit entries and notifications",
    why: "They prove who of the staff changed what and when, by an id alone, and name no customer. Where requests came from can no longer be opened: the salts are erased.",
  },
  {
    what: "the salon's own document and its members",
    why: "They belong to the platform, which erases them itself; the owner's address is needed to tell of this.",
  },
  {
    what: "that a customer said STOP to a phone number which salons share",
    why: "It keeps every salon from writing to them from that number. It no longer says which salon it was, and names the customer by a keyed hash alone.",
  },
  {
    what: "Twilio's records of messages, calls and recordings, without what was written or said",
    why: "Twilio keeps numbers and times for its own legal duties: To and From for at least 120 days, that there was a recording for 40, its logs for up to 400.",
  },
  {
    what: "backups of the database",
    why: "They run out by themselves; until then they hold what they held, credentials only as Cloud KMS has wrapped them.",
  },
  {
    what: "the subaccount, its phone number and the number's webhooks at Twilio",
    why: "They hold no data of ours beyond the above, and are released when the salon is off-boarded. The webhooks still lead to us, where they are refused; what is written to the number from now on is at Twilio alone.",
  },
];
