/** A CloudEvent as Eventarc pushes it: attributes in `ce-` headers, data in the body ("binary mode"). */
export interface PushedEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | string;
}

/** Pushes an event to a function. Undefined when it was accepted, else why not. */
export async function pushEvent(
  url: string,
  event: PushedEvent,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(url, { method: "POST", headers: event.headers, body: event.body, signal });
    await response.body?.cancel();
    return response.ok ? undefined : `answered ${response.status}`;
  } catch {
    return "is down";
  }
}

/** Doubles from 100 ms to 5 s. Production waits 10 s to 600 s: nobody wants to watch that locally. */
export function backoffMs(attempt: number): number {
  return Math.min(100 * 2 ** (attempt - 1), 5000);
}
