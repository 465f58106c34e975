import { z } from "zod";
import { readFlags, runCommand } from "#scripts/command-line.ts";
import { endWell } from "./end.ts";
import { runDemo } from "./run.ts";

const USAGE = `Usage: npm run demo
Starts the whole suite on free ports, plays the story and leaves: 0 when every step held, else 1.
  --help   shows this`;

/** `npm run demo`. */
process.exitCode = await runCommand(readFlags(process.argv.slice(2), z.object({})), USAGE, async () => {
  await endWell(async (onStack) => {
    const { stack, ok } = await runDemo({}, onStack);
    await stack.stop();
    return ok ? 0 : 1;
  });
  return 0;
});
