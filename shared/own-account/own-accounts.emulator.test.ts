import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dutiesOf } from "#functions/maintain-salons/duties.ts";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import {
  ANJALI,
  type OwnAccountBench,
  type OwnSalon,
  startOwnAccountBench,
} from "#scripts/testing/own-account-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import type { OwnAccounts } from "./own-accounts.ts";
import { type OwnAccount, SANDBOX_NUMBER } from "./validation.ts";

type Resuming = Pick<OwnAccounts, "resumeRotation">;

const DAY_SECONDS = 86_400;
const THEIRS = "https://crm.example.org/sms";

let bench: OwnAccountBench;
beforeAll(async () => {
  bench = await startOwnAccountBench();
});
afterAll(() => bench.stop());

async function connected(options: Parameters<OwnAccountBench["instance"]>[0] = {}) {
  const salon = await bench.addOwnSalon();
  const instance = bench.instance(options);
  const account = bench.at(salon.accountSid, salon.authToken);
  await account.restoreNumber(salon.numberSid, { ...NOTHING, smsUrl: THEIRS });
  const steps = await instance.ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
  return { salon, steps, ...instance };
}
const NOTHING = {
  smsUrl: "",
  smsMethod: "POST",
  smsFallbackUrl: "",
  smsFallbackMethod: "POST",
  smsApplicationSid: "",
  voiceUrl: "",
  voiceMethod: "POST",
  voiceFallbackUrl: "",
  voiceFallbackMethod: "POST",
  voiceApplicationSid: "",
  statusCallback: "",
  statusCallbackMethod: "POST",
  trunkSid: "",
};
const pasted = (token: string) => ({ method: "pasted", authToken: new Secret(token) }) as const;
const notices = async ({ salonId }: OwnSalon) =>
  (await bench.documents("notifications", salonId)).map(({ kind, facts }) => ({ kind, facts }));
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof AppError ? (error.context.reason ?? error.code) : "unknown"),
  );
const secondary = async ({ accountSid, authToken }: OwnSalon) =>
  (await bench.at(accountSid, authToken).createSecondaryToken()).reveal();
/** Without what a repeated read may change: nothing. */
const document = async ({ salonId }: OwnSalon) =>
  (await bench.database.firestore.doc(`salon_integrations/${salonId}`).get()).data();

/** Runs a rotation whose worker dies behind its nth effect; false when it came to its end before. */
async function dies(salon: OwnSalon, token: Parameters<typeof rotateWith>[1], at: number): Promise<boolean> {
  let effects = 0;
  const { promise: death, resolve } = Promise.withResolvers<"dead">();
  const { ownAccounts } = bench.instance({
    after: (effect) => {
      if (!/database.transact|Token/.test(effect) || ++effects < at) return Promise.resolve();
      resolve("dead");
      return new Promise(() => {});
    },
  });
  return (await Promise.race([death, rotateWith(ownAccounts, token, salon)])) === "dead";
}
/** What the hourly pass does, an hour later. */
async function maintain(salon: OwnSalon, ownAccounts: Resuming) {
  const later = plusSeconds(new Date(), 3_600);
  const isDue = dutiesOf(await document(salon), later).includes("resume_rotation");
  if (isDue) await ownAccounts.resumeRotation(salon.salonId);
}
function rotateWith(
  ownAccounts: ReturnType<OwnAccountBench["instance"]>["ownAccounts"],
  token: Parameters<typeof ownAccounts.rotate>[1],
  { salonId }: OwnSalon,
) {
  return ownAccounts.rotate(salonId, token, ANJALI);
}

describe("saving", () => {
  test("validates, stores, connects the number and sends a test message through the new account", async () => {
    const { salon, steps } = await connected();
    expect(steps.map(({ step, outcome, reason }) => [step, outcome, reason])).toEqual([
      ["validate", "done", null],
      ["save", "done", null],
      ["webhooks", "done", null],
      ["test_message", "done", null],
    ]);
    const stored = await bench.stored(salon.salonId);
    expect(stored).toMatchObject({
      status: "active",
      requested: { messaging: "own_account", by: "anjali" },
      rotation: { level: "none" },
      twilio: {
        is_active: true,
        is_verified: true,
        webhook_status: "configured",
        billing_mode: "own_account",
        phone_number: salon.number,
        earlier_webhooks: { smsUrl: THEIRS },
        previous: null,
      },
    });
    expect((await bench.tokensOf(salon)).current).toBe(salon.authToken);
    expect(await bench.twilio.messagesTo(salon.owner)).toMatchObject([{ account_sid: salon.accountSid }]);
    expect(await bench.auditOf(salon.salonId)).toEqual([
      "own_account_saved",
      "settings_changed",
      "webhooks_configured",
      "test_message_sent",
    ]);
    expect(await notices(salon)).toMatchObject([
      { kind: "credentials_changed", facts: { by: "A member of the salon (anjali)", rollback_until: null } },
    ]);
  });

  test.each<[string, (salon: OwnSalon) => Promise<Partial<OwnAccount>>]>([
    ["sid_malformed", async () => ({ accountSid: "AC1" })],
    ["credentials_rejected", async () => ({ authToken: new Secret("0".repeat(32)) })],
    ["number_not_owned", async () => ({ phoneNumber: E164.parse("+14155559999") })],
    ["whatsapp_not_registered", async () => ({ whatsappNumber: E164.parse("+14155559998") })],
    [
      "twilio_unavailable",
      async ({ accountSid }) => {
        await bench.twilio.fault({
          kind: "http_error",
          status: 500,
          match: { account_sid: accountSid },
          times: 1,
        });
        return {};
      },
    ],
    [
      "trial_in_production",
      async () => {
        const { sid, auth_token } = await bench.twilio.addAccount({ type: "Trial" });
        return { accountSid: sid, authToken: new Secret(auth_token) };
      },
    ],
  ])("refused with %s saves nothing and is written down", async (reason, change) => {
    const { salon, ownAccounts } = await connected();
    const before = await document(salon);
    const work = ownAccounts.save(
      salon.salonId,
      { ...bench.entered(salon), ...(await change(salon)) },
      ANJALI,
    );
    expect(await reasonOf(work)).toBe(reason);
    expect(await document(salon)).toEqual(before);
    expect((await bench.auditOf(salon.salonId)).at(-1)).toBe(`validation_failed: ${reason}`);
    expect(await notices(salon)).toHaveLength(1);
  });

  test("another account leaves the earlier one for a rollback, which gives both numbers their webhooks", async () => {
    const { salon, ownAccounts } = await connected();
    const other = await bench.addOwnSalon();
    await ownAccounts.save(salon.salonId, bench.entered(other), ANJALI);
    expect(await bench.tokensOf(salon)).toEqual({
      current: other.authToken,
      next: null,
      previous: salon.authToken,
    });
    const account = bench.at(salon.accountSid, salon.authToken);
    expect((await account.findOwnedNumber(salon.numberSid))?.webhooks.smsUrl).toBe(THEIRS);

    await ownAccounts.rollback(salon.salonId, ANJALI);
    expect(await bench.tokensOf(salon)).toMatchObject({
      current: salon.authToken,
      previous: other.authToken,
    });
    expect(await bench.stored(salon.salonId)).toMatchObject({
      twilio: {
        phone_number: salon.number,
        phone_number_sid: salon.numberSid,
        webhook_status: "configured",
        earlier_webhooks: { smsUrl: THEIRS },
      },
    });
    expect((await account.findOwnedNumber(salon.numberSid))?.webhooks.smsUrl).toBe(
      bench.urls.sms(salon.salonId),
    );
  });
});

describe("rotating", () => {
  test("for the owner: a new token, promoted, current, the earlier one kept for webhooks on their way", async () => {
    const { salon, ownAccounts } = await connected();
    const { rollbackUntil } = await ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    const { current, next, previous } = await bench.tokensOf(salon);
    expect([next, previous]).toEqual([null, salon.authToken]);
    expect((await bench.at(salon.accountSid, current ?? "").fetchAccount()).authToken?.reveal()).toBe(
      current,
    );
    const { twilio, rotation } = await bench.stored(salon.salonId);
    expect(twilio.previous?.expires_at).toEqual(rollbackUntil);
    expect(rotation?.last_rotated_at).toEqual(twilio.rotated_at);
    expect((await bench.auditOf(salon.salonId)).slice(-2)).toEqual([
      "rotation_started",
      "credentials_rotated",
    ]);
    expect(await reasonOf(ownAccounts.rollback(salon.salonId, ANJALI))).toBe("previous_no_longer_valid");
    expect((await bench.tokensOf(salon)).current).toBe(current);
  });

  test("to a pasted token, and back within 24 hours", async () => {
    const { salon, ownAccounts } = await connected();
    const token = await secondary(salon);
    await ownAccounts.rotate(salon.salonId, pasted(token), ANJALI);
    expect(await bench.tokensOf(salon)).toEqual({ current: token, next: null, previous: salon.authToken });
    await ownAccounts.rollback(salon.salonId, ANJALI);
    expect(await bench.tokensOf(salon)).toEqual({ current: salon.authToken, next: null, previous: token });
    expect((await notices(salon)).map(({ kind }) => kind).toSorted()).toEqual([
      "credentials_changed",
      "credentials_changed",
      "credentials_rolled_back",
    ]);
  });

  test("a second pasted token within 24 hours keeps the one that signs", async () => {
    const { salon, ownAccounts } = await connected();
    await ownAccounts.rotate(salon.salonId, pasted(await secondary(salon)), ANJALI);
    const second = await secondary(salon);
    await ownAccounts.rotate(salon.salonId, pasted(second), ANJALI);
    expect(await bench.tokensOf(salon)).toMatchObject({ current: second, previous: salon.authToken });
  });

  test("refuses a rollback after 24 hours, and forgets what it was for", async () => {
    const clock = createMovingClock();
    const { salon, ownAccounts } = await connected({ clock });
    const token = await secondary(salon);
    await bench.at(salon.accountSid, token).promoteSecondaryToken();
    await ownAccounts.rotate(salon.salonId, pasted(token), ANJALI);
    clock.pass(DAY_SECONDS - 1);
    expect(await ownAccounts.purgeExpired(salon.salonId)).toBe(false);
    clock.pass(1);
    expect(await reasonOf(ownAccounts.rollback(salon.salonId, ANJALI))).toBe("rollback_expired");
    expect(await ownAccounts.purgeExpired(salon.salonId)).toBe(true);
    expect(await bench.tokensOf(salon)).toEqual({ current: token, next: null, previous: null });
    expect(await reasonOf(ownAccounts.rollback(salon.salonId, ANJALI))).toBe("nothing_to_roll_back");
  });

  test.each([
    ["the token in use", "token_unchanged", (salon: OwnSalon) => pasted(salon.authToken)],
    ["a wrong token", "credentials_rejected", () => pasted("0".repeat(32))],
    [
      "a token for another account, which is for saving",
      "sid_of_another_account",
      () => ({ ...pasted("1".repeat(32)), accountSid: `AC${"1".repeat(32)}` }),
    ],
  ])("to %s is refused and changes nothing", async (_, reason, token) => {
    const { salon, ownAccounts } = await connected();
    const before = await document(salon);
    expect(await reasonOf(ownAccounts.rotate(salon.salonId, token(salon), ANJALI))).toBe(reason);
    expect(await document(salon)).toEqual(before);
    expect((await bench.auditOf(salon.salonId)).at(-1)).toBe(`validation_failed: ${reason}`);
  });

  test("without an account of one's own is refused", async () => {
    const salon = await bench.addOwnSalon();
    const work = bench.instance().ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    expect(await reasonOf(work)).toBe("not_connected");
  });
});

describe("a worker that dies in a rotation", () => {
  test.each(["rotate_for_me", "pasted"] as const)(
    "after any step of %s: whoever resumes ends it, and everything still authenticates",
    async (method) => {
      let crashes = 0;
      for (let at = 1; ; at += 1) {
        const { salon } = await connected();
        const token = method === "pasted" ? pasted(await secondary(salon)) : ({ method } as const);
        if (!(await dies(salon, token, at))) break;
        crashes += 1;
        const { ownAccounts } = bench.instance();
        await ownAccounts.resumeRotation(salon.salonId);
        await ownAccounts.resumeRotation(salon.salonId);
        const { current, next } = await bench.tokensOf(salon);
        expect(next).toBeNull();
        const account = await bench.at(salon.accountSid, current ?? "").fetchAccount();
        if (method === "rotate_for_me") expect(account.authToken?.reveal()).toBe(current);
        await ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
      }
      expect(crashes).toBeGreaterThanOrEqual(method === "pasted" ? 2 : 4);
      printCount(`${method}: ${crashes} crashes, each resumed`);
    },
    90_000,
  );

  test("with a next token that Twilio no longer takes: it is dropped, and the current one stays", async () => {
    const { salon } = await connected();
    await dies(salon, { method: "rotate_for_me" }, 2);
    expect((await bench.tokensOf(salon)).next).not.toBeNull();
    await bench.at(salon.accountSid, salon.authToken).deleteSecondaryToken();
    await bench.instance().ownAccounts.resumeRotation(salon.salonId);
    expect(await bench.tokensOf(salon)).toEqual({ current: salon.authToken, next: null, previous: null });
    expect((await bench.auditOf(salon.salonId)).at(-1)).toBe("rotation_failed: rotation_failed");
  });

  test("while the account is suspended: both tokens stay until Twilio says which is right", async () => {
    const { salon } = await connected();
    await dies(salon, { method: "rotate_for_me" }, 3);
    await bench.twilio.setStatus(salon.accountSid, "suspended");
    const { ownAccounts } = bench.instance();
    await maintain(salon, ownAccounts);
    expect((await bench.tokensOf(salon)).next).not.toBeNull();
    await bench.twilio.setStatus(salon.accountSid, "active");
    await maintain(salon, ownAccounts);
    expect(await bench.tokensOf(salon)).toMatchObject({ next: null, previous: salon.authToken });
  });
});

describe("a rotation after which Twilio takes neither token", () => {
  /** Dies behind the promotion; then the owner promotes another token in Twilio's console. */
  async function lost() {
    const { salon } = await connected();
    await dies(salon, { method: "rotate_for_me" }, 3);
    const { next } = await bench.tokensOf(salon);
    const console = bench.at(salon.accountSid, next ?? "");
    const another = (await console.createSecondaryToken()).reveal();
    await bench.at(salon.accountSid, another).promoteSecondaryToken();
    return { salon, another, stuck: await bench.tokensOf(salon), ...bench.instance() };
  }
  const failures = async (salon: OwnSalon) =>
    (await notices(salon)).filter(({ kind }) => kind === "integration_failed");

  test("is stuck: the integration says what to do, the owner is told once, and it is asked about again", async () => {
    const { salon, ownAccounts, stuck } = await lost();
    await maintain(salon, ownAccounts);
    const given = await document(salon);
    expect(await bench.stored(salon.salonId)).toMatchObject({
      status: "error",
      status_reason: expect.stringContaining("enter the one from your Twilio Console"),
      twilio: { is_verified: false, verification_status: "failed" },
    });
    expect(await bench.tokensOf(salon)).toEqual(stuck);
    expect((await bench.auditOf(salon.salonId)).at(-1)).toBe("rotation_failed: credentials_rejected");
    expect(dutiesOf(given, plusSeconds(new Date(), DAY_SECONDS))).toEqual([
      "resume_rotation",
      "check_webhooks",
    ]);
    expect(await ownAccounts.repairDrift(salon.salonId, ANJALI)).toBe("configured");
    await maintain(salon, ownAccounts);
    expect(await document(salon)).toEqual(given);
    expect(await failures(salon)).toHaveLength(1);
  });

  test("goes on as soon as the owner enters the token that Twilio has now", async () => {
    const { salon, ownAccounts, another } = await lost();
    await maintain(salon, ownAccounts);
    expect(await reasonOf(ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI))).toBe(
      "credentials_rejected",
    );
    await ownAccounts.rotate(salon.salonId, pasted(another), ANJALI);
    expect(await bench.tokensOf(salon)).toMatchObject({ current: another, next: null });
    expect(await bench.stored(salon.salonId)).toMatchObject({
      status: "active",
      status_reason: null,
      twilio: { is_verified: true, verification_status: "verified" },
    });
  });

  test("because the account was suspended is taken up again when it no longer is, and nothing is lost", async () => {
    for (const [step, outcome] of [
      [2, "dropped"],
      [3, "swapped"],
    ] as const) {
      const { salon } = await connected();
      await dies(salon, { method: "rotate_for_me" }, step);
      if (outcome === "dropped") await bench.at(salon.accountSid, salon.authToken).deleteSecondaryToken();
      await bench.twilio.setStatus(salon.accountSid, "suspended");
      const { ownAccounts } = bench.instance();
      for (let hours = 0; hours < 3; hours += 1) await maintain(salon, ownAccounts);
      expect((await bench.stored(salon.salonId)).status).toBe("error");
      await bench.twilio.setStatus(salon.accountSid, "active");
      await maintain(salon, ownAccounts);
      expect(await failures(salon)).toHaveLength(1);
      expect(await bench.stored(salon.salonId)).toMatchObject({
        status: "active",
        twilio: { next_auth_token: null, is_verified: true, verification_status: "verified" },
      });
    }
  });

  test("while somebody waits for it is not called stuck: Twilio may need a moment", async () => {
    const { salon, ownAccounts, stuck } = await lost();
    await reasonOf(ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI));
    expect(await bench.tokensOf(salon)).toEqual(stuck);
    expect((await bench.stored(salon.salonId)).status).toBe("active");
    expect(await failures(salon)).toEqual([]);
  });
});

describe("a stored next token that does not open", () => {
  async function damaged() {
    const { salon } = await connected();
    await dies(salon, { method: "rotate_for_me" }, 2);
    const { twilio } = await bench.stored(salon.salonId);
    const auth_token = { ...twilio.next_auth_token?.auth_token, ciphertext: "A".repeat(64) };
    await bench.database.firestore
      .doc(`salon_integrations/${salon.salonId}`)
      .update({ "twilio.next_auth_token.auth_token": auth_token });
    return { salon, ...bench.instance() };
  }

  test("is dropped by whoever resumes, and the current one stays", async () => {
    const { salon, ownAccounts } = await damaged();
    await maintain(salon, ownAccounts);
    expect(await bench.tokensOf(salon)).toEqual({ current: salon.authToken, next: null, previous: null });
  });

  test("keeps nobody from saving or rotating, not even while Twilio refuses the current one", async () => {
    const first = await damaged();
    await first.ownAccounts.rotate(first.salon.salonId, { method: "rotate_for_me" }, ANJALI);
    expect(await bench.tokensOf(first.salon)).toMatchObject({ next: null, previous: first.salon.authToken });
    const second = await damaged();
    const other = await bench.addOwnSalon();
    await bench.twilio.setStatus(second.salon.accountSid, "suspended");
    await second.ownAccounts.save(second.salon.salonId, bench.entered(other), ANJALI);
    expect(await bench.tokensOf(second.salon)).toMatchObject({ current: other.authToken, next: null });
  });
});

test("the proof at the end of a rotation says nothing of an account that has taken its place", async () => {
  const { salon } = await connected();
  const [other, token] = [await bench.addOwnSalon(), await secondary(salon)];
  let written = 0;
  const { ownAccounts } = bench.instance({
    after: async (effect) => {
      if (effect !== "database.transact") return;
      written += 1;
      if (written !== 2) return;
      await bench.instance().ownAccounts.save(salon.salonId, bench.entered(other), ANJALI);
      await bench.twilio.setStatus(salon.accountSid, "suspended");
    },
  });
  expect(await reasonOf(ownAccounts.rotate(salon.salonId, pasted(token), ANJALI))).toBe("changed_meanwhile");
  expect((await bench.tokensOf(salon)).current).toBe(other.authToken);
  expect(await bench.stored(salon.salonId)).toMatchObject({
    status: "active",
    twilio: { is_verified: true, verification_status: "verified" },
  });
});

describe("a number that another salon has connected", () => {
  const sms = async (salon: OwnSalon) =>
    (await bench.at(salon.accountSid, salon.authToken).findOwnedNumber(salon.numberSid))?.webhooks.smsUrl;

  test("is refused before anything is saved, and stays the other's", async () => {
    const { salon } = await connected();
    const second = await bench.addOwnSalon();
    const { ownAccounts } = bench.instance();
    const save = () => reasonOf(ownAccounts.save(second.salonId, bench.entered(salon), ANJALI));
    expect(await save()).toBe("number_in_use");
    expect(await document(second)).toBeUndefined();
    expect(await bench.auditOf(second.salonId)).toEqual(["validation_failed: number_in_use"]);
    await ownAccounts.use(salon.salonId, "platform", ANJALI);
    expect(await save()).toBe("number_in_use");
    expect(await sms(salon)).toBe(bench.urls.sms(salon.salonId));
    await ownAccounts.disconnect(salon.salonId, ANJALI);
    expect(await save()).toBe("done");
    expect(await sms(salon)).toBe(bench.urls.sms(second.salonId));
  });

  test("is refused as a WhatsApp number too, but for the sandbox's, which is everybody's", async () => {
    const [first, second] = [await bench.addOwnSalon(), await bench.addOwnSalon()];
    const numbers = [bench.phone(), bench.phone()] as const;
    await bench.twilio.giveNumber(first.accountSid, numbers[0]);
    await bench.twilio.registerWhatsApp(first.accountSid, numbers[1], THEIRS);
    const { ownAccounts } = bench.instance();
    const save = ({ salonId }: OwnSalon, changes: Partial<OwnAccount>) =>
      reasonOf(ownAccounts.save(salonId, { ...bench.entered(first), ...changes }, ANJALI));
    const sandbox = { whatsappNumber: E164.parse(SANDBOX_NUMBER), mode: "sandbox" } as const;
    expect(await save(first, { whatsappNumber: numbers[1] })).toBe("done");
    expect(await save(second, { whatsappNumber: numbers[1], phoneNumber: numbers[0] })).toBe(
      "whatsapp_in_use",
    );
    expect(await save(first, sandbox)).toBe("done");
    expect(await save(second, { ...sandbox, phoneNumber: numbers[0] })).toBe("done");
  });

  test("is not brought back by a rollback", async () => {
    const { salon, ownAccounts } = await connected();
    const [other, second] = [await bench.addOwnSalon(), await bench.addOwnSalon()];
    await ownAccounts.save(salon.salonId, bench.entered(other), ANJALI);
    await ownAccounts.save(second.salonId, bench.entered(salon), ANJALI);
    expect(await reasonOf(ownAccounts.rollback(salon.salonId, ANJALI))).toBe("number_in_use");
    expect((await bench.tokensOf(salon)).current).toBe(other.authToken);
  });

  test("is free once that salon has closed", async () => {
    const { salon } = await connected();
    await bench.database.firestore.doc(`salons/${salon.salonId}`).update({ status: "closed" });
    const second = await bench.addOwnSalon();
    const { ownAccounts } = bench.instance();
    expect(await reasonOf(ownAccounts.save(second.salonId, bench.entered(salon), ANJALI))).toBe("done");
  });
});

describe("a message sent in the middle of a rotation", () => {
  async function accepted(salon: OwnSalon, { acceptance }: ReturnType<OwnAccountBench["instance"]>) {
    const request = { salonId: salon.salonId, idempotencyKey: "one", channel: "sms", wake: false } as const;
    const to = bench.phone();
    const { message } = await acceptance.accept({ ...request, to, body: "See you tomorrow at 10." });
    return { to, id: message.id };
  }

  test("goes with the current token when the next one turns out to be dead: one attempt", async () => {
    const { salon } = await connected();
    await dies(salon, { method: "rotate_for_me" }, 2);
    await bench.at(salon.accountSid, salon.authToken).deleteSecondaryToken();
    const instance = bench.instance();
    const { to, id } = await accepted(salon, instance);
    expect(await instance.delivery.deliver(id)).toMatchObject({ failure: null, attempts: [{ number: 1 }] });
    expect(await bench.twilio.messagesTo(to)).toMatchObject([{ account_sid: salon.accountSid }]);
  });

  test("goes another way, as another attempt, when the account was replaced meanwhile", async () => {
    const { salon } = await connected();
    const instance = bench.instance();
    await instance.integrations.get(salon.salonId);
    const other = await bench.addOwnSalon();
    await bench.instance().ownAccounts.save(salon.salonId, bench.entered(other), ANJALI);
    await bench.twilio.setStatus(salon.accountSid, "suspended");
    const { to, id } = await accepted(salon, instance);
    expect(await instance.delivery.deliver(id)).toMatchObject({ state: "held", hold_reason: "retry" });
    expect((await instance.delivery.deliver(id))?.attempts).toHaveLength(2);
    expect(await bench.twilio.messagesTo(to)).toMatchObject([{ account_sid: other.accountSid }]);
  });

  test("and answered by nobody is found at Twilio by the token that lives", async () => {
    const clock = createMovingClock();
    const { salon } = await connected({ clock });
    const instance = bench.instance({ clock });
    const { to, id } = await accepted(salon, instance);
    await bench.twilio.fault({ kind: "reset", when: "after", match: { to, method: "POST" }, times: 1 });
    expect(await instance.delivery.deliver(id)).toMatchObject({ state: "uncertain" });
    await dies(salon, { method: "rotate_for_me" }, 3);
    clock.pass(121);
    expect((await instance.delivery.deliver(id))?.attempts).toHaveLength(1);
    expect(await bench.twilio.messagesTo(to)).toHaveLength(1);
    expect((await instance.messages.get(id))?.attempts[0]?.sid).toMatch(/^SM/);
  });
});

test("two owners at once: one wins, the other hears of it, and the document is one of theirs", async () => {
  const ends: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    const { salon } = await connected();
    const others = await atOnce(2, () => bench.addOwnSalon());
    const results = await atOnce(2, (index) =>
      reasonOf(
        bench
          .instance()
          .ownAccounts.save(salon.salonId, bench.entered(others[index] ?? salon), ANJALI)
          .then(() => `won by ${index}`),
      ),
    );
    ends.push(...results);
    const winner = results.indexOf("done");
    expect(results.toSorted()).toEqual(["changed_meanwhile", "done"]);
    const won = others[winner] ?? expect.fail("nobody won");
    const { twilio } = await bench.stored(salon.salonId);
    expect(twilio).toMatchObject({ phone_number: won.number, phone_number_sid: won.numberSid });
    expect(await bench.tokensOf(salon)).toEqual({
      current: won.authToken,
      next: null,
      previous: salon.authToken,
    });
  }
  printCount(`two owners saving at once, 10 rounds: ${JSON.stringify(tally(ends))}`);
}, 60_000);

test("two owners rotating at once: one wins, the other hears of it, and what is current in the end signs", async () => {
  const ends: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    const { salon } = await connected();
    const results = await atOnce(2, () =>
      reasonOf(bench.instance().ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI)),
    );
    ends.push(...results);
    expect(results.toSorted()).toEqual(["changed_meanwhile", "done"]);
    const { current, next } = await bench.tokensOf(salon);
    expect(next).toBeNull();
    const account = await bench.at(salon.accountSid, current ?? "").fetchAccount();
    expect(account.authToken?.reveal()).toBe(current);
  }
  printCount(`two owners rotating at once, 10 rounds: ${JSON.stringify(tally(ends))}`);
}, 60_000);

describe("switching", () => {
  test("to the platform asks for it, and back again; the other side's state stays", async () => {
    const { salon, ownAccounts } = await connected();
    await ownAccounts.use(salon.salonId, "platform", ANJALI);
    const away = await bench.stored(salon.salonId);
    expect(away).toMatchObject({
      requested: { messaging: "platform", by: "anjali" },
      status: "partial",
      twilio: { is_active: false, billing_mode: "platform", phone_number: salon.number },
      platform: null,
    });
    await ownAccounts.use(salon.salonId, "own_account", ANJALI);
    const back = await bench.stored(salon.salonId);
    expect(back).toMatchObject({ requested: { messaging: "own_account" }, status: "active" });
    expect(back.twilio).toMatchObject({ ...away.twilio, is_active: true, billing_mode: "own_account" });
    const { revision } = back;
    await ownAccounts.use(salon.salonId, "own_account", ANJALI);
    expect((await bench.stored(salon.salonId)).revision).toBe(revision);
  });

  test("to an own account that is not connected is refused", async () => {
    const salon = await bench.addSalon(bench.phone());
    const work = bench.instance().ownAccounts.use(salon.salonId, "own_account", ANJALI);
    expect(await reasonOf(work)).toBe("not_connected");
  });
});

describe("disconnecting", () => {
  test("gives the number back as it was and forgets every credential", async () => {
    const { salon, ownAccounts } = await connected();
    await ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    const { current } = await bench.tokensOf(salon);
    expect(await ownAccounts.disconnect(salon.salonId, ANJALI)).toBeNull();
    const { twilio, status, rotation } = await bench.stored(salon.salonId);
    expect({ status, rotation }).toEqual({ status: "not_configured", rotation: null });
    expect(twilio).toMatchObject({ is_active: false, account_sid: null, auth_token: null, previous: null });
    expect(JSON.stringify(await document(salon))).not.toContain("ciphertext");
    const number = await bench.at(salon.accountSid, current ?? "").findOwnedNumber(salon.numberSid);
    expect(number?.webhooks).toMatchObject({ smsUrl: THEIRS, voiceUrl: "", statusCallback: "" });
    expect((await bench.auditOf(salon.salonId)).slice(-2)).toEqual(["webhooks_restored", "disconnected"]);
    expect((await notices(salon)).map(({ kind }) => kind)).toContain("integration_disconnected");
    await ownAccounts.disconnect(salon.salonId, ANJALI);
    expect((await bench.auditOf(salon.salonId)).filter((action) => action === "disconnected")).toHaveLength(
      1,
    );
  });

  test("works with a dead token, and the answer, the audit and the mail say that nothing was restored", async () => {
    const { salon, ownAccounts } = await connected();
    await secondary(salon);
    await bench.at(salon.accountSid, salon.authToken).promoteSecondaryToken();
    expect(await ownAccounts.disconnect(salon.salonId, ANJALI)).toBe("credentials_rejected");
    const told = (await notices(salon)).find(({ kind }) => kind === "integration_disconnected");
    expect(told?.facts.webhooks_left).toBe(true);
    expect((await bench.auditOf(salon.salonId)).slice(-2)).toEqual([
      "webhooks_restored: credentials_rejected",
      "disconnected",
    ]);
    expect(await bench.stored(salon.salonId)).toMatchObject({ twilio: { auth_token: null } });
  });

  test("is refused while Twilio is away, and changes nothing: the number would lead to us for ever", async () => {
    const { salon, ownAccounts } = await connected();
    await bench.at(salon.accountSid, salon.authToken).createSecondaryToken();
    const [before, told] = [await document(salon), await notices(salon)];
    await bench.twilio.fault({ kind: "http_error", status: 500, match: { account_sid: salon.accountSid } });
    expect(await reasonOf(ownAccounts.disconnect(salon.salonId, ANJALI))).toBe("twilio_unavailable");
    expect(await document(salon)).toEqual(before);
    expect(await notices(salon)).toEqual(told);
    await bench.twilio.calm();
    expect(await ownAccounts.disconnect(salon.salonId, ANJALI)).toBeNull();
    const number = await bench.at(salon.accountSid, salon.authToken).findOwnedNumber(salon.numberSid);
    expect(number?.webhooks.smsUrl).toBe(THEIRS);
  });

  test("is refused while Twilio is away though the earlier token is dead for good", async () => {
    const { salon, ownAccounts } = await connected();
    await ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI);
    const match = { account_sid: salon.accountSid };
    await bench.twilio.fault({ kind: "http_error", status: 500, match, times: 1 });
    expect(await reasonOf(ownAccounts.disconnect(salon.salonId, ANJALI))).toBe("twilio_unavailable");
    expect((await bench.tokensOf(salon)).previous).toBe(salon.authToken);
  });
});

describe("webhooks and the test message", () => {
  test("drift is told, and repaired", async () => {
    const { salon, ownAccounts } = await connected();
    expect(await ownAccounts.webhookStatus(salon.salonId)).toEqual({ status: "configured", reasons: [] });
    await bench
      .at(salon.accountSid, salon.authToken)
      .restoreNumber(salon.numberSid, { ...NOTHING, smsUrl: "https://x.example.org" });
    expect((await ownAccounts.webhookStatus(salon.salonId)).reasons).toContainEqual({
      resource: "number",
      webhook: "sms",
      reason: "url_mismatch",
    });
    expect(await ownAccounts.repairWebhooks(salon.salonId, ANJALI)).toEqual({
      status: "configured",
      reasons: [],
    });
    expect((await bench.stored(salon.salonId)).twilio.earlier_webhooks).toMatchObject({ smsUrl: THEIRS });
    expect((await bench.auditOf(salon.salonId)).at(-1)).toBe("webhooks_repaired");
  });

  test("the test message says what became of it", async () => {
    const { salon, ownAccounts } = await connected();
    expect(await ownAccounts.sendTest(salon.salonId, ANJALI)).toMatchObject({ outcome: "done" });
    await bench.twilio.setStatus(salon.accountSid, "suspended");
    expect(await ownAccounts.sendTest(salon.salonId, ANJALI)).toMatchObject({
      outcome: "failed",
      reason: "credential",
    });
    await bench.database.firestore.doc(`salons/${salon.salonId}`).update({ owner: {} });
    expect(await bench.instance().ownAccounts.sendTest(salon.salonId, ANJALI)).toMatchObject({
      outcome: "skipped",
      reason: "owner_has_no_phone",
    });
  });

  test("the test message is not done before Twilio has it", async () => {
    const { salon, ownAccounts } = await connected();
    const match = { account_sid: salon.accountSid, path: "Messages", method: "POST" };
    await bench.twilio.fault({ kind: "http_error", status: 500, match });
    expect(await ownAccounts.sendTest(salon.salonId, ANJALI)).toMatchObject({
      outcome: "failed",
      reason: "uncertain",
      message: expect.stringMatching(/^It is not known yet whether Twilio has taken the test message\./),
    });
    expect((await bench.auditOf(salon.salonId)).at(-1)).toBe("test_message_sent: uncertain");
    await bench.twilio.calm();
  });

  test("the test message that Twilio refuses because of the owner's phone has failed", async () => {
    const { salon, ownAccounts } = await connected();
    await bench.twilio.fault({ kind: "recipient", to: salon.owner, error_code: 21211, surface: "sync" });
    expect(await ownAccounts.sendTest(salon.salonId, ANJALI)).toMatchObject({
      outcome: "failed",
      reason: "recipient",
      message: expect.stringMatching(/recipient/),
    });
  });

  test("the test message that Twilio puts off is said to be waiting", async () => {
    const { salon, ownAccounts } = await connected();
    const match = { account_sid: salon.accountSid, path: "Messages", method: "POST" };
    await bench.twilio.fault({ kind: "http_error", status: 429, code: 20429, match });
    expect(await ownAccounts.sendTest(salon.salonId, ANJALI)).toMatchObject({
      outcome: "failed",
      reason: "waiting",
    });
    await bench.twilio.calm();
  });
});
