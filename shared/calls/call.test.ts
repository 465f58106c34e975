import { expect, test } from "vitest";
import { callMovesOn } from "./call.ts";

test.each([
  [["queued", "initiated", "ringing", "in-progress", "completed"]],
  [["initiated", "ringing", "busy"]],
  [["ringing", "no-answer"]],
  [["queued", "canceled"]],
] as const)("a call goes along %j and never back", (path) => {
  for (const [here, from] of path.entries()) {
    for (const [there, to] of path.entries())
      expect(callMovesOn(from, to), `${from} to ${to}`).toBe(there > here);
  }
});
