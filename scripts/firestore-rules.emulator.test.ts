import { readFileSync } from "node:fs";
import { initializeTestEnvironment, type RulesTestEnvironment } from "@firebase/rules-unit-testing";
import { setLogLevel } from "firebase/firestore";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";

const SALON = "salon-1";

/** Every collection there is, and one that there is not. */
const COLLECTIONS = [
  "salon_integrations",
  "provisioning",
  "salons",
  `salons/${SALON}/members`,
  `salons/${SALON}/outbox`,
  `salons/${SALON}/usage_ledger`,
  "messages",
  "calls",
  "contacts",
  "contact_choices",
  "threads",
  "phone_numbers",
  "platform_accounts",
  "purchase_budgets",
  "integration_usage",
  "invoices",
  "integration_audit",
  "dead_letters",
  "anything_else",
  `anything_else/1/deeper/2/still`,
];

const FORGED = {
  admin: true,
  role: "owner",
  salon_id: SALON,
  salons: { [SALON]: "owner" },
  email: "owner@example.com",
  email_verified: true,
};

let environment: RulesTestEnvironment;

beforeAll(async () => {
  setLogLevel("silent");
  const [host = "", port] = (process.env.FIRESTORE_EMULATOR_HOST ?? "").split(":");
  const rules = readFileSync(new URL("../firestore.rules", import.meta.url), "utf8");
  environment = await initializeTestEnvironment({
    projectId: uniqueProjectId(),
    firestore: { host, port: Number(port), rules },
  });
  await environment.withSecurityRulesDisabled(async (context) => {
    const database = context.firestore();
    for (const path of COLLECTIONS) await database.doc(`${path}/known`).set({ salon_id: SALON });
    await database.doc(`salons/${SALON}`).set({ name: "Anjali's Salon", owner: { uid: "owner" } });
    await database.doc(`salons/${SALON}/members/member`).set({ role: "member" });
    await database.doc(`salons/${SALON}/members/owner`).set({ role: "owner" });
  });
});
afterAll(() => environment.cleanup());

type Signed = ReturnType<RulesTestEnvironment["unauthenticatedContext"]>;
const WHO: readonly [string, () => Signed][] = [
  ["nobody, without signing in,", () => environment.unauthenticatedContext()],
  ["a stranger who is signed in", () => environment.authenticatedContext("stranger")],
  ["a member of the salon", () => environment.authenticatedContext("member")],
  ["an owner of the salon", () => environment.authenticatedContext("owner")],
  ["an attacker with claims of their own making", () => environment.authenticatedContext("attacker", FORGED)],
];

describe.each(WHO)("%s", (_, signIn) => {
  let database: ReturnType<Signed["firestore"]>;
  beforeAll(() => {
    database = signIn().firestore();
  });

  test.each(COLLECTIONS)("reads, lists, creates, updates and deletes nothing in %s", async (path) => {
    const known = database.doc(`${path}/known`);
    const attempts = {
      read: known.get(),
      "read what is not there": database.doc(`${path}/not-there`).get(),
      list: database.collection(path).get(),
      "list over all parents": database.collectionGroup(path.split("/").at(-1) ?? path).get(),
      create: database.doc(`${path}/new`).set({ salon_id: SALON, created_by: "owner" }),
      merge: known.set({ critical: true }, { merge: true }),
      update: known.update({ salon_id: "salon-2" }),
      delete: known.delete(),
    };
    const ends = await Promise.allSettled(Object.values(attempts));
    const codes = ends.map((end) => (end.status === "rejected" ? end.reason.code : "was allowed"));
    const told = Object.keys(attempts).map((attempt, index) => `${attempt}: ${codes[index]}`);
    expect(told).toEqual(Object.keys(attempts).map((attempt) => `${attempt}: permission-denied`));
  });
});

test("what was refused was there to be had: without rules it is read", async () => {
  await environment.withSecurityRulesDisabled(async (context) => {
    for (const path of COLLECTIONS) {
      const known = await context.firestore().doc(`${path}/known`).get();
      expect([path, known.data()]).toEqual([path, { salon_id: SALON }]);
      expect((await context.firestore().doc(`${path}/new`).get()).exists).toBe(false);
    }
  });
});
