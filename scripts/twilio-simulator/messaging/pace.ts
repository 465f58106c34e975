/** How long Twilio takes in the simulator: quick enough for tests, long enough to be asynchronous. */
export interface Pace {
  /** From one status of a message or call to the next. */
  readonly stageMs: number;
  /** From the last status to the price. */
  readonly priceMs: number;
}
