/** Every way a request or an event can end badly: its HTTP status, and whether trying again may help. */
const CODES = {
  "invalid-argument": { status: 400, retry: false },
  unauthenticated: { status: 401, retry: false },
  "permission-denied": { status: 403, retry: false },
  "not-found": { status: 404, retry: false },
  "method-not-allowed": { status: 405, retry: false },
  conflict: { status: 409, retry: false },
  "payload-too-large": { status: 413, retry: false },
  "unsupported-media-type": { status: 415, retry: false },
  "failed-precondition": { status: 422, retry: false },
  "resource-exhausted": { status: 429, retry: true },
  internal: { status: 500, retry: true },
  unavailable: { status: 503, retry: true },
  "deadline-exceeded": { status: 504, retry: true },
} as const satisfies Record<string, { status: number; retry: boolean }>;

export type ErrorCode = keyof typeof CODES;

/** What an error may carry to the log: ids and names, never payloads. */
export interface ErrorContext {
  readonly field?: string;
  readonly salonId?: string;
  readonly messageId?: string;
  readonly service?: string;
  readonly twilioCode?: number;
  /** A stable word for what went wrong, for clients to decide by; `message` may be reworded at any time. */
  readonly reason?: string;
  /** When trying again may help; over HTTP the header Retry-After says so. */
  readonly retryAfterSeconds?: number;
  /** What the log calls the outcome where the code says too little; never answered. */
  readonly outcome?: string;
}

/**
 * The one error class of the suite. `message` is written for the person who receives the answer, so it names
 * the field and the remedy and never repeats a secret, a body or a phone number.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; context?: ErrorContext } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.context = options.context ?? {};
  }

  get status(): number {
    return CODES[this.code].status;
  }

  get retry(): boolean {
    return CODES[this.code].retry;
  }
}

/** Turns anything thrown into an AppError; what is unknown becomes `internal`, which is retried. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("internal", "Something went wrong on our side; try again.", { cause: error });
}

/** What it gives, or the AppError that it throws, for work of which one part must not stop the others. */
export function orRefusal<T>(make: () => T): T | AppError {
  try {
    return make();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
