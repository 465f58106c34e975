/** What was recorded of a call. Of the sound there is only its length. */
export interface Recording {
  readonly sid: string;
  readonly accountSid: string;
  readonly callSid: string;
  readonly durationSeconds: number;
  readonly dateCreated: Date;
}

export interface Recordings {
  add(recording: Recording): void;
  /** Oldest first. */
  ofCall(callSid: string): readonly Recording[];
  find(sid: string): Recording | undefined;
  remove(sid: string): void;
  clear(): void;
}

export function createRecordings(): Recordings {
  const recordings = new Map<string, Recording>();
  return {
    add: (recording) => void recordings.set(recording.sid, recording),
    ofCall: (callSid) => [...recordings.values()].filter((recording) => recording.callSid === callSid),
    find: (sid) => recordings.get(sid),
    remove: (sid) => void recordings.delete(sid),
    clear: () => recordings.clear(),
  };
}
