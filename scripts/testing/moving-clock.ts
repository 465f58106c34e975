import { type Clock, plusSeconds } from "#shared/core/clock.ts";

export interface MovingClock extends Clock {
  /** Moves time on, by what the test waits for. */
  pass(seconds: number): void;
  /** Back to the real now, where the simulator lives. */
  restart(): void;
}

/** Time stands still until the test moves it. */
export function createMovingClock(start = new Date()): MovingClock {
  let now = start;
  return {
    now: () => now,
    pass(seconds) {
      now = plusSeconds(now, seconds);
    },
    restart() {
      now = new Date();
    },
  };
}
