import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "@google-cloud/functions-framework";

type Part = string | Uint8Array;

/** Text or bytes, written as they come, so that nobody has all of it in memory. */
export type StreamedBody = AsyncIterable<Part>;

/** How it ended; `abandoned`: whoever asked went away before. */
export type Streamed =
  | { readonly bytes: number; readonly end: "whole" | "abandoned" }
  | { readonly bytes: number; readonly end: "failed"; readonly error: unknown };

/** The same body with its first part at hand: what fails before that can still be answered as an error. */
export async function begun(body: StreamedBody): Promise<StreamedBody> {
  const iterator = body[Symbol.asyncIterator]();
  let first: IteratorResult<Part> | undefined = await iterator.next();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const part = first ?? (await iterator.next());
        first = undefined;
        return part;
      },
      return: () => returned(iterator),
    }),
  };
}

/**
 * Writes a body no faster than it is read, and asks for no more of it once nobody reads. One that fails in the middle
 * closes the connection without the end mark of its chunks, so that it does not look whole.
 */
export async function stream(body: StreamedBody, response: Response): Promise<Streamed> {
  let bytes = 0;
  let failure: { readonly error: unknown } | undefined;
  const iterator = body[Symbol.asyncIterator]();
  // Without a `throw`: what happens to the response is no failure of the body.
  const counted: StreamedBody = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        try {
          const part = await iterator.next();
          if (part.done !== true) bytes += Buffer.byteLength(part.value);
          return part;
        } catch (error) {
          failure = { error };
          throw error;
        }
      },
      return: () => returned(iterator),
    }),
  };
  const isWhole = await pipeline(Readable.from(counted), response).then(
    () => true,
    () => false,
  );
  if (failure !== undefined) return { bytes, end: "failed", ...failure };
  return { bytes, end: isWhole ? "whole" : "abandoned" };
}

async function returned(iterator: AsyncIterator<Part>): Promise<IteratorResult<Part>> {
  return (await iterator.return?.()) ?? { done: true, value: undefined };
}
