import type { Stack } from "#scripts/local-stack/stack.ts";

/** Runs a program that owns a stack: whatever ends it, the stack's processes end too, and the last word is clear. */
export async function endWell(
  program: (onStack: (stack: Stack) => void) => Promise<number | "stay">,
): Promise<void> {
  let stack: Stack | undefined;
  let ending = false;
  const end = async (code: number) => {
    if (ending) return;
    ending = true;
    await stack?.stop();
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      console.log("\nStopping everything…");
      void end(0);
    });
  }
  try {
    const code = await program((started) => {
      stack = started;
    });
    if (code !== "stay") await end(code);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    await end(1);
  }
}
