import { AppError } from "#shared/core/errors.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { TokenRole } from "#shared/salons/own-tokens.ts";
import { isSignature, mediaTypeOf, verifySignature } from "#shared/twilio/signature.ts";
import { parseForm, parseJsonParameters } from "#shared/twilio/webhook-parameters.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { WebhookAccount } from "./accounts.ts";
import type { SignedKind } from "./limits.ts";

/** A webhook that says it is Twilio's; nothing of it is to be believed before an account has signed it. */
export interface SignedRequest {
  /** Its parameters, however they came. */
  readonly form: Readonly<Record<string, string>>;
  /** Which of the account's tokens signed, if the webhook is of that account. */
  signedBy(account: WebhookAccount): TokenRole | undefined;
}

const POSTED: ReadonlyMap<string, SignedKind> = new Map([
  ["application/x-www-form-urlencoded", "form"],
  ["application/json", "json"],
]);

/**
 * Undefined for a request that nobody can have signed: without a signature, or without an account. Throws
 * method-not-allowed and unsupported-media-type for what is not taken here, whoever sent it.
 */
export function readSigned(
  request: HttpRequest,
  urls: WebhookUrls,
  takes: readonly SignedKind[],
): SignedRequest | undefined {
  const kind = kindOf(request, takes);
  const signature = request.header("x-twilio-signature");
  if (!isSignature(signature)) return undefined;
  const { rawBody } = request;
  const form = parametersOf(kind, request);
  if (!/^AC[0-9a-f]{32}$/i.test(form.AccountSid ?? "")) return undefined;
  const url = urls.requested(`${request.path}${request.rawQuery}`);
  const contentType = request.header("content-type");
  return {
    form,
    signedBy: ({ accountSid, tokens }) =>
      accountSid === form.AccountSid
        ? verifySignature({ url, rawBody, contentType, signature, tokens })
        : undefined,
  };
}

function kindOf({ method, header }: HttpRequest, takes: readonly SignedKind[]): SignedKind {
  if (method === "GET" && takes.includes("query")) return "query";
  if (method !== "POST") throw new AppError("method-not-allowed", "Webhooks do not come by this method.");
  const kind = POSTED.get(mediaTypeOf(header("content-type")));
  if (kind !== undefined && takes.includes(kind)) return kind;
  throw new AppError("unsupported-media-type", "Webhooks do not come with this content type.");
}

function parametersOf(kind: SignedKind, { rawBody, rawQuery }: HttpRequest): Record<string, string> {
  if (kind === "query") return parseForm(Buffer.from(rawQuery.replace(/^\?/, "")));
  return kind === "json" ? parseJsonParameters(rawBody) : parseForm(rawBody);
}
