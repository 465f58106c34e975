import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthUsers } from "#scripts/testing/auth-users.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createAuthenticate, type Identity } from "./authenticate.ts";
import { createAuthorize, type Role } from "./membership.ts";

const projectId = uniqueProjectId();
const users = createAuthUsers(projectId);
const authenticate = createAuthenticate({ projectId });
const database = createDatabase(projectId);
const authorize = createAuthorize(database, createSalons(database));
afterAll(() => database.firestore.terminate());

async function newSalon(status: "open" | "closed" = "open"): Promise<SalonId> {
  const salonId = SalonId.parse(uniqueSalonId());
  await database.firestore.doc(`salons/${salonId}`).set({ name: "Anjali's Salon", status });
  return salonId;
}

const membership = (salonId: SalonId, { uid }: Identity) =>
  database.firestore.doc(`salons/${salonId}/members/${uid}`);

const newPerson = async (claims = {}) => authenticate(await (await users.add(claims)).signIn());

async function newMember(salonId: SalonId, role: Role): Promise<Identity> {
  const person = await newPerson();
  await membership(salonId, person).set({ role, added_at: new Date() });
  return person;
}

const NOT_FOUND = { code: "not-found", message: "There is no open salon with this salon_id." };

describe("members of a salon", () => {
  let salonId: SalonId;
  beforeAll(async () => {
    salonId = await newSalon();
  });

  it.each([
    ["staff", { staff: "allowed", manager: "permission-denied", owner: "permission-denied" }],
    ["manager", { staff: "allowed", manager: "allowed", owner: "permission-denied" }],
    ["owner", { staff: "allowed", manager: "allowed", owner: "allowed" }],
  ] as const)("may do what their role %s reaches", async (role, table) => {
    const person = await newMember(salonId, role);
    const outcome = (atLeast: Role) =>
      authorize(person, salonId, atLeast).then(
        () => "allowed",
        (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
      );
    expect({
      staff: await outcome("staff"),
      manager: await outcome("manager"),
      owner: await outcome("owner"),
    }).toEqual(table);
  });

  it("are recorded with who they are and their role", async () => {
    const person = await newMember(salonId, "manager");
    expect(await authorize(person, salonId, "staff")).toEqual({
      uid: person.uid,
      email: person.email,
      role: "manager",
    });
  });

  it("are recorded without an address that nobody has verified to be theirs", async () => {
    const person = { ...(await newMember(salonId, "owner")), emailVerified: false };
    expect(await authorize(person, salonId, "staff")).toEqual({ uid: person.uid, role: "owner" });
  });

  it("get nothing from the moment they are removed, though their token is still valid", async () => {
    const authorization = await (await users.add()).signIn();
    const person = await authenticate(authorization);
    await membership(salonId, person).set({ role: "owner", added_at: new Date() });
    await expect(authorize(person, salonId, "owner")).resolves.toMatchObject({ role: "owner" });
    await membership(salonId, person).delete();
    const again = await authenticate(authorization);
    await expect(authorize(again, salonId, "staff")).rejects.toMatchObject(NOT_FOUND);
  });

  it("get what a role that changed reaches, at once", async () => {
    const person = await newMember(salonId, "owner");
    await authorize(person, salonId, "owner");
    await membership(salonId, person).update({ role: "staff" });
    await expect(authorize(person, salonId, "owner")).rejects.toMatchObject({
      code: "permission-denied",
      message: "This needs the role owner or higher; ask an owner of the salon.",
    });
  });

  it("get nothing in another salon", async () => {
    const owner = await newMember(salonId, "owner");
    await expect(authorize(owner, await newSalon(), "staff")).rejects.toMatchObject(NOT_FOUND);
  });

  it("get nothing from a role that is none", async () => {
    const person = await newPerson();
    await membership(salonId, person).set({ role: "operator", added_at: new Date() });
    await expect(authorize(person, salonId, "staff")).rejects.toMatchObject({ code: "failed-precondition" });
  });
});

describe("a stranger", () => {
  it("cannot tell an open salon, a closed one and none apart", async () => {
    const stranger = await newPerson();
    const [open, closed] = [await newSalon(), await newSalon("closed")];
    const none = SalonId.parse(uniqueSalonId());
    for (const salonId of [open, closed, none]) {
      const refusal = await authorize(stranger, salonId, "staff").catch((error: unknown) => error);
      expect(refusal).toMatchObject({ ...NOT_FOUND, context: { field: "salon_id", salonId } });
    }
  });

  it("cannot tell that a salon's document is malformed", async () => {
    const salonId = await newSalon();
    await database.firestore.doc(`salons/${salonId}`).set({ status: 7 });
    await expect(authorize(await newPerson(), salonId, "staff")).rejects.toMatchObject(NOT_FOUND);
  });
});

describe("a closed salon", () => {
  it("is none to its own members and to operators", async () => {
    const salonId = await newSalon("closed");
    const owner = await newMember(salonId, "owner");
    const operator = await newPerson({ platform_admin: true });
    await expect(authorize(owner, salonId, "staff")).rejects.toMatchObject(NOT_FOUND);
    await expect(authorize(operator, salonId, "staff")).rejects.toMatchObject(NOT_FOUND);
  });

  it("lets in who reaches the role where members may come although it is closed, and nobody else", async () => {
    const salonId = await newSalon("closed");
    const [owner, manager] = [await newMember(salonId, "owner"), await newMember(salonId, "manager")];
    const operator = await newPerson({ platform_admin: true });
    const enter = (person: Identity) => authorize(person, salonId, "owner", { alsoClosed: true });
    expect(await enter(owner)).toMatchObject({ uid: owner.uid, role: "owner" });
    for (const person of [manager, operator, await newPerson()])
      await expect(enter(person)).rejects.toMatchObject(NOT_FOUND);
  });
});

describe("an operator", () => {
  it("may do what an owner may in every salon, and is recorded as operator even where they are a member", async () => {
    const operator = await newPerson({ platform_admin: true });
    const [stranger, member] = [await newSalon(), await newSalon()];
    await membership(member, operator).set({ role: "staff", added_at: new Date() });
    const { uid, email } = operator;
    expect(await authorize(operator, stranger, "owner")).toEqual({ uid, email, role: "operator" });
    expect(await authorize(operator, member, "owner")).toEqual({ uid, email, role: "operator" });
  });
});
