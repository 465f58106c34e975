import type { Reply } from "../http/reply.ts";
import type { Account } from "../world/account.ts";

/** An authenticated request to Twilio's API. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly pathParameters: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  /** The raw body, for the few resources that speak JSON. */
  readonly body: string;
  /** Whose credentials these are. */
  readonly caller: Account;
  /** Whose resources are meant: the account in the path, or else the caller. */
  readonly account: Account;
}

/** Does what the request asks and gives the answer, or throws a TwilioError. Never asynchronous: all or nothing. */
export type ApiHandler = (request: ApiRequest) => Reply;

export function pathParameter(request: ApiRequest, name: string): string {
  return request.pathParameters.get(name) ?? "";
}

/** A parameter that was sent and is not empty. */
export function given(parameters: URLSearchParams, name: string): string | undefined {
  const value = parameters.get(name);
  return value === null || value === "" ? undefined : value;
}
