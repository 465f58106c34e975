import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it, vi } from "vitest";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { CallerEmail, createCallerPolicies } from "./caller-policies.ts";

const database = createDatabase(uniqueProjectId());
afterAll(() => database.firestore.terminate());

const newSalon = () => SalonId.parse(uniqueSalonId());
const newEmail = () => CallerEmail.parse(`${uniqueSalonId()}@salon-flow.iam.gserviceaccount.com`);
const documentOf = (email: CallerEmail) => database.firestore.collection("callers").doc(email);

async function newCaller(policy: object): Promise<CallerEmail> {
  const email = newEmail();
  await documentOf(email).set(policy);
  return email;
}
const { actsFor, authorizeCaller } = createCallerPolicies(database);
const NO_SALON = { code: "not-found", message: "There is no open salon with this salon_id." };

describe("a service", () => {
  it("sends for the salons of its policy, and no other", async () => {
    const [salon, other] = [newSalon(), newSalon()];
    const email = await newCaller({ salons: [salon] });
    await expect(authorizeCaller(email, salon, { critical: false })).resolves.toBeUndefined();
    await expect(authorizeCaller(email, other, { critical: false })).rejects.toMatchObject(NO_SALON);
    expect([await actsFor(email, salon), await actsFor(email, other)]).toEqual([true, false]);
  });

  it("sends for every salon when its policy says so", async () => {
    const email = await newCaller({ salons: "*" });
    await expect(authorizeCaller(email, newSalon(), { critical: false })).resolves.toBeUndefined();
  });

  it("sends critical messages only when its policy says so", async () => {
    const salon = newSalon();
    const [may, mayNot] = [
      await newCaller({ salons: [salon], may_send_critical: true }),
      await newCaller({ salons: [salon] }),
    ];
    await expect(authorizeCaller(may, salon, { critical: true })).resolves.toBeUndefined();
    await expect(authorizeCaller(mayNot, salon, { critical: true })).rejects.toMatchObject({
      code: "permission-denied",
      context: { field: "critical" },
    });
  });

  it("cannot tell by critical that a salon exists", async () => {
    const email = await newCaller({ salons: [newSalon()] });
    await expect(authorizeCaller(email, newSalon(), { critical: true })).rejects.toMatchObject(NO_SALON);
  });

  it.each([
    ["without a policy", undefined],
    ["with none of its salons", { salons: [] }],
    ["that is disabled", { salons: "*", may_send_critical: true, disabled: true }],
  ])("%s gets the very answer of a salon that does not exist", async (_, policy) => {
    const salonId = newSalon();
    await database.firestore.doc(`salons/${salonId}`).set({ name: "Anjali's Salon" });
    const email = policy === undefined ? newEmail() : await newCaller(policy);
    const refusal = await authorizeCaller(email, salonId, { critical: false }).catch(
      (error: unknown) => error,
    );
    const none = await createSalons(database)
      .open(newSalon())
      .catch((error: unknown) => error);
    expect(none).toMatchObject(NO_SALON);
    expect(refusal).toMatchObject({ ...NO_SALON, context: { field: "salon_id", salonId } });
  });

  it.each([[{}], [{ salons: "salon-1" }], [{ salons: "*", disabled: "yes" }], [{ salons: ["../x"] }]])(
    "sends nothing when its policy is malformed: %j",
    async (policy) => {
      const email = await newCaller(policy);
      await expect(authorizeCaller(email, newSalon(), { critical: false })).rejects.toMatchObject({
        code: "failed-precondition",
      });
    },
  );

  it("is read once in 30 seconds, and disabled by then", async () => {
    const email = await newCaller({ salons: "*" });
    const salonId = newSalon();
    const start = performance.now();
    const time = vi.spyOn(performance, "now").mockReturnValue(start);
    const pass = async (seconds: number) => {
      time.mockReturnValue(start + seconds * 1_000);
      await sleep(5); // the cache looks at the time once a millisecond
    };
    const policies = createCallerPolicies(database);
    expect(await policies.actsFor(email, salonId)).toBe(true);
    await documentOf(email).update({ disabled: true });
    await pass(29);
    expect(await policies.actsFor(email, salonId)).toBe(true);
    await pass(31);
    expect(await policies.actsFor(email, salonId)).toBe(false);
    time.mockRestore();
  });
});
