import { type Auth, getAuth } from "firebase-admin/auth";
import { z } from "zod";
import { type Clock, systemClock } from "#shared/core/clock.ts";
import { withDeadline } from "#shared/core/deadline.ts";
import { AppError } from "#shared/core/errors.ts";
import { firebaseApp } from "#shared/runtime/firebase-app.ts";
import { AUTH_REMEDY, refusalFor, unauthenticated } from "./refusal.ts";

/** Who is calling, as Firebase Auth knows them now. */
export interface Identity {
  readonly uid: string;
  readonly email?: string;
  readonly emailVerified: boolean;
  readonly signedInAt: Date;
  /** Of the platform's own staff. */
  readonly isOperator: boolean;
}

export interface AuthenticateOptions {
  /** For what a stolen, still open session must not do: the sign-in is at most 5 minutes old. */
  readonly recentSignIn?: boolean;
}

export type Authenticate = (
  authorizationHeader: string | undefined,
  options?: AuthenticateOptions,
) => Promise<Identity>;

interface Settings {
  readonly projectId: string;
  readonly clock?: Clock;
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 6_000;
const RECENT_MS = 5 * 60_000;
const BEARER = /^Bearer +([\w-]+)\.([\w-]+)\.[\w-]*$/i;

const Claims = z.object({
  // It becomes a document id, and not every uid that an administrator may give is one.
  uid: z.string().regex(/^(?!\.{1,2}$)(?!__.*__$)[^/]{1,128}$/),
  email: z.string().optional(),
  email_verified: z.boolean().default(false),
  auth_time: z.number(),
  platform_admin: z.unknown().optional(),
});
type Claims = z.infer<typeof Claims>;

/**
 * Accepts a Firebase ID token that is genuine, unexpired, unrevoked and of an enabled user of this project. With
 * FIREBASE_AUTH_EMULATOR_HOST set the client library accepts unsigned tokens, by design, of whoever that host calls a
 * user; so the variable may only ever name loopback, where nobody answers once deployed.
 */
export function createAuthenticate({
  projectId,
  clock = systemClock,
  deadlineMs = DEADLINE_MS,
}: Settings): Authenticate {
  const auth = getAuth(firebaseApp(projectId));
  return async (authorizationHeader, { recentSignIn = false } = {}) => {
    const token = tokenIn(authorizationHeader);
    if (token === undefined) throw unauthenticated();
    const identity = await withDeadline("Firebase Auth", AUTH_REMEDY, deadlineMs, verify(auth, token)).catch(
      (error: unknown) => Promise.reject(refusalFor(error)),
    );
    if (recentSignIn && clock.now().getTime() - identity.signedInAt.getTime() > RECENT_MS) {
      throw new AppError("permission-denied", "Sign in again: this needs a sign-in of the last 5 minutes.");
    }
    return identity;
  };
}

async function verify(auth: Auth, token: string): Promise<Identity> {
  const { success, data: claims } = Claims.safeParse(await auth.verifyIdToken(token, true));
  if (!success) throw unauthenticated();
  return {
    uid: claims.uid,
    ...(claims.email === undefined ? {} : { email: claims.email }),
    emailVerified: claims.email_verified,
    signedInAt: new Date(claims.auth_time * 1000),
    isOperator: await isOperator(auth, claims),
  };
}

/** A claim taken away stays in tokens for up to an hour, so the few who show it are looked up once more. */
async function isOperator(auth: Auth, { uid, platform_admin }: Claims): Promise<boolean> {
  if (platform_admin !== true) return false;
  return (await auth.getUser(uid)).customClaims?.platform_admin === true;
}

/** The token, if its first two parts are JSON objects: over others the client library stumbles with a TypeError. */
function tokenIn(authorizationHeader = ""): string | undefined {
  const [, ...parts] = BEARER.exec(authorizationHeader) ?? [];
  if (parts.length === 0 || !parts.every(isJsonObject)) return undefined;
  return authorizationHeader.slice("Bearer".length).trim();
}

function isJsonObject(part: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
