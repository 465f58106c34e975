import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import {
  type After,
  type ProvisioningBench,
  startProvisioningBench,
} from "#scripts/testing/provisioning-bench.ts";

/** Longer than the lease. */
const AFTER_THE_LEASE = 61;

const BEGINNING = [
  "progress.begin",
  "twilio.findSubaccountsByName",
  "progress.reached",
  "twilio.createSubaccount",
  "progress.reached",
  "twilio.listOwnedNumbers",
  "pool.claim",
];
const END = [
  "pool.assign",
  "progress.reached",
  "twilio.configureNumber",
  "twilio.findOwnedNumber",
  "progress.reached",
  "acceptance.accept",
  "twilio.sendMessage",
  "progress.finish",
  "held.release",
];
const BUYING = [
  ...BEGINNING,
  "twilio.searchNumbers",
  "pool.budgetPurchase",
  "progress.reached",
  "twilio.buyNumber",
  ...END,
];
const FROM_THE_POOL = [...BEGINNING, "twilio.moveNumber", ...END];
const IRREVOCABLE = ["twilio.createSubaccount", "twilio.buyNumber"];
const numbered = (effects: readonly string[]) => effects.map((effect, index) => [index + 1, effect] as const);

/** Calls `strike` after the nth effect. */
function atEffect(nth: number, strike: After): After {
  let count = 0;
  return async (effect) => {
    count += 1;
    if (count === nth) await strike(effect);
  };
}

/** One subaccount, one number that is the salon's in the books as well, one test message, and nothing left to do. */
async function expectOneOfEach(
  bench: ProvisioningBench,
  salon: Awaited<ReturnType<ProvisioningBench["addSalon"]>>,
) {
  const { integration, progress, subaccounts, numbers, tests } = await bench.outcome(salon);
  expect({ subaccounts: subaccounts.length, numbers: numbers.length, tests: tests.length }).toEqual({
    subaccounts: 1,
    numbers: 1,
    tests: 1,
  });
  expect(integration).toMatchObject({
    status: "active",
    platform: { is_active: true, webhook_status: "configured", phone_number: numbers[0]?.phone_number },
  });
  expect(progress).toMatchObject({ state: "ready" });
  expect(progress).not.toHaveProperty("due_at");
  const books = await bench.database.firestore
    .collection("phone_numbers")
    .where("salon_id", "==", salon.salonId)
    .get();
  expect(books.docs.map((book) => [book.id, book.get("state")])).toEqual([[numbers[0]?.sid, "assigned"]]);
}

let buying: ProvisioningBench;
let pooled: ProvisioningBench;
let serial = 9_000;
const nextPoolNumber = () => `+1415555${serial++}`;

beforeAll(async () => {
  [buying, pooled] = await Promise.all([startProvisioningBench(), startProvisioningBench()]);
});
afterAll(() => Promise.all([buying.stop(), pooled.stop()]));

describe("the tables below", () => {
  test("name every effect of a set-up that buys its number", async () => {
    const clock = createMovingClock();
    const trace: string[] = [];
    const salon = await buying.addSalon(clock);
    await buying.worker({ clock, after: async (effect) => void trace.push(effect) })(salon.salonId);
    expect(trace).toEqual(BUYING);
  });

  test("name every effect of a set-up with a number from the pool", async () => {
    const clock = createMovingClock();
    const trace: string[] = [];
    await pooled.stockPool(nextPoolNumber());
    const salon = await pooled.addSalon(clock);
    await pooled.worker({ clock, after: async (effect) => void trace.push(effect) })(salon.salonId);
    expect(trace).toEqual(FROM_THE_POOL);
  });
});

describe.concurrent("a worker that dies leaves nothing twice and nothing lost", () => {
  test.each(numbered(BUYING))("after effect %i, %s; nor when it wakes up late", async (nth, effect) => {
    const clock = createMovingClock();
    const salon = await buying.addSalon(clock);
    const dead = Promise.withResolvers<void>();
    const revived = Promise.withResolvers<void>();
    const strike = async () => {
      dead.resolve();
      await revived.promise;
    };
    const first = buying.worker({ clock, after: atEffect(nth, strike) })(salon.salonId);
    await dead.promise;
    clock.pass(AFTER_THE_LEASE);
    await buying.worker({ clock })(salon.salonId);
    await expectOneOfEach(buying, salon);
    // Twilio knows nothing of leases: who stops for a minute between renewing one and buying does buy.
    const next = BUYING[nth] ?? "";
    if (effect === "progress.reached" && IRREVOCABLE.includes(next)) return;
    revived.resolve();
    await first;
    await expectOneOfEach(buying, salon);
  });
});

describe.concurrent("a worker that had a number of the pool in hand leaves it to its successor", () => {
  const inHand = ["twilio.listOwnedNumbers", "pool.claim", "twilio.moveNumber", "pool.assign"];
  test.each(inHand)("when it stops after %s and wakes up late", async (stopping) => {
    const clock = createMovingClock();
    await pooled.stockPool(nextPoolNumber());
    const salon = await pooled.addSalon(clock);
    const dead = Promise.withResolvers<void>();
    const revived = Promise.withResolvers<void>();
    const after: After = async (effect) => {
      if (effect !== stopping) return;
      dead.resolve();
      await revived.promise;
    };
    const first = pooled.worker({ clock, after })(salon.salonId);
    await dead.promise;
    clock.pass(AFTER_THE_LEASE);
    await pooled.worker({ clock })(salon.salonId);
    revived.resolve();
    await first;
    await expectOneOfEach(pooled, salon);
  });
});

describe.concurrent("a step that throws leaves nothing twice and nothing lost", () => {
  test.each(numbered(FROM_THE_POOL))("after effect %i, %s", async (nth) => {
    const clock = createMovingClock();
    await pooled.stockPool(nextPoolNumber());
    const salon = await pooled.addSalon(clock);
    const strike = () => Promise.reject(new Error("the instance ran out of memory"));
    await pooled
      .worker({ clock, after: atEffect(nth, strike) })(salon.salonId)
      .catch(() => undefined);
    clock.pass(AFTER_THE_LEASE);
    await pooled.worker({ clock })(salon.salonId);
    await expectOneOfEach(pooled, salon);
  });

  test("all in all the pool has given every salon one number, and each to one salon", async () => {
    const books = await pooled.database.firestore.collection("phone_numbers").get();
    const owners = books.docs.map((book) => book.get("salon_id"));
    expect(new Set(owners).size).toBe(owners.length);
  });
});

describe("Twilio acts, and its answer is lost", () => {
  const requests = [
    ["creating the subaccount", "POST", "/Accounts\\.json$"],
    ["buying the number", "POST", "/IncomingPhoneNumbers\\.json$"],
    ["pointing the number at us", "POST", "/IncomingPhoneNumbers/PN"],
    ["looking for the subaccount", "GET", "/Accounts\\.json"],
    ["reading the number back", "GET", "/IncomingPhoneNumbers/PN"],
    ["sending the test message", "POST", "/Messages\\.json$"],
  ] as const;
  const spoils = [
    ["a 500", { kind: "http_error", status: 500 }],
    ["a gateway's page", { kind: "http_error", status: 502, as: "html" }],
    ["a silence", { kind: "timeout" }],
    ["a cut connection", { kind: "reset" }],
  ] as const;
  const cases = requests.flatMap(([what, method, path]) =>
    spoils.map(([how, fault]) => [how, what, { method, path }, fault] as const),
  );

  test.each(cases)("with %s while %s", async (_how, _what, match, fault) => {
    const clock = createMovingClock();
    const salon = await buying.addSalon(clock);
    await buying.twilio.fault({ ...fault, when: "after", times: 1, match });
    await buying.worker({ clock, timeoutMs: 150 })(salon.salonId);
    await buying.twilio.calm();
    clock.pass(AFTER_THE_LEASE);
    await buying.worker({ clock })(salon.salonId);
    await expectOneOfEach(buying, salon);
  });
});
