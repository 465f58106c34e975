import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { CallerEmail, createCallerPolicies } from "#shared/identity/caller-policies.ts";
import { createDatabase } from "#shared/runtime/database.ts";

const SCRIPT = fileURLToPath(new URL("./allow.ts", import.meta.url));
const projectId = uniqueProjectId();
const database = createDatabase(projectId);
afterAll(() => database.firestore.terminate());

const EMAIL = CallerEmail.parse("booking@salon-flow.iam.gserviceaccount.com");
const [one, other] = [SalonId.parse("salon-1"), SalonId.parse("salon-2")];

function allow(...args: string[]): Promise<{ code: number; said: string; blamed: string }> {
  const { PATH, FIRESTORE_EMULATOR_HOST } = process.env;
  const env = { PATH, FIRESTORE_EMULATOR_HOST, GOOGLE_CLOUD_PROJECT: projectId };
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout, blamed: stderr }),
    );
  });
}

describe("npm run callers:allow", () => {
  it("lets a service send for the salons that are named, and no longer for others", async () => {
    expect(await allow("--email", EMAIL, "--salons", "*", "--critical")).toMatchObject({
      code: 0,
      said: `${EMAIL} may send for every salon, critical messages included.\n`,
    });
    await expect(
      createCallerPolicies(database).authorizeCaller(EMAIL, other, { critical: true }),
    ).resolves.toBeUndefined();
    expect(await allow("--email", EMAIL, "--salons", one)).toMatchObject({ code: 0 });
    const policies = createCallerPolicies(database);
    expect(await policies.actsFor(EMAIL, one)).toBe(true);
    expect(await policies.actsFor(EMAIL, other)).toBe(false);
    await expect(policies.authorizeCaller(EMAIL, one, { critical: true })).rejects.toMatchObject({
      code: "permission-denied",
    });
  });

  it("disables a service, and lets it in again", async () => {
    await allow("--email", EMAIL, "--salons", one);
    expect(await allow("--email", EMAIL, "--disable")).toMatchObject({
      code: 0,
      said: `${EMAIL} may send nothing any more.\n`,
    });
    expect(await createCallerPolicies(database).actsFor(EMAIL, one)).toBe(false);
    await allow("--email", EMAIL, "--salons", one);
    expect(await createCallerPolicies(database).actsFor(EMAIL, one)).toBe(true);
  });

  it("says so when the service that is to be disabled is not known, and writes nothing", async () => {
    const { code, blamed } = await allow("--email", `x${EMAIL}`, "--disable");
    expect(code).toBe(2);
    expect(blamed).toContain(`--email: no service is known by x${EMAIL}.`);
    expect((await database.firestore.doc(`callers/x${EMAIL}`).get()).exists).toBe(false);
  });

  it("writes nothing when a flag is wrong", async () => {
    const { code, blamed } = await allow("--email", "stranger@salon-flow.example", "--salons", "*");
    expect(code).toBe(2);
    expect(blamed).toContain("--email must be a service account's e-mail address");
    expect((await database.firestore.doc("callers/stranger@salon-flow.example").get()).exists).toBe(false);
  });
});
