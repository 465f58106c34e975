/** What is still to happen. Everything waits here, so that a reset or the end leaves nothing behind. */
export interface Timers {
  after(ms: number, act: () => void): void;
  /** True when the time has passed, false when it was cut short: then what was to follow must not. */
  pause(ms: number): Promise<boolean>;
  /** Forgets what was to happen and cuts every pause short. */
  clear(): void;
  /** Clears, and takes nothing new. */
  close(): void;
}

/** `setTimeout` fires at once beyond this many milliseconds, and a message may be scheduled 35 days ahead. */
const LONGEST_MS = 2 ** 31 - 1;

export function createTimers(): Timers {
  const pending = new Map<NodeJS.Timeout, (() => void) | undefined>();
  let isClosed = false;

  function arm(ms: number, act: () => void, onCutShort?: () => void) {
    if (isClosed) {
      onCutShort?.();
      return;
    }
    const fire = () => {
      pending.delete(timer);
      if (ms > LONGEST_MS) arm(ms - LONGEST_MS, act, onCutShort);
      else act();
    };
    const timer = setTimeout(fire, Math.min(ms, LONGEST_MS));
    pending.set(timer, onCutShort);
  }

  function clear() {
    const waiting = [...pending];
    pending.clear();
    for (const [timer, onCutShort] of waiting) {
      clearTimeout(timer);
      onCutShort?.();
    }
  }

  return {
    after: (ms, act) => arm(ms, act),
    pause: (ms) =>
      new Promise((resolve) => {
        arm(
          ms,
          () => resolve(true),
          () => resolve(false),
        );
      }),
    clear,
    close() {
      isClosed = true;
      clear();
    },
  };
}
