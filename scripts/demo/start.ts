import { endWell } from "./end.ts";
import { runDemo } from "./run.ts";

/** `npm start`: plays the story and stays up until Ctrl-C. The ports are fixed, so that URLs can be kept. */
await endWell(async (onStack) => {
  const { ok } = await runDemo({ gatewayPort: 5_080, simulatorPort: 5_081 }, onStack);
  if (!ok) console.log("\nA step did not hold; the stack stays up so that you can look.");
  console.log("\nEverything keeps running. Press Ctrl-C to stop it.");
  return "stay";
});
