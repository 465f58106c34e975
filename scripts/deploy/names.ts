/** Service accounts, by what stands before `@PROJECT.iam.gserviceaccount.com`: the functions run as the first. */
export const SUITE_ACCOUNT = "salon-flow";
/** Eventarc calls the event functions as this one, and it may do nothing else. */
export const TRIGGER_ACCOUNT = "salon-flow-trigger";
/** The key that wraps the salons' data keys, in the functions' region. */
export const KEY = { ring: "salon-flow", name: "credentials" } as const;
