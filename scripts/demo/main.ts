import { endWell } from "./end.ts";
import { runDemo } from "./run.ts";

/** `npm run demo`: plays the story and leaves; 0 when every step held. */
await endWell(async (onStack) => {
  const { stack, ok } = await runDemo({}, onStack);
  await stack.stop();
  return ok ? 0 : 1;
});
