import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Asked, DASHBOARD, startDashboardBench } from "#scripts/testing/dashboard-bench.ts";
import { linesOf } from "#scripts/testing/described-api.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import { refusal } from "#shared/own-account/refusals.ts";

type Bench = Awaited<ReturnType<typeof startDashboardBench>>;
type Member = Awaited<ReturnType<Bench["member"]>>;

const ACCOUNT_SID = `AC${"0123456789abcdef".repeat(2)}`;
const AUTH_TOKEN = "5ec7e75ec7e75ec7e75ec7e75ec7e7aa";
const PHONE = "+14155550188";
const OWN_ACCOUNT = {
  account_sid: ACCOUNT_SID,
  auth_token: AUTH_TOKEN,
  phone_number: PHONE,
  mode: "production",
};
const POLLING = { timeout: 5_000, interval: 100 };
const AGENT = "Dashboard-Canary/7.3";
const IP = "203.0.113.77";

interface Case {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly atLeast: "staff" | "manager" | "owner";
  readonly recent?: boolean;
  /** Owners have it although their salon has closed. */
  readonly alsoClosed?: boolean;
  readonly status: number;
  readonly operation?: string;
}
/** Every route. `confirm` stands for the salon's id. */
const ROUTES: readonly Case[] = [
  { method: "GET", path: "/integration", atLeast: "staff", status: 200 },
  { method: "POST", path: "/platform", atLeast: "manager", status: 202 },
  {
    method: "POST",
    path: "/use",
    body: { which: "platform" },
    atLeast: "manager",
    status: 204,
    operation: "use",
  },
  { method: "POST", path: "/test-message", atLeast: "manager", status: 200, operation: "sendTest" },
  {
    method: "PUT",
    path: "/own-account",
    body: OWN_ACCOUNT,
    atLeast: "owner",
    recent: true,
    status: 200,
    operation: "save",
  },
  {
    method: "POST",
    path: "/own-account/rotate",
    body: { method: "pasted", auth_token: AUTH_TOKEN },
    atLeast: "owner",
    recent: true,
    status: 200,
    operation: "rotate",
  },
  {
    method: "POST",
    path: "/own-account/rollback",
    atLeast: "owner",
    recent: true,
    status: 204,
    operation: "rollback",
  },
  {
    method: "DELETE",
    path: "/own-account",
    atLeast: "owner",
    recent: true,
    alsoClosed: true,
    status: 200,
    operation: "disconnect",
  },
  { method: "GET", path: "/webhooks", atLeast: "staff", status: 200, operation: "webhookStatus" },
  {
    method: "POST",
    path: "/webhooks/repair",
    atLeast: "manager",
    status: 200,
    operation: "repairWebhooks",
  },
  { method: "GET", path: "/export", atLeast: "owner", recent: true, alsoClosed: true, status: 200 },
  {
    method: "POST",
    path: "/erase",
    body: { confirm: "" },
    atLeast: "owner",
    recent: true,
    alsoClosed: true,
    status: 202,
  },
  { method: "GET", path: "/erase", atLeast: "owner", alsoClosed: true, status: 200 },
  { method: "GET", path: "/voicemails", atLeast: "staff", status: 200 },
  // Of no such recording; voicemails.emulator.test.ts has those that there are.
  { method: "GET", path: "/voicemails/{recordingSid}", atLeast: "staff", status: 404 },
];
const TABLE = ROUTES.map((route): [string, Case] => [`${route.method} ${route.path}`, route]);
const RANK = { staff: 1, manager: 2, owner: 3, operator: 3 };

let bench: Bench;
let salonId: SalonId;
let other: SalonId;
/** Whose data is being erased; otherwise with the same people. */
let leaving: SalonId;
let people: Record<keyof typeof RANK, { readonly as: string; readonly uid: string; readonly email: string }>;
let stranger: Member;

beforeAll(async () => {
  bench = await startDashboardBench();
  salonId = await bench.salon();
  other = await bench.salon();
  people = {
    staff: await bench.member(salonId, "staff"),
    manager: await bench.member(salonId, "manager"),
    owner: await bench.member(salonId, "owner"),
    operator: await bench.person({ platform_admin: true }),
  };
  stranger = await bench.member(other, "owner");
  leaving = await bench.salon();
  for (const role of ["staff", "manager", "owner"] as const)
    await bench.addMember(leaving, people[role].uid, role);
  await bench.erasures.request(leaving, { actor: { kind: "member", id: people.owner.uid } });
});
afterAll(() => bench.stop());

function asked({ method, path, body }: Case, salon: string, as?: string): Asked {
  const sent = method === "POST" && path === "/erase" ? { confirm: salon } : body;
  return {
    as,
    ...(sent === undefined ? {} : { body: sent }),
    headers: { "x-forwarded-for": `10.9.8.7, ${IP}`, "user-agent": AGENT },
  };
}
const request = (route: Case, salon: string, as?: string) =>
  bench.ask(route.method, `/v1/salons/${salon}${route.path}`, asked(route, salon, as));
const homeOf = ({ path }: Case) => (path === "/erase" ? leaving : salonId);
const operationsSince = (count: number) => bench.operations.slice(count);
const own = (path: string) => `/v1/salons/${salonId}${path}`;

test("the description has every route, and no other", () => {
  expect(bench.description.openapi).toBe("3.1.1");
  const described = bench.description.operations.map(({ method, path }) => `${method} ${path}`);
  expect(described.toSorted()).toEqual(
    ROUTES.map(({ method, path }) => `${method} /v1/salons/{salonId}${path}`).toSorted(),
  );
});

describe.each(TABLE)("%s", (_, route) => {
  test.each(["staff", "manager", "owner", "operator"] as const)(
    "is for whom it should be: %s",
    async (who) => {
      const before = bench.operations.length;
      const answer = await request(route, homeOf(route), people[who].as);
      const allowed = RANK[who] >= RANK[route.atLeast];
      expect(answer.status, answer.text).toBe(allowed ? route.status : 403);
      const called = operationsSince(before);
      if (!allowed) {
        expect(answer.body.error.code).toBe("permission-denied");
        expect(called).toEqual([]);
      } else if (route.operation !== undefined) {
        expect(called.map(({ name }) => name)).toEqual([route.operation]);
        expect(called[0]?.given[0]).toBe(homeOf(route));
      }
    },
  );

  test("is for nobody who is not signed in", async () => {
    const before = bench.operations.length;
    for (const as of [undefined, "Bearer", "Bearer a.b.c", `Basic ${btoa("a:b")}`])
      expect(await request(route, salonId, as)).toMatchObject({
        status: 401,
        body: { error: { code: "unauthenticated" } },
      });
    expect(operationsSince(before)).toEqual([]);
  });

  test("shows a salon of others, by any of its names, as one that does not exist: byte for byte", async () => {
    const before = bench.operations.length;
    const nobody = await request(route, uniqueSalonId(), stranger.as);
    expect(nobody).toMatchObject({ status: 404, body: { error: { code: "not-found" } } });
    const closed = await bench.salon({ status: "closed" });
    await bench.addMember(closed, stranger.uid, route.alsoClosed === true ? "manager" : "owner");
    const salons = [
      salonId,
      leaving,
      closed,
      "x",
      "..%2f..",
      `${other}%2f..%2f${salonId}`,
      `${salonId}%00`,
      "a".repeat(65),
    ];
    for (const salon of salons) {
      const answer = await request(route, salon, stranger.as);
      expect([answer.status, answer.text]).toEqual([404, nobody.text]);
    }
    expect(operationsSince(before)).toEqual([]);
  });

  test(`is ${route.alsoClosed === true ? "" : "not "}for the owner of a salon that has closed`, async () => {
    const closed = await bench.salon({ status: "closed" });
    await bench.addMember(closed, people.owner.uid, "owner");
    if (route.path === "/erase")
      await bench.erasures.request(closed, { actor: { kind: "member", id: people.owner.uid } });
    const answer = await request(route, closed, people.owner.as);
    expect(answer.status, answer.text).toBe(route.alsoClosed === true ? route.status : 404);
  });

  test("shows a stranger's malformed body no more than that", async () => {
    const nobody = await request(route, uniqueSalonId(), stranger.as);
    const path = own(route.path);
    if (route.method === "GET") return;
    const answer = await bench.ask(route.method, path, { as: stranger.as, body: { nonsense: true } });
    expect([answer.status, answer.text]).toEqual([404, nobody.text]);
  });

  test(`${route.recent ? "needs" : "does not need"} a sign-in of the last five minutes`, async () => {
    const before = bench.operations.length;
    const salon = homeOf(route);
    const path = `/v1/salons/${salon}${route.path}`;
    const answer = await bench.askLater(route.method, path, asked(route, salon, people.owner.as));
    expect(answer.status, answer.text).toBe(route.recent ? 403 : route.status);
    if (!route.recent) return;
    expect(answer.body.error).toMatchObject({ code: "permission-denied", reason: "sign_in_again" });
    expect(operationsSince(before)).toEqual([]);
    const operator = await bench.askLater(route.method, path, asked(route, salon, people.operator.as));
    expect(operator.status).toBe(403);
  });
});

describe("a session that is over", () => {
  test("by removal from the salon opens nothing, though the token is valid", async () => {
    const removed = await bench.member(salonId, "owner");
    expect((await request({ ...integration }, salonId, removed.as)).status).toBe(200);
    await removed.membership.delete();
    const nobody = await request(integration, uniqueSalonId(), removed.as);
    for (const [, route] of TABLE) {
      const answer = await request(route, salonId, removed.as);
      expect([answer.status, answer.text]).toEqual([404, nobody.text]);
    }
  });

  test("by revocation opens nothing", async () => {
    const revoked = await bench.member(salonId, "owner");
    // Firebase counts in whole seconds: a revocation in the second of the sign-in leaves it valid.
    await expect
      .poll(async () => {
        await bench.users.auth.revokeRefreshTokens(revoked.uid);
        return (await request(integration, salonId, revoked.as)).status;
      }, POLLING)
      .toBe(401);
    for (const [, route] of TABLE) expect((await request(route, salonId, revoked.as)).status).toBe(401);
  });
});

const integration: Case = { method: "GET", path: "/integration", atLeast: "staff", status: 200 };

describe("what the operations are told", () => {
  const given = (name: string) =>
    bench.operations.findLast((operation) => operation.name === name)?.given ?? [];

  test("who asked, from which address, and with what", async () => {
    await request(
      { method: "POST", path: "/webhooks/repair", atLeast: "manager", status: 200 },
      salonId,
      people.manager.as,
    );
    expect(given("repairWebhooks")[1]).toEqual({
      actor: { kind: "member", id: people.manager.uid },
      name: people.manager.email,
      origin: { ip: IP, userAgent: AGENT },
    });
  });

  test("that an operator is one", async () => {
    await request(
      { method: "POST", path: "/webhooks/repair", atLeast: "manager", status: 200 },
      salonId,
      people.operator.as,
    );
    expect(given("repairWebhooks")[1]).toMatchObject({
      actor: { kind: "operator", id: people.operator.uid },
      name: "Salon Flow support",
    });
  });

  test("the account that was entered, its token as a Secret", async () => {
    const body = { ...OWN_ACCOUNT, auth_token: ` ${AUTH_TOKEN}\n`, whatsapp_number: null };
    const { status, body: answer } = await bench.ask("PUT", own("/own-account"), {
      as: people.owner.as,
      body,
    });
    expect(status).toBe(200);
    expect(answer.steps).toEqual([
      { step: "validate", outcome: "done", reason: null, message: null },
      { step: "save", outcome: "done", reason: null, message: null },
    ]);
    const account = given("save")[1];
    expect(account).toEqual({
      accountSid: ACCOUNT_SID,
      authToken: expect.any(Secret),
      phoneNumber: PHONE,
      whatsappNumber: undefined,
      mode: "production",
    });
    expect(JSON.stringify(account)).not.toContain(AUTH_TOKEN);
    expect(account).toSatisfy(({ authToken }: { authToken: Secret }) => authToken.reveal() === AUTH_TOKEN);
  });

  test("how to rotate, and until when it can be rolled back is answered", async () => {
    const rotate = (body: object) =>
      bench.ask("POST", own("/own-account/rotate"), { as: people.owner.as, body });
    const pasted = await rotate({ method: "pasted", auth_token: AUTH_TOKEN, account_sid: ACCOUNT_SID });
    expect(pasted.body).toEqual({ rollback_until: "2026-03-02T10:00:00.000Z" });
    expect(given("rotate")[1]).toEqual({
      method: "pasted",
      authToken: expect.any(Secret),
      accountSid: ACCOUNT_SID,
    });
    expect((await rotate({ method: "rotate_for_me" })).status).toBe(200);
    expect(given("rotate")[1]).toEqual({ method: "rotate_for_me" });
  });
});

describe("the salon's data", () => {
  const revisionOf = async (id: string) =>
    (await bench.database.firestore.doc(`salon_integrations/${id}`).get()).get("revision");
  async function salon() {
    const id = await bench.salon();
    const owner = await bench.member(id, "owner");
    const { firestore } = bench.database;
    const auth_token = await bench.seal(id, "auth_token", AUTH_TOKEN);
    await firestore
      .doc(`salon_integrations/${id}`)
      .set({ salon_id: id, twilio: { auth_token }, status: "active" });
    const ask = (method: string, path: string, body?: object) =>
      bench.ask(method, `/v1/salons/${id}${path}`, { as: owner.as, ...(body === undefined ? {} : { body }) });
    const audited = async () =>
      (await firestore.collection("integration_audit").where("salon_id", "==", id).get()).docs.map((entry) =>
        entry.data(),
      );
    return { id, owner, ask, audited, auth_token };
  }

  test("is exported as lines of JSON without credentials, counted by the last one, audited", async () => {
    const { id, owner, ask, audited, auth_token } = await salon();
    const exported = await ask("GET", "/export");
    expect(exported.status).toBe(200);
    expect(exported.headers.get("content-type")).toMatch(/^application\/x-ndjson/);
    const lines = linesOf(exported.text);
    expect(lines).toContainEqual({
      collection: "salon_integrations",
      id,
      data: expect.objectContaining({ salon_id: id, status: "active" }),
    });
    expect(lines.at(-1)).toEqual({ end: true, documents: lines.length - 1 });
    expect(exported.text).not.toContain(auth_token.ciphertext);
    expect(await audited()).toMatchObject([
      { action: "data_exported", actor: { kind: "member", id: owner.uid } },
    ]);
  });

  test("is erased once its owner confirms which: begun at once, told by GET, and asked for twice the same", async () => {
    const { id, ask } = await salon();
    expect(await ask("GET", "/erase")).toMatchObject({ status: 404, body: { error: { code: "not-found" } } });
    expect((await ask("POST", "/erase", { confirm: other })).status).toBe(400);
    expect(await bench.erasures.get(id)).toBeUndefined();
    const begun = await ask("POST", "/erase", { confirm: id });
    expect(begun).toMatchObject({
      status: 202,
      body: { state: "waiting", step: "redact", finished_at: null },
    });
    expect((await ask("POST", "/erase", { confirm: id })).body).toEqual(begun.body);
    expect((await ask("GET", "/erase")).body).toEqual(begun.body);
    expect(begun.text).not.toMatch(/salon\.example|requested_by|"lease"/);
  });

  test("is not brought back while it is being erased: messaging cannot be asked for, what there is can be read", async () => {
    const before = await revisionOf(leaving);
    expect(await bench.ask("POST", `/v1/salons/${leaving}/platform`, { as: people.owner.as })).toMatchObject({
      status: 409,
      body: { error: { code: "conflict", reason: "erasure_under_way" } },
    });
    expect(await revisionOf(leaving)).toBe(before);
    expect((await request(integration, leaving, people.owner.as)).status).toBe(200);
  });
});

describe("an operation that fails", () => {
  const save = () => bench.ask("PUT", own("/own-account"), { as: people.owner.as, body: OWN_ACCOUNT });

  test("says in the owner's words what to do, in which field, and never repeats the token", async () => {
    bench.failWith(refusal("credentials_rejected"));
    const answer = await save();
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: {
          code: "invalid-argument",
          message: expect.stringMatching(/^Twilio does not accept this Account SID/),
          field: "auth_token",
          reason: "credentials_rejected",
        },
      },
    });
    expect(answer.text).not.toContain(AUTH_TOKEN);
  });

  test("because somebody else was faster is a conflict", async () => {
    bench.failWith(new AppError("conflict", "Somebody else changed the account meanwhile."));
    expect((await save()).status).toBe(409);
  });

  test("in a way nobody thought of says nothing of it", async () => {
    bench.failWith(new Error(`auth failed for ${ACCOUNT_SID}:${AUTH_TOKEN}`));
    const answer = await save();
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/AC0123|5ec7e7/);
  });
});

describe("a body that cannot be is refused, with the field named and not repeated", () => {
  const account = (changes: object) => ({ ...OWN_ACCOUNT, ...changes });
  const without = (field: string) =>
    Object.fromEntries(Object.entries(OWN_ACCOUNT).filter(([name]) => name !== field));
  const put = (body: object | string) => ["PUT", "/own-account", body] as const;
  const rotate = (body: object | string) => ["POST", "/own-account/rotate", body] as const;
  const CANARY = "canary-5ec7e7";

  test.each([
    ["no SID", put(without("account_sid")), "account_sid"],
    ["an empty SID", put(account({ account_sid: " " })), "account_sid"],
    ["a SID that is endless", put(account({ account_sid: CANARY.repeat(9) })), "account_sid"],
    ["no token", put(without("auth_token")), "auth_token"],
    ["a short token", put(account({ auth_token: CANARY })), "auth_token"],
    ["a token of words", put(account({ auth_token: `${CANARY} and some more words` })), "auth_token"],
    ["a token that is an object", put(account({ auth_token: { reveal: CANARY } })), "auth_token"],
    ["a number without +", put(account({ phone_number: "14155550188" })), "phone_number"],
    ["a WhatsApp address", put(account({ whatsapp_number: `whatsapp:${PHONE}` })), "whatsapp_number"],
    ["an unknown mode", put(account({ mode: CANARY })), "mode"],
    ["an unknown field", put(account({ is_active: true })), "is_active"],
    ["an envelope", put(account({ previous: {} })), "previous"],
    ["an empty object", put({}), "account_sid"],
    ["a list", put([]), "body"],
    ["nothing", put(""), "body"],
    ["no method", rotate({}), "method"],
    ["an unknown method", rotate({ method: CANARY }), "method"],
    ["a pasted rotation without a token", rotate({ method: "pasted" }), "auth_token"],
    [
      "a token where none is needed",
      rotate({ method: "rotate_for_me", auth_token: AUTH_TOKEN }),
      "auth_token",
    ],
    ["no account to use", ["POST", "/use", {}] as const, "which"],
    ["an unknown account to use", ["POST", "/use", { which: CANARY }] as const, "which"],
    ["no confirmation", ["POST", "/erase", {}] as const, "confirm"],
    ["another salon's confirmation", ["POST", "/erase", { confirm: CANARY }] as const, "confirm"],
  ])("%s", async (_, [method, path, body], field) => {
    const before = bench.operations.length;
    const answer = await bench.ask(method, own(path), { as: people.owner.as, body });
    expect(answer, answer.text).toMatchObject({
      status: 400,
      body: { error: { code: "invalid-argument", field } },
    });
    expect(answer.text).not.toMatch(/5ec7e7|4155550188/);
    expect(operationsSince(before)).toEqual([]);
  });

  test("a form, and more than 16 KB", async () => {
    const form = { as: people.owner.as, body: "which=platform", type: "application/x-www-form-urlencoded" };
    expect((await bench.ask("POST", own("/use"), form)).status).toBe(415);
    const long = { as: people.owner.as, body: { which: "platform", more: "a".repeat(16_384) } };
    expect((await bench.ask("POST", own("/use"), long)).status).toBe(413);
  });
});

describe("the integration as it is shown", () => {
  const show = async (salon: SalonId, as: string) =>
    (await bench.ask("GET", `/v1/salons/${salon}/integration`, { as })).body;

  test("of a salon that has none", async () => {
    expect(await show(other, stranger.as)).toEqual({
      salon_id: other,
      your_role: "owner",
      requested: null,
      status: "not_configured",
      status_reason: null,
      revision: 0,
      own_account: null,
      platform: null,
      platform_set_up: null,
      webhook_addresses: {
        sms: `https://hooks.salonflow.example/webhooks/twilio/sms/${other}#rc=3&rp=5xx,ct,rt`,
        whatsapp: `https://hooks.salonflow.example/webhooks/twilio/whatsapp/${other}#rc=3&rp=5xx,ct,rt`,
        voice: `https://hooks.salonflow.example/webhooks/twilio/voice/${other}#rc=3&rp=5xx,ct,rt`,
        status_callback: `https://hooks.salonflow.example/webhooks/twilio/status/${other}#rc=3&rp=5xx,ct,rt`,
      },
    });
  });

  test("has four characters of the own SID, and nothing of an envelope", async () => {
    const salon = await bench.salon();
    const { as } = await bench.member(salon, "staff");
    const account_sid = await bench.seal(salon, "account_sid", ACCOUNT_SID);
    const auth_token = await bench.seal(salon, "auth_token", AUTH_TOKEN);
    const twilio = { account_sid, auth_token, phone_number: PHONE, is_active: true, mode: "production" };
    await bench.database.firestore
      .doc(`salon_integrations/${salon}`)
      .set({ salon_id: salon, twilio, status: "active" });
    const view = await show(salon, as);
    expect(view).toMatchObject({
      your_role: "staff",
      status: "active",
      own_account: {
        account_sid_last4: "cdef",
        phone_number: PHONE,
        is_active: true,
        rotation_under_way: false,
      },
    });
    const text = JSON.stringify(view);
    for (const part of [ACCOUNT_SID, AUTH_TOKEN, ...Object.values(account_sid), ...Object.values(auth_token)])
      if (part !== "2") expect(text).not.toContain(part);
  });

  test("still shows the rest where the SID does not open, such as one of another salon", async () => {
    const salon = await bench.salon();
    const { as } = await bench.member(salon, "staff");
    const account_sid = await bench.seal(other, "account_sid", ACCOUNT_SID);
    await bench.database.firestore
      .doc(`salon_integrations/${salon}`)
      .set({ salon_id: salon, twilio: { account_sid } });
    expect((await show(salon, as)).own_account).toMatchObject({ account_sid_last4: null });
  });

  test("shows a change at once, past every cache", async () => {
    const salon = await bench.salon();
    const { as } = await bench.member(salon, "staff");
    const reference = bench.database.firestore.doc(`salon_integrations/${salon}`);
    await reference.set({ salon_id: salon, status: "partial" });
    expect((await show(salon, as)).status).toBe("partial");
    await reference.set({ salon_id: salon, status: "active" });
    expect((await show(salon, as)).status).toBe("active");
  });

  test("shows how far the set-up is", async () => {
    const salon = await bench.salon();
    const { as } = await bench.member(salon, "staff");
    const at = new Date("2026-03-01T10:00:00Z");
    await bench.database.firestore.doc(`provisioning/${salon}`).set({
      salon_id: salon,
      state: "failed",
      step: "number",
      attempts: 8,
      last_error: { step: "number", code: "unavailable", reason: "No number to be had.", at },
      requested_at: at,
      started_at: at,
      ready_at: null,
    });
    expect((await show(salon, as)).platform_set_up).toEqual({
      state: "failed",
      step: "number",
      reason: "No number to be had.",
      requested_at: "2026-03-01T10:00:00.000Z",
      ready_at: null,
    });
  });
});

describe("switching platform messaging on", () => {
  async function salon() {
    const id = await bench.salon();
    const manager = await bench.member(id, "manager");
    const { firestore } = bench.database;
    const reference = firestore.doc(`salon_integrations/${id}`);
    return {
      id,
      manager,
      reference,
      enable: () => bench.ask("POST", `/v1/salons/${id}/platform`, { as: manager.as }),
      stored: async () => (await reference.get()).data(),
      entries: async () =>
        (await firestore.collection("integration_audit").where("salon_id", "==", id).get()).docs.map(
          (entry) => entry.data(),
        ),
    };
  }

  test("writes what is wanted, who wants it, and its audit entry", async () => {
    const { enable, stored, entries, manager } = await salon();
    expect(await enable()).toMatchObject({ status: 202, text: "" });
    expect(await stored()).toMatchObject({
      requested: { messaging: "platform", by: manager.uid },
      revision: 1,
      created_by: manager.uid,
      updated_by: manager.uid,
    });
    expect(await entries()).toMatchObject([
      {
        action: "platform_enabled",
        actor: { kind: "member", id: manager.uid },
        outcome: { result: "succeeded" },
      },
    ]);
  });

  test("asks again where it has failed, and leaves the rest of the document as it is", async () => {
    const { id, enable, stored, reference } = await salon();
    const at = new Date("2026-01-01T00:00:00Z");
    const requested = { messaging: "platform", by: "somebody", at };
    await reference.set({ salon_id: id, requested, status: "error", revision: 4, theirs: "kept" });
    expect((await enable()).status).toBe(202);
    const document = await stored();
    expect(document).toMatchObject({ status: "error", revision: 5, theirs: "kept" });
    expect(document?.requested.at.toDate().getTime()).toBeGreaterThan(at.getTime());
  });

  test("changes nothing where it is on", async () => {
    const { id, enable, stored, entries, reference } = await salon();
    const requested = { messaging: "platform", by: "somebody", at: new Date() };
    const sealed = await bench.seal(id, "auth_token", AUTH_TOKEN);
    const platform = { parent: "default", account_sid: sealed, auth_token: sealed, is_active: true };
    await reference.set({ salon_id: id, requested, platform, revision: 7 });
    expect((await enable()).status).toBe(202);
    expect(await stored()).toMatchObject({ revision: 7 });
    expect(await entries()).toEqual([]);
  });
});

test.each([
  ["GET", "/v1/salons", 404],
  ["GET", "/v1/salons/", 404],
  ["GET", "/v1/salons/salon-1", 404],
  ["GET", "/v1/salons/salon-1/", 404],
  ["GET", "/v1/salons/salon-1/integration/", 404],
  ["GET", "/v1/salons/salon-1//integration", 404],
  ["GET", "/v2/salons/salon-1/integration", 404],
  ["GET", "/v1/salons/salon-1/__proto__", 404],
  ["POST", "/v1/salons/salon-1/integration", 405],
  ["PATCH", "/v1/salons/salon-1/own-account", 405],
  ["POST", "/v1/openapi.json", 405],
])("%s %s is answered %d, whoever asks", async (method, path, status) => {
  expect((await bench.ask(method, path)).status).toBe(status);
});

describe("pages of other origins", () => {
  const preflight = (origin: string) =>
    bench.ask("OPTIONS", own("/own-account"), {
      headers: { origin, "access-control-request-method": "PUT" },
    });

  test("the dashboard's may ask, and read the answers, refusals too", async () => {
    const { status, headers } = await preflight(DASHBOARD);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(DASHBOARD);
    expect(headers.get("access-control-allow-methods")).toContain("PUT");
    expect(headers.get("access-control-allow-headers")).toBe("Authorization, Content-Type");
    expect(headers.get("access-control-allow-credentials")).toBeNull();
    const refused = await bench.ask("GET", own("/integration"), { headers: { origin: DASHBOARD } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("access-control-allow-origin")).toBe(DASHBOARD);
    expect(refused.headers.get("vary")).toContain("Origin");
    expect(refused.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    "https://dashboard.salonflow.example.evil.example",
    "https://evil-dashboard.salonflow.example",
    "http://dashboard.salonflow.example",
    "https://DASHBOARD.salonflow.example",
    "https://dashboard.salonflow.example:444",
    "null",
  ])("%s may not", async (origin) => {
    for (const { headers } of [
      await preflight(origin),
      await bench.ask("GET", own("/integration"), { as: people.owner.as, headers: { origin } }),
    ]) {
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("access-control-allow-methods")).toBeNull();
    }
  });
});

test("nothing secret and nothing of a person is in the log of all this", () => {
  const { lines } = bench.logs;
  printCount(`manage-integration: ${lines.length} lines of log searched`);
  expect(lines.length).toBeGreaterThan(300);
  const tokens = [...Object.values(people), stranger].map(({ as }) => as.slice("Bearer ".length));
  const secrets = [
    AUTH_TOKEN,
    ACCOUNT_SID,
    "canary",
    PHONE.slice(1),
    IP,
    "10.9.8.7",
    AGENT,
    "@salon.example",
    "Anjali",
  ];
  expect(bench.logs.leaked([...tokens, ...secrets])).toEqual([]);
  expect(lines.some((line) => line.includes('"step":"rotateCredentials"'))).toBe(true);
});
