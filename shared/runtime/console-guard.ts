import type { Logger } from "#shared/core/logger.ts";

/**
 * Makes what the framework and its libraries print an ordinary log line: the error's name, code and frames. Left to
 * itself, Express prints the whole error of a body that does not parse, and that error holds the body.
 */
export function guardConsole(logger: Logger): void {
  console.error = (...printed: unknown[]) => {
    const error = printed.find((each) => each instanceof Error);
    logger.error("the framework reported an error", error === undefined ? {} : { error });
  };
  console.warn = () => logger.warn("the framework printed a warning");
}
