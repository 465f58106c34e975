import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import type { MessageId } from "#shared/core/ids.ts";
import type { E164 } from "#shared/core/phone.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";

let bench: MessagingBench;
beforeAll(async () => {
  bench = await startMessagingBench({ stageMs: 1, oneClock: true, callbacks: true });
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

const stored = async (id: MessageId) => (await bench.messages.get(id)) ?? expect.fail("no such message");
const EMAIL = { channel: "email", to: "priya@example.com", subject: "Your appointment" } as const;

/** Refuses what this salon's account sends to a customer, or has it fail later. */
const refuse = (salon: BenchSalon, to: E164, error_code: number, surface: "sync" | "async" = "sync") =>
  bench.fault({ kind: "recipient", to, error_code, surface, match: { account_sid: salon.accountSid } });
const refuseOnPlatform = (to: E164, error_code: number, surface: "sync" | "async" = "sync") =>
  bench.fault({
    kind: "recipient",
    to,
    error_code,
    surface,
    match: { account_sid: bench.platformAccountSid },
  });

/** Does what is due until the message is in this state; Twilio's callbacks do the rest. */
async function reaches(id: MessageId, state: OutboundMessage["state"]): Promise<OutboundMessage> {
  return until(async () => {
    const message = await stored(id);
    // An SMS that is sent goes on by itself; an e-mail does not.
    const isThere =
      message.state === state && (state !== "sent" || message.attempts.at(-1)?.channel === "email");
    if (isThere && message.due_at === undefined) return message;
    const { due_at } = message;
    if (due_at === undefined) return false;
    bench.clock.pass(Math.max(0, (due_at.getTime() - bench.clock.now().getTime()) / 1_000));
    await bench.worker().deliver(id);
    return false;
  });
}

async function sent(salon: BenchSalon, wanted: Parameters<MessagingBench["accept"]>[1]): Promise<MessageId> {
  const { id } = await bench.accept(salon, wanted);
  await bench.worker().deliver(id);
  return id;
}
const critical = (salon: BenchSalon, to: E164) => sent(salon, { to, critical: true });

describe("an e-mail", () => {
  test.each([
    ["is refused at once", 21614, "sync"],
    ["fails later", 30006, "async"],
    ["meets an account out of order", 20003, "sync"],
  ] as const)("replaces a critical SMS that %s", async (_, code, surface) => {
    const salon = await bench.salon();
    const to = bench.customer();
    await refuse(salon, to, code, surface);
    const before = bench.mails().length;
    const id = await sent(salon, { to, critical: true, fallback: EMAIL });
    const message = await reaches(id, "sent");
    expect(message.attempts.at(-1)).toMatchObject({ source: "email", channel: "email", state: "sent" });
    expect(message.failure, "why its own way failed").toMatchObject({ twilio_code: code });
    const mails = bench.mails().slice(before);
    expect(mails).toMatchObject([{ to: [EMAIL.to], subject: EMAIL.subject }]);
    expect(mails[0]?.body).toContain("See you tomorrow at 10.");
  });

  test.each([
    ["an opt-out", 21610, "sync"],
    ["a blocked sender", 30004, "async"],
    ["a filter", 30007, "async"],
    ["a suspicion of fraud", 30450, "async"],
  ] as const)("never goes around %s", async (_, code, surface) => {
    const salon = await bench.salon();
    const to = bench.customer();
    await refuse(salon, to, code, surface);
    const before = bench.mails().length;
    const id = await sent(salon, { to, critical: true, fallback: EMAIL });
    await reaches(id, surface === "sync" ? "failed" : "undelivered");
    expect(bench.mails().slice(before)).toEqual([]);
  });

  test("is one mail, with one name, although its worker dies before it has written that down", async () => {
    const salon = await bench.salon();
    const to = bench.customer();
    await refuse(salon, to, 21614);
    const before = bench.mails().length;
    const id = await sent(salon, { to, critical: true, fallback: EMAIL });
    const report = () => Promise.reject(new Error("died"));
    const dying = bench.worker({ messages: { ...bench.messages, report, judge: report } });
    await expect(dying.deliver(id)).rejects.toThrow("died");
    await reaches(id, "sent");
    const names = bench
      .mails()
      .slice(before)
      .map(({ raw }) => /^message-id: .*$/im.exec(raw)?.[0]);
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(1);
  });
});

describe("the platform's number", () => {
  test("is another one for the second salon that falls back to the same customer, and each reply comes home", async () => {
    const [first, second, third] = [await bench.salon(), await bench.salon(), await bench.salon()];
    const to = bench.customer();
    for (const salon of [first, second, third]) await refuse(salon, to, 21606);
    for (const salon of [first, second]) await reaches(await critical(salon, to), "delivered");
    const numbers = (await bench.sentBy(bench.platformAccountSid)).filter((each) => each.to === to);
    const [ofFirst, ofSecond] = numbers.map(({ from }) => bench.defaultNumbers.find((each) => each === from));
    if (ofFirst === undefined || ofSecond === undefined)
      return expect.fail("not sent from the platform's numbers");
    expect(ofFirst).not.toBe(ofSecond);
    const party = bench.partyOf(to);
    expect(await bench.threads.salonOf(ofFirst, party)).toBe(first.id);
    expect(await bench.threads.salonOf(ofSecond, party)).toBe(second.id);

    // A third salon finds none that would bring a reply home: its message ends for the reason it had.
    const id = await critical(third, to);
    expect(await reaches(id, "failed")).toMatchObject({ failure: { class: "sender", twilio_code: 21606 } });
    // And who has a number goes on with it.
    await reaches(await critical(second, to), "delivered");
    const again = (await bench.sentBy(bench.platformAccountSid)).filter((each) => each.to === to);
    expect(again.map(({ from }) => from)).toEqual([ofFirst, ofSecond, ofSecond]);
  });

  test("that the customer has told to stop is used for them no more, and the salon's own goes on", async () => {
    const salon = await bench.salon();
    const to = bench.customer();
    await refuse(salon, to, 21606);
    await refuseOnPlatform(to, 21610);
    const first = await reaches(await critical(salon, to), "failed");
    const { party } = first;
    expect((await bench.contacts.get(salon.id, party)).opt_out, "said to the platform").toBeNull();
    const blocked = await bench.database.firestore.collection("threads").where("party", "==", party).get();
    expect(blocked.docs.filter((thread) => thread.get("blocked_at") !== null)).toHaveLength(1);
    await reaches(await critical(salon, to), "failed");
    const left = await bench.threads.claim({ salonId: salon.id, party, numbers: bench.defaultNumbers });
    expect(left).toBeUndefined();
  });

  test("is tried twice more where the phone is off, and then the message ends", async () => {
    const salon = await bench.salon();
    const to = bench.customer();
    await refuse(salon, to, 21606);
    await refuseOnPlatform(to, 30003, "async");
    const ended = await reaches(await critical(salon, to), "undelivered");
    expect(ended.attempts.map(({ source }) => source)).toEqual([
      "platform_subaccount",
      ...["platform_default", "platform_default", "platform_default"],
    ]);
  });

  test.each([
    ["before it acted", "before", 2],
    ["after it acted", "after", 1],
  ])("settles an answer that never came: %s, the customer has the message once", async (_, when, tries) => {
    const salon = await bench.salon();
    const to = bench.customer();
    await refuse(salon, to, 21606);
    const match = { to, method: "POST", account_sid: bench.platformAccountSid };
    await bench.fault({ kind: "http_error", status: 500, when, match, times: 1 });
    const id = await critical(salon, to);
    const { attempts } = await reaches(id, "delivered");
    expect(attempts.filter(({ source }) => source === "platform_default")).toHaveLength(tries);
    expect(await bench.atTwilio(to)).toHaveLength(1);
  });
});

describe("a failure whose callback is lost", () => {
  test("still takes an opt-out for what it is once it is found in Twilio's list", async () => {
    const salon = await bench.salon();
    const to = bench.customer();
    await bench.fault({ kind: "callbacks", lose: "all", match: { to } });
    await refuse(salon, to, 21610, "async");
    await bench.fault({
      kind: "http_error",
      status: 500,
      when: "after",
      match: { to, method: "POST" },
      times: 1,
    });
    const id = await sent(salon, { to });
    await until(async () => (await bench.atTwilio(to))[0]?.status === "failed");
    const message = await reaches(id, "failed");
    await bench.followed(message);
    const { party } = message;
    expect((await bench.contacts.get(salon.id, party)).opt_out).toMatchObject({
      by: "twilio",
      evidence: "21610",
    });
  });
});
