import { styleText } from "node:util";
import type { Stack } from "#scripts/local-stack/stack.ts";
import { createStoryContext, type StoryContext } from "./context.ts";
import { seed } from "./seed.ts";
import { answer } from "./steps/answer.ts";
import { call } from "./steps/call.ts";
import { campaign } from "./steps/campaign.ts";
import { crash } from "./steps/crash.ts";
import { emergency } from "./steps/emergency.ts";
import { lazy } from "./steps/lazy.ts";
import { ownAccount } from "./steps/own-account.ts";
import { provision } from "./steps/provision.ts";
import { refusals } from "./steps/refusals.ts";
import { send } from "./steps/send.ts";
import { usage } from "./steps/usage.ts";

interface Step {
  readonly title: string;
  /** Gives what happened, line by line; throws when the step did not hold. */
  readonly play: (context: StoryContext) => Promise<string[]>;
}

const STEPS: readonly Step[] = [
  { title: "Salon A asks for messaging and is set up", play: provision },
  { title: "A booking confirmation is sent and delivered", play: send },
  { title: "The customer answers and is greeted", play: answer },
  { title: "The customer calls", play: call },
  { title: "Usage is rolled up, twice", play: usage },
  { title: "Salon B is set up by its first message", play: lazy },
  { title: "A worker dies in the middle of a send", play: crash },
  { title: "Salon A brings its own Twilio account", play: ownAccount },
  { title: "Salon A's account is suspended", play: emergency },
  { title: "What must not get in", play: refusals },
  { title: "A campaign of 5,000 delays nothing critical", play: campaign },
];

export interface StepResult {
  readonly title: string;
  readonly held: boolean;
  readonly seconds: number;
  readonly lines: readonly string[];
}

/** Plays the story through the front doors and tells it while it goes; later steps build on earlier ones. */
export async function playStory(stack: Stack, say: (line: string) => void): Promise<StepResult[]> {
  await seed(stack);
  const context = await createStoryContext(stack);
  const results: StepResult[] = [];
  try {
    for (const [index, { title, play }] of STEPS.entries()) {
      say(`\n${styleText("bold", `${index + 1}. ${title}`)}`);
      const started = performance.now();
      const result = await attempt(play, context);
      results.push({ title, ...result, seconds: (performance.now() - started) / 1_000 });
      for (const line of result.lines)
        say(`   ${result.held ? styleText("green", "✓") : styleText("red", "✗")} ${line}`);
      if (!result.held) break;
    }
  } finally {
    await context.close();
  }
  return results;
}

/** Whether the whole story was played and held. */
export function held(results: readonly StepResult[]): boolean {
  return results.length === STEPS.length && results.every((result) => result.held);
}

async function attempt(play: Step["play"], context: StoryContext) {
  try {
    return { held: true, lines: await play(context) };
  } catch (error) {
    return { held: false, lines: [error instanceof Error ? error.message : String(error)] };
  }
}
