import { z } from "zod";
import { readFlags, runCommand } from "#scripts/command-line.ts";
import { endWell } from "./end.ts";
import { runDemo } from "./run.ts";

const USAGE = `Usage: npm start -- [flags]
Starts the whole suite on this machine, plays the story and stays up until Ctrl-C.
  --gateway-port N     where webhooks and the dashboard's API are; 0 takes any free port (default 5080)
  --simulator-port N   where the simulated Twilio is (default 5081)
  --help               shows this`;

const port = z
  .string()
  .regex(/^\d{1,5}$/, "must be a whole number")
  .transform(Number)
  .refine((value) => value <= 65_535, "must be from 0 to 65535");
/** Fixed, so that a URL noted yesterday still leads somewhere. */
const Flags = z.object({ "gateway-port": port.prefault("5080"), "simulator-port": port.prefault("5081") });

/** `npm start`. */
process.exitCode = await runCommand(readFlags(process.argv.slice(2), Flags), USAGE, async (flags) => {
  const ports = { gatewayPort: flags["gateway-port"], simulatorPort: flags["simulator-port"] };
  await endWell(async (onStack) => {
    const { ok } = await runDemo(ports, onStack);
    if (!ok) console.log("\nA step did not hold; the stack stays up so that you can look.");
    console.log("\nEverything keeps running. Press Ctrl-C to stop it.");
    return "stay";
  });
  return 0;
});
