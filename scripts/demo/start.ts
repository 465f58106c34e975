import { parseArgs } from "node:util";
import { endWell } from "./end.ts";
import { runDemo } from "./run.ts";

/** Fixed, so that a URL noted yesterday still leads somewhere; 0 takes any free port. */
const { values } = parseArgs({
  options: {
    "gateway-port": { type: "string", default: "5080" },
    "simulator-port": { type: "string", default: "5081" },
  },
});

/** `npm start`: plays the story and stays up until Ctrl-C. */
await endWell(async (onStack) => {
  const ports = {
    gatewayPort: Number(values["gateway-port"]),
    simulatorPort: Number(values["simulator-port"]),
  };
  const { ok } = await runDemo(ports, onStack);
  if (!ok) console.log("\nA step did not hold; the stack stays up so that you can look.");
  console.log("\nEverything keeps running. Press Ctrl-C to stop it.");
  return "stay";
});
