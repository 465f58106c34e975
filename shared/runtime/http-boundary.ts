import type { HttpFunction, Request } from "@google-cloud/functions-framework";
import { AppError, toAppError } from "#shared/core/errors.ts";
import type { LogFields, Logger } from "#shared/core/logger.ts";
import { guardConsole } from "./console-guard.ts";
import { begun, type Streamed, type StreamedBody, stream } from "./streamed-body.ts";

/** A request as our handlers see it: the path as it was asked for, and the body as it was sent. */
export interface HttpRequest {
  readonly method: string;
  /** Path without the query, percent-encoding untouched. */
  readonly path: string;
  /** With the leading "?", or empty; untouched, because Twilio signs it. */
  readonly rawQuery: string;
  readonly rawBody: Buffer;
  header(name: string): string | undefined;
  /** Adds to the log line of this request, however it ends; what the reply says itself comes first. */
  note(fields: LogFields): void;
}

export interface Reply {
  readonly status: number;
  readonly type?: "application/json" | "application/x-ndjson" | "audio/mpeg" | "text/xml";
  readonly body?: string | StreamedBody;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the log line of this request says beside status and latency. */
  readonly log?: LogFields;
}

export type Handler = (request: HttpRequest) => Promise<Reply>;

export interface HttpBoundaryOptions {
  readonly name: string;
  readonly logger: Logger;
  /** For all paths, or by the path. */
  readonly maxBodyBytes: number | ((path: string) => number);
}

/**
 * Runs a handler for functions-framework: limits the body, turns errors into answers, logs one line a request; of a
 * streamed answer at its end, with its size and how it ended.
 */
export function httpFunction(
  handler: Handler,
  { name, logger, maxBodyBytes }: HttpBoundaryOptions,
): HttpFunction {
  guardConsole(logger);
  return async (request, response) => {
    const started = performance.now();
    let noted: LogFields = {};
    const note = (fields: LogFields): void => {
      noted = { ...noted, ...fields };
    };
    const reply = await answer(handler, request, maxBodyBytes, note);
    // Hosting's cache would keep answers to a GET, refusals among them.
    response.status(reply.status).set({ "Cache-Control": "no-store", ...reply.headers });
    const { body, type = "application/json" } = reply;
    const ended = typeof body === "object" ? logged(await stream(body, response.type(type))) : {};
    const latencyMs = Math.round(performance.now() - started);
    const level = levelOf(reply.status, ended);
    logger[level]("request answered", {
      function: name,
      status: reply.status,
      latencyMs,
      ...noted,
      ...reply.log,
      ...ended,
    });
    if (body === undefined) response.end();
    else if (typeof body === "string") response.type(type).send(body);
  };
}

function logged(streamed: Streamed): LogFields {
  const { bytes } = streamed;
  if (streamed.end === "failed") {
    const { error } = streamed;
    return { bytes, outcome: toAppError(error).code, error };
  }
  return streamed.end === "whole" ? { bytes } : { bytes, outcome: "abandoned" };
}

function levelOf(status: number, { outcome, error }: LogFields): keyof Logger {
  if (status >= 500 || error !== undefined) return "error";
  return status >= 400 || outcome !== undefined ? "warn" : "info";
}

export function json(status: number, body: unknown, log?: LogFields): Reply {
  return {
    status,
    type: "application/json",
    body: JSON.stringify(body),
    ...(log === undefined ? {} : { log }),
  };
}

async function answer(
  handler: Handler,
  request: Request,
  maxBodyBytes: HttpBoundaryOptions["maxBodyBytes"],
  note: HttpRequest["note"],
): Promise<Reply> {
  try {
    const rawBody = request.rawBody ?? Buffer.alloc(0);
    const [path = "/"] = request.originalUrl.split("?");
    const limit = typeof maxBodyBytes === "number" ? maxBodyBytes : maxBodyBytes(path);
    if (rawBody.length > limit) {
      throw new AppError("payload-too-large", `The body is over the limit of ${limit} bytes; send less.`);
    }
    const rawQuery = request.originalUrl.slice(path.length);
    const header = (name: string) => request.get(name);
    const reply = await handler({ method: request.method, path, rawQuery, rawBody, header, note });
    return typeof reply.body === "object" ? { ...reply, body: await begun(reply.body) } : reply;
  } catch (error) {
    const { status, code, message, context } = toAppError(error);
    const { field, reason, retryAfterSeconds, outcome = code } = context;
    // What is undefined, JSON leaves out.
    const refusal = json(status, { error: { code, message, field, reason } }, { outcome, error });
    if (retryAfterSeconds === undefined) return refusal;
    return { ...refusal, headers: { "Retry-After": String(retryAfterSeconds) } };
  }
}
