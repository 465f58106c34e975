import { type Stack, type StackOptions, startStack } from "#scripts/local-stack/stack.ts";
import { held, playStory, type StepResult } from "./story.ts";

/** Like a distant Twilio, so that the times mean something. */
const TWILIO_LATENCY_MS = 150;
/** Short, so that nobody waits a minute to see a dead worker's message settled. */
const LEASE_SECONDS = 3;

/** Starts the stack and plays the story, telling both. */
export async function runDemo(
  options: Pick<StackOptions, "gatewayPort" | "simulatorPort"> = {},
  onStack: (stack: Stack) => void = () => {},
): Promise<{ stack: Stack; ok: boolean }> {
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1_000).toFixed(1);
  const stack = await startStack({
    ...options,
    twilioLatencyMs: TWILIO_LATENCY_MS,
    leaseSeconds: LEASE_SECONDS,
    onProgress: (what) => console.log(`[${seconds()} s] starting ${what}`),
  });
  onStack(stack);
  console.log(`[${seconds()} s] the stack is up`);
  const results = await playStory(stack, console.log);
  printSummary(stack, results);
  console.log(`\nThe story took ${seconds()} s from the start of the stack.`);
  return { stack, ok: held(results) };
}

function printSummary(stack: Stack, results: readonly StepResult[]): void {
  const width = Math.max(...results.map(({ title }) => title.length));
  console.log(`\n${"".padEnd(width + 17, "─")}`);
  for (const { title, held: ok, seconds } of results) {
    console.log(`${title.padEnd(width)}  ${ok ? "held  " : "FAILED"}  ${seconds.toFixed(2).padStart(5)} s`);
  }
  console.log("".padEnd(width + 17, "─"));
  console.log(`Webhooks (gateway)   ${stack.gatewayUrl}/webhooks/twilio/…`);
  console.log(`send-message         ${stack.fn("send-message").url}/v1/messages`);
  console.log(`Twilio simulator     ${stack.simulator.url}/simulator/handset`);
  console.log(`Logs                 ${stack.logFolder}`);
}
