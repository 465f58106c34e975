import pino from "pino";
import { AppError } from "./errors.ts";

/**
 * All that a log line may say beside its sentence. The list is closed so that no body, phone number, header or
 * whole error can be logged: adding a field here is a decision.
 */
export interface LogFields {
  readonly function?: string;
  readonly salonId?: string;
  readonly messageId?: string;
  readonly callId?: string;
  readonly attempt?: number;
  readonly eventId?: string;
  readonly topic?: string;
  readonly step?: string;
  readonly channel?: string;
  readonly source?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly outcome?: string;
  readonly status?: number;
  readonly twilioCode?: number;
  readonly tokenRole?: string;
  readonly count?: number;
  readonly latencyMs?: number;
  readonly bytes?: number;
  readonly auditSeq?: number;
  readonly auditHash?: string;
  readonly error?: unknown;
}

export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LoggerOptions {
  readonly level?: "debug" | "info" | "warn" | "error" | "silent";
  /** Where lines go; stdout unless a test listens. */
  readonly write?: (line: string) => void;
}

const SEVERITY: Record<string, string> = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" };

/** One JSON line a message, in the shape Cloud Logging reads: `severity`, `message`, `time` and our fields. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const settings: pino.LoggerOptions = {
    level: options.level ?? "info",
    base: null,
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ severity: SEVERITY[label] ?? "DEFAULT" }) },
  };
  const { write } = options;
  const log = write === undefined ? pino(settings) : pino(settings, { write });
  return {
    info: (message, fields) => log.info(printable(fields), message),
    warn: (message, fields) => log.warn(printable(fields), message),
    error: (message, fields) => log.error(printable(fields), message),
  };
}

function printable(fields: LogFields = {}): Record<string, unknown> {
  const { error, ...rest } = fields;
  return error === undefined ? rest : { ...rest, error: describeError(error) };
}

/** An error as it may be logged. Foreign messages can quote what was sent, so only our own are repeated. */
export function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof AppError) {
    const { code, message, context, cause } = error;
    return { code, message, ...context, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
  }
  if (!(error instanceof Error)) return { name: typeof error };
  const code =
    "code" in error && ["string", "number"].includes(typeof error.code) ? { code: error.code } : {};
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return { name: error.name, ...code, frames: frames.slice(0, 8).map((line) => line.trim()) };
}
