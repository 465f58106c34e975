import { plusSeconds } from "#shared/core/clock.ts";
import type { MovingClock } from "./moving-clock.ts";

/** A `sleep` by the test's clock for so many sleepers: when all of them sleep, time passes until the first wakes up. */
export function sleepTogether(clock: MovingClock, sleepers: number): (milliseconds: number) => Promise<void> {
  let asleep: { readonly until: Date; readonly wake: () => void }[] = [];
  return (milliseconds) =>
    new Promise((wake) => {
      if (milliseconds <= 0) return wake();
      asleep.push({ until: plusSeconds(clock.now(), milliseconds / 1_000), wake });
      if (asleep.length < sleepers) return;
      const first = Math.min(...asleep.map(({ until }) => until.getTime()));
      clock.pass((first - clock.now().getTime()) / 1_000);
      const awake = asleep.filter(({ until }) => until <= clock.now());
      asleep = asleep.filter(({ until }) => until > clock.now());
      for (const each of awake) each.wake();
    });
}
