import { createLogger, type Logger } from "#shared/core/logger.ts";

export interface LogBook {
  readonly logger: Logger;
  /** Every line so far, as it would reach Cloud Logging. */
  readonly lines: string[];
  /** The values that stand in some line, of those that must not. */
  leaked(values: readonly string[]): string[];
}

/** The real logger, writing into a book. */
export function createLogBook(): LogBook {
  const lines: string[] = [];
  return {
    lines,
    logger: createLogger({ write: (line) => lines.push(line) }),
    leaked: (values) => values.filter((value) => lines.some((line) => line.includes(value))),
  };
}
