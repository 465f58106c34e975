export type CallStatus =
  | "queued"
  | "ringing"
  | "in-progress"
  | "completed"
  | "busy"
  | "failed"
  | "no-answer"
  | "canceled";

export interface Call {
  readonly sid: string;
  readonly accountSid: string;
  readonly direction: "inbound" | "outbound-api" | "outbound-dial";
  /** Of an `outbound-dial`: the call that it was dialed in. */
  readonly parentCallSid: string | null;
  readonly to: string;
  readonly from: string;
  readonly phoneNumberSid: string | null;
  readonly dateCreated: Date;
  readonly listedFrom: number;
  status: CallStatus;
  dateUpdated: Date;
  startTime: Date | null;
  endTime: Date | null;
  durationSeconds: number | null;
  /** In 1/100,000 of a dollar; null until Twilio has rated it. */
  price: number | null;
}

export interface Calls {
  add(call: Call): void;
  find(sid: string): Call | undefined;
  /** Oldest first. */
  all(): readonly Call[];
  /** Newest first. */
  ofAccount(accountSid: string): readonly Call[];
  clear(): void;
}

export function createCalls(): Calls {
  const calls = new Map<string, Call>();
  return {
    add: (call) => void calls.set(call.sid, call),
    find: (sid) => calls.get(sid),
    ofAccount: (accountSid) => [...calls.values()].filter((call) => call.accountSid === accountSid).reverse(),
    all: () => [...calls.values()],
    clear: () => calls.clear(),
  };
}
