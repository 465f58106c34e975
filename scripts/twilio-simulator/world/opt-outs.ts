/** Twilio's own list for long codes, which works without Advanced Opt-Out. */
const STOP_WORDS = new Set(["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]);
const START_WORDS = new Set(["START", "UNSTOP", "YES"]);

/** Who has texted STOP to which number. The pair counts: other numbers may still write to that phone. */
export interface OptOuts {
  /** Heeds the keyword if the text is one. */
  heed(customer: string, number: string, body: string): void;
  has(customer: string, number: string): boolean;
  clear(): void;
}

export function createOptOuts(): OptOuts {
  const pairs = new Set<string>();
  const pairOf = (customer: string, number: string) => `${customer} ${number}`;
  return {
    heed(customer, number, body) {
      const word = body.trim().toUpperCase();
      if (STOP_WORDS.has(word)) pairs.add(pairOf(customer, number));
      if (START_WORDS.has(word)) pairs.delete(pairOf(customer, number));
    },
    has: (customer, number) => pairs.has(pairOf(customer, number)),
    clear: () => pairs.clear(),
  };
}
