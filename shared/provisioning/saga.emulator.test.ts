import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { type ProvisioningBench, startProvisioningBench } from "#scripts/testing/provisioning-bench.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio, type TwilioAccount } from "#shared/twilio/account.ts";
import { MAX_ATTEMPTS } from "./progress.ts";

let bench: ProvisioningBench;
beforeAll(async () => {
  bench = await startProvisioningBench();
});
afterAll(() => bench.stop());

function accountAt(accountSid: string, authToken: string): TwilioAccount {
  return createTwilio({ apiBaseUrl: bench.twilio.url }).account({
    accountSid,
    authToken: new Secret(authToken),
  });
}
const parentAccount = () => accountAt(bench.twilio.main.accountSid, bench.twilio.main.authToken);
/** A time whose hour no other test buys numbers in. */
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);

describe("a salon whose owner has asked for messaging", () => {
  test("gets a subaccount, a number with our webhooks and a test message, and is active", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const { salonId, owner } = salon;
    await bench.worker({ clock })(salonId);
    const { integration, progress, subaccounts, numbers, tests } = await bench.outcome(salon);

    expect(subaccounts).toMatchObject([
      { friendly_name: salonId, owner_account_sid: bench.twilio.main.accountSid },
    ]);
    expect(numbers).toMatchObject([
      {
        sms_url: bench.urls.sms(salonId),
        sms_method: "POST",
        voice_url: bench.urls.voice(salonId),
        voice_method: "POST",
        voice_fallback_method: "GET",
        status_callback: bench.urls.status(salonId),
      },
    ]);
    expect(integration).toMatchObject({
      status: "active",
      status_reason: null,
      platform: {
        parent: "default",
        phone_number: numbers[0]?.phone_number,
        phone_number_sid: numbers[0]?.sid,
        capabilities: { sms: true, voice: true, whatsapp: false },
        webhook_status: "configured",
        is_active: true,
      },
    });
    expect(progress).toMatchObject({ state: "ready", attempts: 1, last_error: null });
    expect(tests).toMatchObject([
      { to: owner, from: numbers[0]?.phone_number, account_sid: subaccounts[0]?.sid },
    ]);
    expect(tests[0]?.body).toBe("Anjali's Salon can now send and receive messages with Salon Flow.");
  });

  test("has its SID and token stored as envelopes only, and nothing of it in the log", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    await bench.worker({ clock })(salon.salonId);
    const { integration, progress, subaccounts, numbers } = await bench.outcome(salon);
    const { sid = "", auth_token = "" } = subaccounts[0] ?? {};
    const stored = JSON.stringify([integration, progress]);
    expect(integration.platform.auth_token).toMatchObject({ version: "2", ciphertext: expect.any(String) });
    expect([sid, auth_token].filter((secret) => stored.includes(secret))).toEqual([]);
    const phones = [salon.owner, numbers[0]?.phone_number ?? "none"].map((number) => number.slice(1));
    expect(bench.logs.leaked([sid, auth_token, ...phones, bench.twilio.main.authToken])).toEqual([]);
  });

  test("changes in nothing when its event is repeated", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    await bench.worker({ clock })(salon.salonId);
    const before = await bench.outcome(salon);
    const trace: string[] = [];
    for (const wait of [0, 61, 86_400]) {
      clock.pass(wait);
      await bench.worker({ clock, after: async (effect) => void trace.push(effect) })(salon.salonId);
    }
    expect(trace).toEqual(["progress.begin", "progress.begin", "progress.begin"]);
    const after = await bench.outcome(salon);
    expect({ ...after, tests: after.tests.length }).toEqual({ ...before, tests: 1 });
  });

  test("is set up once when ten instances get the event at the same moment", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const finished: string[] = [];
    const after = async (effect: string) => void (effect === "progress.finish" && finished.push(effect));
    await Promise.all(Array.from({ length: 10 }, () => bench.worker({ clock, after })(salon.salonId)));
    const { subaccounts, numbers, tests, integration } = await bench.outcome(salon);
    expect([subaccounts.length, numbers.length, tests.length, finished.length]).toEqual([1, 1, 1, 1]);
    expect(integration.status).toBe("active");
  });

  test("has its waiting messages released", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const message = bench.database.firestore.collection("messages").doc("a".repeat(40));
    const waiting = {
      salon_id: salon.salonId,
      state: "held",
      hold_reason: "provisioning",
      paced: false,
      critical: true,
    };
    await message.set({ ...waiting, due_at: new Date(clock.now().getTime() + 30_000) });
    await bench.worker({ clock })(salon.salonId);
    expect((await message.get()).get("due_at").toDate()).toEqual(clock.now());
    expect(bench.publisher.published).toContainEqual({
      topic: "outbound-critical",
      key: message.id,
      data: { message_id: message.id },
    });
  });

  test("gets a number from the pool before one is bought, freed of what would win over our webhooks", async () => {
    const clock = createMovingClock();
    await bench.stockPool("+14155559001");
    const pooled = (await bench.twilio.numbers()).find(({ phone_number }) => phone_number === "+14155559001");
    const before = await parentAccount().findOwnedNumber(pooled?.sid ?? "");
    if (before === undefined) return expect.fail("the pool's number is not there");
    const overrides = {
      smsApplicationSid: `AP${"1".repeat(32)}`,
      voiceApplicationSid: `AP${"2".repeat(32)}`,
    };
    await parentAccount().restoreNumber(before.sid, { ...before.webhooks, ...overrides });
    const salon = await bench.addSalon(clock);
    await bench.worker({ clock })(salon.salonId);
    expect((await bench.outcome(salon)).numbers).toMatchObject([
      { phone_number: "+14155559001", sms_application_sid: null, voice_application_sid: null },
    ]);
  });

  test("is not stopped by a number that is in the books of the pool only", async () => {
    const clock = createMovingClock();
    const ghost = { state: "free", salon_id: null, pick: 0.1, country: "US", parent: "default" };
    const sid = `PN${"9".repeat(32)}`;
    const document = bench.database.firestore.doc(`phone_numbers/${sid}`);
    await document.set({ sid, phone_number: "+14155559002", ...ghost });
    const salon = await bench.addSalon(clock);
    await bench.worker({ clock })(salon.salonId);
    const { integration, numbers } = await bench.outcome(salon);
    expect([integration.status, numbers.length]).toEqual(["active", 1]);
    expect((await document.get()).data()).toMatchObject({ state: "gone", salon_id: null });
  });

  test("keeps the number its customers know, though its subaccount has another one", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const match = { method: "POST", path: "/Messages\\.json$" };
    await bench.twilio.fault({ kind: "http_error", status: 400, code: 21606, times: 1, match });
    await bench.worker({ clock })(salon.salonId);
    const { subaccounts } = await bench.outcome(salon);
    const known = await bench.twilio.giveNumber(subaccounts[0]?.sid ?? "", "+14155559003");
    const integration = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
    await integration.update({ "platform.phone_number_sid": known.sid });
    clock.pass(5);
    await bench.ask(salon.salonId, clock);
    await bench.worker({ clock })(salon.salonId);
    expect((await bench.outcome(salon)).integration).toMatchObject({
      status: "active",
      platform: { phone_number: "+14155559003", phone_number_sid: known.sid },
    });
  });

  test("gets the next offer when somebody else buys the first one", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const match = { method: "POST", path: "/IncomingPhoneNumbers\\.json$" };
    await bench.twilio.fault({ kind: "http_error", status: 400, code: 21422, times: 2, match });
    await bench.worker({ clock })(salon.salonId);
    expect((await bench.outcome(salon)).integration.status).toBe("active");
  });
});

describe("the owner's phone", () => {
  test.each([
    ["none", { owner: { phone: null } }],
    ["none that could be called", { owner: { phone: "call me" } }],
  ])("that is %s means no test message, and an active salon", async (_, document) => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock, document);
    await bench.worker({ clock })(salon.salonId);
    const { integration, tests } = await bench.outcome(salon);
    expect([integration.status, tests.length]).toEqual(["active", 0]);
  });

  test("is not written to by a salon that has switched SMS off, which is active all the same", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock, { communication: { sms_enabled: false } });
    await bench.worker({ clock })(salon.salonId);
    expect((await bench.outcome(salon)).integration.status).toBe("active");
  });

  test.each([21211, 21610, 21614, 30_007])(
    "that refuses the test message (%i) does not keep the salon from being active",
    async (error_code) => {
      const clock = createMovingClock();
      const salon = await bench.addSalon(clock);
      await bench.twilio.fault({ kind: "recipient", to: salon.owner, error_code, surface: "sync" });
      await bench.worker({ clock })(salon.salonId);
      expect((await bench.outcome(salon)).integration).toMatchObject({
        status: "active",
        status_reason: null,
      });
    },
  );

  test.each([21408, 21606, 20003])(
    "a test message that the account could send to nobody (%i) fails the set-up, until the owner asks again",
    async (error_code) => {
      const clock = createMovingClock();
      const salon = await bench.addSalon(clock);
      await bench.twilio.fault({ kind: "recipient", to: salon.owner, error_code, surface: "sync" });
      await bench.worker({ clock })(salon.salonId);
      const failed = await bench.outcome(salon);
      expect(failed.integration).toMatchObject({ status: "error", platform: { is_active: false } });
      expect(failed.integration.status_reason).toMatch(/^The test message could not be sent: Twilio refused/);

      await bench.twilio.calm();
      clock.pass(600);
      await bench.worker({ clock })(salon.salonId);
      expect((await bench.outcome(salon)).integration.status).toBe("error");
      await bench.ask(salon.salonId, clock);
      await bench.worker({ clock })(salon.salonId);
      const { integration, subaccounts, numbers, tests } = await bench.outcome(salon);
      expect(integration).toMatchObject({ status: "active", status_reason: null });
      expect([subaccounts.length, numbers.length, tests.length]).toEqual([1, 1, 1]);
    },
  );

  test("that changes between two attempts is no obstacle", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const strike = (effect: string) =>
      effect === "acceptance.accept" ? Promise.reject(new Error("crash")) : Promise.resolve();
    await bench.worker({ clock, after: strike })(salon.salonId);
    const renamed = { name: "Anjali & Daughters", owner: { phone: "+16505559999" } };
    await bench.database.firestore.doc(`salons/${salon.salonId}`).update(renamed);
    clock.pass(61);
    await bench.worker({ clock })(salon.salonId);
    expect((await bench.outcome({ ...salon, owner: "+16505559999" })).tests).toHaveLength(1);
  });
});

describe("there is nothing to do", () => {
  test("for a closed salon, for one that is unknown, and for one that wants no platform messaging", async () => {
    const clock = createMovingClock();
    const closed = await bench.addSalon(clock, { status: "closed" });
    const unknown = await bench.addSalon(clock);
    await bench.database.firestore.doc(`salons/${unknown.salonId}`).delete();
    const off = await bench.addSalon(clock);
    await bench.ask(off.salonId, clock, "off");
    for (const salon of [closed, unknown, off]) {
      await bench.worker({ clock })(salon.salonId);
      const { progress, subaccounts } = await bench.outcome(salon);
      expect([progress, subaccounts]).toEqual([{}, []]);
    }
  });

  test.each([
    [
      "the salon closes",
      (id: string) => bench.database.firestore.doc(`salons/${id}`).update({ status: "closed" }),
    ],
    [
      "the owner switches messaging off",
      (id: string) =>
        bench.database.firestore.doc(`salon_integrations/${id}`).update({ "requested.messaging": "off" }),
    ],
  ])("when %s meanwhile, and nobody is woken for it any more", async (_, happens) => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const away = { kind: "http_error", status: 503, times: 1 };
    await bench.twilio.fault(away);
    await bench.worker({ clock })(salon.salonId);
    expect((await bench.outcome(salon)).progress).toMatchObject({
      state: "waiting",
      due_at: expect.anything(),
    });
    await happens(salon.salonId);
    clock.pass(61);
    await bench.worker({ clock })(salon.salonId);
    const { progress, subaccounts } = await bench.outcome(salon);
    expect(progress).not.toHaveProperty("due_at");
    expect(subaccounts).toEqual([]);
  });
});

describe("a failure is a state that a person can read", () => {
  test("where the country has no number for sale, after it was tried long enough", async () => {
    const clock = createMovingClock(inHours(3));
    const salon = await bench.addSalon(clock);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      await bench.worker({ clock, country: "GB" })(salon.salonId);
      clock.pass(301);
    }
    const { integration, progress } = await bench.outcome(salon);
    expect(progress).toMatchObject({ state: "failed", step: "number", attempts: MAX_ATTEMPTS });
    expect(integration).toMatchObject({
      status: "error",
      status_reason: "The salon could not be given a phone number: Twilio has no number in GB for sale now.",
    });
    const hour = inHours(3).toISOString().slice(0, 13);
    const budget = await bench.database.firestore.doc(`purchase_budgets/${hour}`).get();
    expect(budget.exists, "nothing was bought, so no purchase is counted").toBe(false);
  });

  test("where the parent account is suspended; and the owner's next request heals it", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    await bench.twilio.setStatus(bench.second.sid, "suspended");
    await bench.worker({ clock, labels: ["second"] })(salon.salonId);
    const failed = await bench.outcome(salon);
    expect(failed.integration).toMatchObject({
      status: "error",
      status_reason:
        "The salon's Twilio subaccount could not be set up: Twilio refused the request: the account SID and auth token were not accepted (https://www.twilio.com/docs/api/errors/20003).",
    });
    await bench.twilio.setStatus(bench.second.sid, "active");
    clock.pass(5);
    await bench.ask(salon.salonId, clock);
    await bench.worker({ clock, labels: ["second"] })(salon.salonId);
    expect((await bench.outcome(salon)).integration).toMatchObject({ status: "active", status_reason: null });
  });

  test("where the salon's subaccount was suspended: it is not replaced behind anybody's back", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const { sid } = await parentAccount().createSubaccount(salon.salonId);
    await bench.twilio.setStatus(sid, "suspended");
    await bench.worker({ clock })(salon.salonId);
    const { integration, subaccounts } = await bench.outcome(salon);
    expect(subaccounts).toHaveLength(1);
    expect(integration.status_reason).toMatch(/The salon's Twilio subaccount is not active \(suspended\)\./);
  });

  test("where the parent of its subaccount is no longer configured", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const match = { path: "/IncomingPhoneNumbers" };
    await bench.twilio.fault({ kind: "http_error", status: 503, match, times: 1 });
    await bench.worker({ clock, labels: ["second"] })(salon.salonId);
    clock.pass(61);
    await bench.worker({ clock, labels: ["default"] })(salon.salonId);
    expect((await bench.outcome(salon)).integration.status_reason).toMatch(
      /second is not in PLATFORM_ACCOUNTS/,
    );
  });

  test("but a platform secret that is missing is waited for: an operator will add it", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    await bench.worker({ clock, labels: ["third"] })(salon.salonId);
    const { progress } = await bench.outcome(salon);
    expect(progress).toMatchObject({ state: "waiting", step: "subaccount" });
    expect(progress.last_error.reason).toMatch(/Secret Manager did not give the secret twilio-a/);
  });

  test("but webhooks that Twilio did not keep are set again", async () => {
    const clock = createMovingClock();
    const salon = await bench.addSalon(clock);
    const meddle = async (effect: string) => {
      if (effect !== "twilio.configureNumber") return;
      const [subaccount] = await bench.twilio.subaccounts(salon.salonId);
      const account = accountAt(subaccount?.sid ?? "", subaccount?.auth_token ?? "");
      const [number] = await account.listOwnedNumbers(1);
      if (number !== undefined)
        await account.restoreNumber(number.sid, {
          ...number.webhooks,
          voiceUrl: "https://elsewhere.example.com",
        });
    };
    await bench.worker({ clock, after: meddle })(salon.salonId);
    const { progress } = await bench.outcome(salon);
    expect(progress).toMatchObject({ state: "waiting", step: "webhooks" });
    expect(progress.last_error.reason).toBe(
      "The phone number could not be connected: Twilio did not keep the number's voiceUrl.",
    );
    clock.pass(61);
    await bench.worker({ clock })(salon.salonId);
    expect((await bench.outcome(salon)).numbers).toMatchObject([
      { voice_url: bench.urls.voice(salon.salonId) },
    ]);
  });
});

describe("the platform's limits", () => {
  test("numbers are bought up to the hour's limit, and the next hour goes on by itself", async () => {
    const clock = createMovingClock(inHours(6));
    const [first, second] = [await bench.addSalon(clock), await bench.addSalon(clock)];
    const limited = () => bench.worker({ clock, purchasesPerHour: 1 });
    await limited()(first.salonId);
    await limited()(second.salonId);
    expect((await bench.outcome(first)).integration.status).toBe("active");
    const capped = await bench.outcome(second);
    expect(capped.numbers).toEqual([]);
    expect(capped.progress).toMatchObject({ state: "waiting", step: "number" });
    expect(capped.progress.last_error.reason).toMatch(/limit of new phone numbers for this hour is reached/);
    // Longer than any failure would be tried again.
    for (let waits = 0; waits < 12; waits += 1) {
      clock.pass(301);
      await limited()(second.salonId);
    }
    expect((await bench.outcome(second)).integration.status).toBe("active");
  });

  test("a parent that is full is passed over; where all are full, the reason says what to do", async () => {
    const small = await startProvisioningBench({ subaccountLimit: 1 });
    try {
      const clock = createMovingClock();
      const salons = [await small.addSalon(clock), await small.addSalon(clock), await small.addSalon(clock)];
      const parents: unknown[] = [];
      for (const salon of salons) {
        await small.worker({ clock, labels: ["default", "second"] })(salon.salonId);
        const { integration } = await small.outcome(salon);
        parents.push(integration.platform?.parent ?? integration.status_reason);
      }
      expect(parents).toEqual([
        "default",
        "second",
        "The salon's Twilio subaccount could not be set up: All of the platform's Twilio accounts are full; add another one to PLATFORM_ACCOUNTS.",
      ]);
    } finally {
      await small.stop();
    }
  });
});
