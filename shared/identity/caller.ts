import { OAuth2Client } from "google-auth-library";
import { z } from "zod";
import { type Clock, systemClock } from "#shared/core/clock.ts";
import type { variables } from "#shared/core/config.ts";
import { withDeadline } from "#shared/core/deadline.ts";
import { AppError } from "#shared/core/errors.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import { CallerEmail } from "./caller-policies.ts";

/** A service that calls, by its Google service account. */
export interface Caller {
  readonly email: CallerEmail;
}

export type AuthenticateCaller = (request: Pick<HttpRequest, "header">) => Promise<Caller>;

/** What `createAuthenticateCaller` reads, for `variables.pick({ ...CALLER_VARIABLES })`. */
export const CALLER_VARIABLES = {
  CALLER_TOKENS: true,
  SEND_MESSAGE_AUDIENCE: true,
  FIRESTORE_EMULATOR_HOST: true,
} as const;

type CallerConfig = Pick<z.infer<typeof variables>, keyof typeof CALLER_VARIABLES>;

interface Settings {
  readonly clock?: Clock;
  /** Where Google's public keys are; elsewhere only in tests. */
  readonly certsUrl?: string;
  readonly deadlineMs?: number;
}

interface Token {
  readonly text: string;
  readonly algorithm: string;
  readonly signature: string;
  readonly claims: z.infer<typeof Claims>;
}

const CERTS_URL = "https://www.googleapis.com/oauth2/v1/certs";
const DEADLINE_MS = 6_000;
const SERVICE = "Google's public keys";
const REMEDY = "check that the function may reach www.googleapis.com";
const ISSUERS = ["https://accounts.google.com", "accounts.google.com"];
/** What Cloud Run puts in place of the signature of a token that it has checked. */
const REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE";
const BEARER = /^Bearer +([\w-]+)\.([\w-]+)\.([\w-]*)$/i;

const Header = z.object({ alg: z.string() });
const Claims = z.object({
  iss: z.string().refine((issuer) => ISSUERS.includes(issuer)),
  aud: z.string(),
  exp: z.number(),
  email: CallerEmail,
  email_verified: z.literal(true),
});

/**
 * Tells which service calls, by the ID token that Google gave it for SEND_MESSAGE_AUDIENCE, with its e-mail in it.
 * Issuer, audience, expiry and a verified e-mail of a service account are asked for always; CALLER_TOKENS says who
 * answers for the signature:
 * - `verify`: this function, against Google's keys, in `Authorization`.
 * - `verified-by-cloud-run`: Cloud Run, which lets nobody in without IAM, and took the signature out. Where there is
 *   `X-Serverless-Authorization` it has checked that one alone, so anything may stand in `Authorization`.
 * - `local`: nobody; unsigned tokens only, and only beside an emulator, where there is nothing to lose.
 */
export function createAuthenticateCaller(config: CallerConfig, settings: Settings = {}): AuthenticateCaller {
  const { clock = systemClock, certsUrl = CERTS_URL, deadlineMs = DEADLINE_MS } = settings;
  const { CALLER_TOKENS: mode, SEND_MESSAGE_AUDIENCE: audience, FIRESTORE_EMULATOR_HOST: emulator } = config;
  if (mode === "local" && emulator === undefined) {
    const message =
      "Configuration: CALLER_TOKENS may be local only with FIRESTORE_EMULATOR_HOST. See .env.example.";
    throw new AppError("internal", message);
  }
  const google = new OAuth2Client({ endpoints: { oauth2FederatedSignonPemCertsUrl: certsUrl } });

  const isSigned = async ({ text }: Token): Promise<boolean> => {
    const keys = google.getFederatedSignonCerts().catch((cause: unknown) => {
      const message = `${SERVICE} cannot be read; ${REMEDY}.`;
      throw new AppError("unavailable", message, { cause, context: { service: SERVICE } });
    });
    const { certs } = await withDeadline(SERVICE, REMEDY, deadlineMs, keys);
    // It throws for every reason there is, and quotes the token.
    return google.verifySignedJwtWithCertsAsync(text, certs, audience, ISSUERS).then(
      () => true,
      () => false,
    );
  };
  const IS_GENUINE = {
    verify: isSigned,
    "verified-by-cloud-run": ({ signature }: Token) => signature === REMOVED,
    local: ({ algorithm, signature }: Token) => algorithm === "none" && signature === "",
  } as const satisfies Record<typeof mode, (token: Token) => boolean | Promise<boolean>>;

  return async (request) => {
    const checkedByCloudRun =
      mode === "verified-by-cloud-run" && request.header("x-serverless-authorization");
    const token = tokenIn(checkedByCloudRun || request.header("authorization"));
    if (token === undefined) throw unauthenticated();
    const { aud, exp, email } = token.claims;
    if (aud !== audience || exp * 1000 <= clock.now().getTime()) throw unauthenticated();
    if (!(await IS_GENUINE[mode](token))) throw unauthenticated();
    return { email };
  };
}

function tokenIn(header = ""): Token | undefined {
  const [, head = "", claims = "", signature = ""] = BEARER.exec(header) ?? [];
  const parsedHead = Header.safeParse(decoded(head));
  const parsedClaims = Claims.safeParse(decoded(claims));
  if (!parsedHead.success || !parsedClaims.success) return undefined;
  const text = `${head}.${claims}.${signature}`;
  return { text, algorithm: parsedHead.data.alg, signature, claims: parsedClaims.data };
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}

/** One answer to every token we do not accept, so that nobody learns which of its parts was right. */
function unauthenticated(): AppError {
  const remedy =
    "Send `Authorization: Bearer …` with a Google ID token of a service account, for this service's audience and with the e-mail in it.";
  return new AppError("unauthenticated", remedy);
}
