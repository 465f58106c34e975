/** An answer before it is written to the socket. */
export interface Reply {
  readonly status: number;
  readonly contentType?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(status: number, value: unknown): Reply {
  return { status, contentType: "application/json; charset=utf-8", body: JSON.stringify(value) };
}

export function html(status: number, body: string): Reply {
  return { status, contentType: "text/html; charset=utf-8", body };
}

export const noContent: Reply = { status: 204 };
