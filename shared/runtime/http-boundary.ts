import type { HttpFunction, Request } from "@google-cloud/functions-framework";
import { AppError, toAppError } from "#shared/core/errors.ts";
import type { LogFields, Logger } from "#shared/core/logger.ts";
import { guardConsole } from "./console-guard.ts";

/** A request as our handlers see it: the path as it was asked for, and the body as it was sent. */
export interface HttpRequest {
  readonly method: string;
  /** Path without the query, percent-encoding untouched. */
  readonly path: string;
  /** With the leading "?", or empty; untouched, because Twilio signs it. */
  readonly rawQuery: string;
  readonly rawBody: Buffer;
  header(name: string): string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly type?: "application/json" | "text/xml";
  readonly body?: string;
  /** What the log line of this request says beside status and latency. */
  readonly log?: LogFields;
}

export type Handler = (request: HttpRequest) => Promise<Reply>;

export interface HttpBoundaryOptions {
  readonly name: string;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
}

/** Runs a handler for functions-framework: limits the body, turns errors into answers, logs one line a request. */
export function httpFunction(
  handler: Handler,
  { name, logger, maxBodyBytes }: HttpBoundaryOptions,
): HttpFunction {
  guardConsole(logger);
  return async (request, response) => {
    const started = performance.now();
    const reply = await answer(handler, request, maxBodyBytes);
    const latencyMs = Math.round(performance.now() - started);
    const level = reply.status >= 500 ? "error" : reply.status >= 400 ? "warn" : "info";
    logger[level]("request answered", { function: name, status: reply.status, latencyMs, ...reply.log });
    response.status(reply.status);
    if (reply.body === undefined) response.end();
    else response.type(reply.type ?? "application/json").send(reply.body);
  };
}

export function json(status: number, body: unknown, log?: LogFields): Reply {
  return {
    status,
    type: "application/json",
    body: JSON.stringify(body),
    ...(log === undefined ? {} : { log }),
  };
}

async function answer(handler: Handler, request: Request, maxBodyBytes: number): Promise<Reply> {
  try {
    const rawBody = request.rawBody ?? Buffer.alloc(0);
    if (rawBody.length > maxBodyBytes) {
      throw new AppError(
        "payload-too-large",
        `The body is over the limit of ${maxBodyBytes} bytes; send less.`,
      );
    }
    const [path = "/"] = request.originalUrl.split("?");
    const rawQuery = request.originalUrl.slice(path.length);
    const header = (name: string) => request.get(name);
    return await handler({ method: request.method, path, rawQuery, rawBody, header });
  } catch (error) {
    const { status, code, message, context } = toAppError(error);
    const { field, reason } = context;
    // What is undefined, JSON leaves out.
    return json(status, { error: { code, message, field, reason } }, { outcome: code, error });
  }
}
