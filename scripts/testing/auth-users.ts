import { randomUUID } from "node:crypto";
import { getAuth } from "firebase-admin/auth";
import { z } from "zod";
import { firebaseApp } from "#shared/runtime/firebase-app.ts";

const PASSWORD = "correct horse battery staple";
const SignedIn = z.object({ idToken: z.string() });

export interface AuthUser {
  readonly uid: string;
  readonly email: string;
  /** Signs in with the password and gives the `Authorization` header of what follows. */
  signIn(): Promise<string>;
}

/** People of a project at the Auth emulator, who really sign in. */
export function createAuthUsers(projectId: string) {
  const auth = getAuth(firebaseApp(projectId));

  /** As the web client signs in, but naming the project: the API keys of the emulator all belong to one. */
  async function signIn(email: string): Promise<string> {
    const { FIREBASE_AUTH_EMULATOR_HOST: host } = process.env;
    const path = "identitytoolkit.googleapis.com/v1/accounts:signInWithPassword";
    const response = await fetch(`http://${host}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer owner" },
      body: JSON.stringify({
        email,
        password: PASSWORD,
        returnSecureToken: true,
        targetProjectId: projectId,
      }),
    });
    if (!response.ok) throw new Error(`The sign-in failed: ${response.status} ${await response.text()}`);
    return `Bearer ${SignedIn.parse(await response.json()).idToken}`;
  }

  return {
    auth,
    async add(claims: Readonly<Record<string, unknown>> = {}): Promise<AuthUser> {
      const email = `${randomUUID()}@salon.example`;
      const { uid } = await auth.createUser({ email, password: PASSWORD, emailVerified: true });
      await auth.setCustomUserClaims(uid, claims);
      return { uid, email, signIn: () => signIn(email) };
    },
  };
}
