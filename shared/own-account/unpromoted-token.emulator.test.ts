import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import {
  ANJALI,
  type OwnAccountBench,
  type OwnSalon,
  startOwnAccountBench,
} from "#scripts/testing/own-account-bench.ts";
import { AppError } from "#shared/core/errors.ts";
import { Secret } from "#shared/core/secret.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import { webhookSegments } from "#shared/webhooks/path.ts";
import { createVerification, type VerifyWebhook } from "#shared/webhooks/verification.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;

let bench: OwnAccountBench;
/** Who verifies what the simulated Twilio sends, and what it said. */
let verify: VerifyWebhook;
const roles: string[] = [];
beforeAll(async () => {
  bench = await startOwnAccountBench();
  await bench.serve("receive-message", async (request: HttpRequest) => {
    const [salonId = ""] = webhookSegments(request.path, ["sms"]);
    const { tokenRole } = await verify(request, salonId);
    roles.push(tokenRole);
    return { status: 204, log: { salonId, tokenRole } };
  });
});
afterAll(() => bench.stop());

/** A connected salon whose owner has pasted a secondary token that nobody has promoted. */
async function unpromoted() {
  const clock = createMovingClock();
  const salon = await bench.addOwnSalon();
  const instance = bench.instance({ clock });
  verify = instance.verify;
  const { ownAccounts } = instance;
  await ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
  const token = await secondary(salon, salon.authToken);
  await ownAccounts.rotate(salon.salonId, pasted(token), ANJALI);
  return { clock, salon, token, ...instance };
}
const pasted = (token: string) => ({ method: "pasted", authToken: new Secret(token) }) as const;
const secondary = async ({ accountSid }: OwnSalon, by: string) =>
  (await bench.at(accountSid, by).createSecondaryToken()).reveal();
const promote = ({ accountSid }: OwnSalon, by: string) => bench.at(accountSid, by).promoteSecondaryToken();
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof AppError ? (error.context.reason ?? error.code) : "unknown"),
  );
const document = async ({ salonId }: OwnSalon) =>
  (await bench.database.firestore.doc(`salon_integrations/${salonId}`).get()).data() ?? {};

/** The role of the token that Twilio signs with now, or the status of the refusal. */
async function written({ number }: OwnSalon): Promise<string | number | null | undefined> {
  roles.length = 0;
  const { deliveries } = await bench.twilio.write({ to: number, from: bench.phone(), body: "Hello" });
  return deliveries[0]?.status === 204 ? roles[0] : deliveries[0]?.status;
}

/** Signed by us with a token that Twilio no longer signs with. */
async function signedWith(salon: OwnSalon, token: string): Promise<number> {
  const form = { AccountSid: salon.accountSid, To: salon.number, Body: "Hello" };
  return (await bench.post(`/webhooks/twilio/sms/${salon.salonId}`, { token, form })).status;
}

describe("a pasted secondary token that nobody promotes", () => {
  test("leaves webhooks to the old one beyond its 24 hours, in which alone it can be rolled back", async () => {
    const { salon, clock, ownAccounts, token } = await unpromoted();
    expect(await written(salon)).toBe("previous");
    clock.pass(DAY + HOUR);
    expect(await written(salon)).toBe("previous");
    expect(await reasonOf(ownAccounts.rollback(salon.salonId, ANJALI))).toBe("rollback_expired");
    expect(await ownAccounts.purgeExpired(salon.salonId)).toBe(false);
    expect(await bench.tokensOf(salon)).toEqual({ current: token, next: null, previous: salon.authToken });
    expect((await bench.stored(salon.salonId)).twilio.token_signs_since).toBeNull();
  });

  test("signs once promoted, which is noted; then the old one is refused and forgotten", async () => {
    const { salon, clock, ownAccounts, token } = await unpromoted();
    clock.pass(DAY + HOUR);
    await promote(salon, token);
    expect(await written(salon)).toBe("current");
    expect((await bench.stored(salon.salonId)).twilio.token_signs_since).toEqual(clock.now());
    expect(await signedWith(salon, salon.authToken)).toBe(204);
    expect(await ownAccounts.purgeExpired(salon.salonId)).toBe(false);
    clock.pass(900);
    expect(await signedWith(salon, salon.authToken)).toBe(403);
    expect(await ownAccounts.purgeExpired(salon.salonId)).toBe(true);
    expect(await bench.tokensOf(salon)).toEqual({ current: token, next: null, previous: null });
    expect(await written(salon)).toBe("current");
  });

  test("does not keep the old one for ever: after 90 days it is refused and forgotten", async () => {
    const { salon, clock, ownAccounts } = await unpromoted();
    clock.pass(90 * DAY - 1);
    expect(await written(salon)).toBe("previous");
    clock.pass(1);
    expect(await written(salon)).toBe(403);
    expect(await ownAccounts.purgeExpired(salon.salonId)).toBe(true);
  });

  test("is followed by another on the next day, and the one that signs stays", async () => {
    const { salon, clock, ownAccounts } = await unpromoted();
    clock.pass(DAY + HOUR);
    const second = await secondary(salon, salon.authToken);
    await ownAccounts.rotate(salon.salonId, pasted(second), ANJALI);
    expect(await bench.tokensOf(salon)).toMatchObject({ current: second, previous: salon.authToken });
    expect(await written(salon)).toBe("previous");
    const third = await secondary(salon, salon.authToken);
    await ownAccounts.save(salon.salonId, { ...bench.entered(salon), authToken: new Secret(third) }, ANJALI);
    expect(await bench.tokensOf(salon)).toMatchObject({ current: third, previous: salon.authToken });
    expect(await written(salon)).toBe("previous");
  });

  test("is left for another account, and a rollback brings back the one that signs", async () => {
    const { salon, ownAccounts } = await unpromoted();
    const other = await bench.addOwnSalon();
    await ownAccounts.save(salon.salonId, bench.entered(other), ANJALI);
    const kept = (await bench.stored(salon.salonId)).twilio;
    expect(kept).toMatchObject({ token_signs_since: null, previous: { same_account: false } });
    await ownAccounts.rollback(salon.salonId, ANJALI);
    expect(await bench.tokensOf(salon)).toMatchObject({
      current: salon.authToken,
      previous: other.authToken,
    });
    expect(await written(salon)).toBe("current");
  });

  test("is replaced by a rotation of ours, which promotes: no webhook is lost on the way", async () => {
    const { salon, clock, ownAccounts } = await unpromoted();
    clock.pass(DAY + HOUR);
    await ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    const { current, previous } = await bench.tokensOf(salon);
    expect(previous).toBe(salon.authToken);
    const account = await bench.at(salon.accountSid, current ?? "").fetchAccount();
    expect(account.authToken?.reveal()).toBe(current);
    expect((await bench.stored(salon.salonId)).twilio.token_signs_since).toEqual(clock.now());
    expect(await signedWith(salon, salon.authToken)).toBe(204);
    expect(await written(salon)).toBe("current");
  });
});

describe("a rotation of ours where a pasted secondary token is in use", () => {
  type Instance = ReturnType<OwnAccountBench["instance"]>;

  /** What becomes of a message that is sent now. */
  async function sent({ salonId }: OwnSalon, { acceptance, delivery }: Instance) {
    const to = bench.phone();
    const request = { salonId, idempotencyKey: `${to}`, channel: "sms", to, body: "See you at 10." } as const;
    const { message } = await acceptance.accept(request, { wake: false });
    const after = await delivery.deliver(message.id);
    return after?.failure?.class ?? after?.hold_reason ?? "sent";
  }

  test("fails no message on its way, in an instance that knows the old state either, and is not refused", async () => {
    const { salon } = await unpromoted();
    const knowing = bench.instance();
    const seen = [await sent(salon, knowing)];
    const { ownAccounts } = bench.instance({
      after: async (effect) => {
        if (!effect.includes("Token")) return;
        seen.push(await sent(salon, knowing), await sent(salon, bench.instance()));
      },
    });
    await ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    seen.push(await sent(salon, knowing));
    expect(seen).toEqual(["sent", "sent", "sent", "sent", "sent", "sent"]);
    const { current, next } = await bench.tokensOf(salon);
    expect([next, current === salon.authToken]).toEqual([null, false]);
    expect(await bench.stored(salon.salonId)).toMatchObject({
      status: "active",
      health: { salon_own: null },
    });
  });

  test("whose worker dies once Twilio has made the new token: messages and webhooks go on, and so may the next", async () => {
    const { salon } = await unpromoted();
    const { promise: death, resolve } = Promise.withResolvers<"dead">();
    const { ownAccounts } = bench.instance({
      after: async (effect) => {
        if (effect !== "twilio.createSecondaryToken") return;
        resolve("dead");
        await new Promise(() => {});
      },
    });
    const work = ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    expect(await Promise.race([death, work])).toBe("dead");
    const instance = bench.instance();
    expect(await sent(salon, instance)).toBe("sent");
    verify = instance.verify;
    expect(await written(salon)).toBe("current");
    expect(await reasonOf(instance.ownAccounts.rollback(salon.salonId, ANJALI))).toBe(
      "previous_no_longer_valid",
    );
    await instance.ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    expect(await written(salon)).toBe("current");
    expect(await bench.stored(salon.salonId)).toMatchObject({ status: "active" });
  });
});

describe("a token that Twilio calls the primary one", () => {
  test("needs no webhook: the old one goes after 24 hours", async () => {
    const clock = createMovingClock();
    const salon = await bench.addOwnSalon();
    const instance = bench.instance({ clock });
    await instance.ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
    const token = await secondary(salon, salon.authToken);
    await promote(salon, token);
    await instance.ownAccounts.rotate(salon.salonId, pasted(token), ANJALI);
    expect((await bench.stored(salon.salonId)).twilio.token_signs_since).toEqual(clock.now());
    clock.pass(DAY);
    expect(await instance.ownAccounts.purgeExpired(salon.salonId)).toBe(true);
  });
});

describe("noting that a token signs", () => {
  test("changes that one field, once, and neither revision nor audit", async () => {
    const { salon, token, clock } = await unpromoted();
    await promote(salon, token);
    const [before, entries] = [await document(salon), await bench.auditOf(salon.salonId)];
    expect(await written(salon)).toBe("current");
    const noted = await bench.database.firestore.doc(`salon_integrations/${salon.salonId}`).get();
    const since = clock.now();
    expect(noted.data()).toEqual({
      ...before,
      twilio: { ...before.twilio, token_signs_since: noted.get("twilio.token_signs_since") },
    });
    expect((await bench.stored(salon.salonId)).twilio.token_signs_since).toEqual(since);
    clock.pass(60);
    verify = bench.instance({ clock }).verify;
    expect(await Promise.all([written(salon), written(salon)])).not.toContain(403);
    const again = await bench.database.firestore.doc(`salon_integrations/${salon.salonId}`).get();
    expect(again.updateTime).toEqual(noted.updateTime);
    expect(await bench.auditOf(salon.salonId)).toEqual(entries);
  });

  test("asks the database nothing more once the instance knows", async () => {
    const { salon, token, integrations, vault, admission, clock } = await unpromoted();
    await promote(salon, token);
    let transactions = 0;
    const { database, logs } = bench;
    const counting: typeof database = {
      ...database,
      transact: (work) => {
        transactions += 1;
        return database.transact(work);
      },
    };
    verify = createVerification({
      database: counting,
      integrations,
      vault,
      admission,
      clock,
      logger: logs.logger,
    });
    for (let index = 0; index < 3; index += 1) expect(await written(salon)).toBe("current");
    expect(transactions).toBe(1);
  });

  test("of a token that was replaced meanwhile says nothing of the one in use", async () => {
    const { salon, token, clock, ownAccounts } = await unpromoted();
    const slow = bench.instance({ clock });
    await slow.integrations.get(salon.salonId);
    await promote(salon, token);
    const second = await secondary(salon, token);
    await ownAccounts.rotate(salon.salonId, pasted(second), ANJALI);
    verify = slow.verify;
    expect(await written(salon)).toBe("current");
    const { twilio } = await bench.stored(salon.salonId);
    expect(twilio).toMatchObject({ token_signs_since: null, previous: { same_account: true } });
    expect(await bench.tokensOf(salon)).toMatchObject({ current: second, previous: token });
  });

  test("that does not work out costs the webhook nothing, and is made up for by a later one", async () => {
    const { salon, token, integrations, vault, admission, clock } = await unpromoted();
    await promote(salon, token);
    const { database, logs } = bench;
    const away: typeof database = {
      ...database,
      transact: () =>
        Promise.reject(new AppError("unavailable", "away", { context: { service: "Firestore" } })),
    };
    const parts = { integrations, vault, admission, clock, logger: logs.logger };
    verify = createVerification({ ...parts, database: away });
    expect(await written(salon)).toBe("current");
    expect(logs.lines.join("\n")).toContain("signing token not noted");
    expect((await bench.stored(salon.salonId)).twilio.token_signs_since).toBeNull();
    verify = createVerification({ ...parts, database });
    expect(await written(salon)).toBe("current");
    expect((await bench.stored(salon.salonId)).twilio.token_signs_since).toEqual(clock.now());
  });
});
