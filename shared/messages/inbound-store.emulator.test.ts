import { beforeEach, describe, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { ACCEPTED_AT, messageSid } from "#scripts/testing/outbound-message.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { messageIdOf, SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { Salon } from "#shared/salons/salon.ts";
import { inboundEntry } from "./billing.ts";
import { createInboundMessages, type InboundOptions } from "./inbound-store.ts";
import type { InboundMessage } from "./message.ts";

const database = createDatabase(uniqueProjectId());
const inbound = createInboundMessages(database);

let salonId: SalonId;
beforeEach(() => {
  salonId = SalonId.parse(uniqueSalonId());
});

const SALON = Salon.parse({ name: "Anjali's Salon" });

function written(number: number, changes: Partial<InboundMessage> = {}): InboundMessage {
  const sid = messageSid(number);
  return {
    direction: "inbound",
    id: messageIdOf(salonId, `inbound:${sid}`),
    salon_id: salonId,
    twilio_sid: sid,
    account: "fingerprint-of-the-subaccount",
    channel: "sms",
    from: "+14155550142",
    to: E164.parse("+14155550100"),
    party: "party-of-the-customer",
    body: "Can I come at 11?",
    media: [],
    segments: 2,
    details: {},
    language: null,
    answer: null,
    received_at: ACCEPTED_AT,
    ...changes,
  };
}

async function record(
  message: InboundMessage,
  options: Partial<InboundOptions> = {},
): Promise<InboundMessage & { readonly greets: boolean }> {
  const context = { segments: 2, timeZone: "Asia/Kolkata", billedTo: "platform" } as const;
  const entry = inboundEntry(message, context);
  const recorded = await inbound.record(message, entry, { salon: SALON, mayAnswer: true, ...options });
  return { ...recorded.message, greets: recorded.message.answer?.kind === "greet" };
}

const idsOf = async (path: string) =>
  (await database.firestore.collection(path).get()).docs.map(({ id }) => id);
const ledgerIds = () => idsOf(`salons/${salonId}/usage_ledger`);
const contact = async (party = "party-of-the-customer") =>
  (await database.firestore.doc(`contacts/${salonId}_${party}`).get()).data() ?? expect.fail("no contact");

test("stores a message once, although its webhook comes ten times at the same moment", async () => {
  const message = written(1);
  const results = await atOnce(10, () => record(message));
  const ledger = await ledgerIds();
  printCount(`one webhook at once: 10 times, ${ledger.length} ledger row`);
  expect(ledger).toEqual([`${messageSid(1)}_sms_inbound`]);
  const found = await database.firestore.collection("messages").where("salon_id", "==", salonId).get();
  expect(found.docs.map(({ id }) => id)).toEqual([message.id]);
  const answer = { kind: "greet", body: "Welcome to Anjali's Salon! How can I help you today?" };
  for (const result of results) expect(result).toEqual({ ...message, language: "en", answer, greets: true });
});

test("greets a new customer once, although several messages of theirs come at the same moment", async () => {
  const greetings: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const party = `customer-${round}`;
    const results = await atOnce(4, (index) => record(written(100 + round * 10 + index, { party })));
    greetings.push(results.filter(({ greets }) => greets).length);
  }
  printCount(`first messages at once: 5 customers with 4 each, greetings ${greetings.join(", ")}`);
  expect(greetings).toEqual([1, 1, 1, 1, 1]);
});

test("greets nobody twice, also not when a greeted message's webhook is repeated later", async () => {
  expect((await record(written(1))).greets).toBe(true);
  expect((await record(written(2))).greets).toBe(false);
  expect((await record(written(1))).greets).toBe(true);
  expect(await ledgerIds()).toHaveLength(2);
});

test("greets nobody where it may not, and not at their next message either", async () => {
  expect((await record(written(1), { mayAnswer: false })).greets).toBe(false);
  expect((await record(written(2))).greets).toBe(false);
});

test("greets a customer of one salon as somebody new at another", async () => {
  await record(written(1));
  salonId = SalonId.parse(uniqueSalonId());
  expect((await record(written(2))).greets).toBe(true);
});

test("keeps when a customer first wrote, and where they last did", async () => {
  await record(written(1));
  const later = plusSeconds(ACCEPTED_AT, 3_600);
  await record(written(2, { channel: "whatsapp", received_at: later }));
  const { first_inbound_at, last_inbound_at, last_whatsapp_inbound_at, ...rest } = await contact();
  const times = [first_inbound_at, last_inbound_at, last_whatsapp_inbound_at].map((time) => time.toDate());
  expect(times).toEqual([ACCEPTED_AT, later, later]);
  expect(rest).toMatchObject({
    salon_id: salonId,
    party: "party-of-the-customer",
    last_channel: "whatsapp",
    opt_out: null,
  });
});

test("leaves what else is known of a customer as it is", async () => {
  const known = { salon_id: salonId, party: "party-of-the-customer", language: "te", note: "the platform's" };
  await database.firestore.doc(`contacts/${salonId}_${known.party}`).set(known);
  expect((await record(written(1))).greets).toBe(true);
  expect(await contact()).toMatchObject({ ...known, last_channel: "sms" });
});

describe("what a customer chooses", () => {
  const minutes = (count: number) => plusSeconds(ACCEPTED_AT, count * 60);
  const said = (number: number, body: string, at: number, changes: Partial<InboundMessage> = {}) =>
    written(number, { body, received_at: minutes(at), ...changes });

  test("STOP opts out, with its time and its SID, and is not greeted", async () => {
    expect((await record(said(1, "Stop!", 0))).greets).toBe(false);
    const { opt_out } = await contact();
    expect({ ...opt_out, at: opt_out.at.toDate() }).toEqual({
      at: ACCEPTED_AT,
      by: "keyword",
      channel: "sms",
      evidence: messageSid(1),
    });
  });

  test("START ends it, on whatever channel each came", async () => {
    await record(said(1, "बंद करें", 0));
    await record(said(2, "START", 1, { channel: "whatsapp" }));
    expect(await contact()).toMatchObject({ opt_out: null, opt_in: { evidence: messageSid(2) } });
  });

  test("each is kept with the SID of the message, once, and no ordinary message is", async () => {
    await record(said(1, "STOP", 0));
    await record(said(2, "Hello", 1));
    await record(said(3, "START", 2));
    await record(said(1, "STOP", 0));
    const choices = database.firestore.collection("contact_choices").where("salon_id", "==", salonId);
    const kept = (await choices.get()).docs.map((each) => [each.get("what"), each.get("evidence")]);
    expect(kept.toSorted()).toEqual([
      ["opt_in", messageSid(3)],
      ["opt_out", messageSid(1)],
    ]);
  });

  test("ordinary messages change nothing of it, and an opted-out customer is not greeted", async () => {
    const party = "known-only-by-the-opt-out";
    const choice = { at: ACCEPTED_AT, by: "salon", channel: null, evidence: "uid" };
    const known = { salon_id: salonId, party, opt_out: choice, choice_at: ACCEPTED_AT };
    await database.firestore.doc(`contacts/${salonId}_${party}`).set(known);
    expect((await record(said(1, "Hello", 1, { party }))).greets).toBe(false);
    expect(await contact(party)).toMatchObject({ opt_out: { evidence: "uid" } });
  });

  test("a STOP that arrives after a newer START does not undo it", async () => {
    await record(said(2, "START", 2));
    await record(said(1, "STOP", 1));
    expect(await contact()).toMatchObject({ opt_out: null });
  });

  test("a repeated STOP webhook after a START changes nothing, even received later", async () => {
    await record(said(1, "STOP", 0));
    await record(said(2, "START", 1));
    await record(said(1, "STOP", 2));
    expect(await contact()).toMatchObject({ opt_out: null });
  });

  test("'yes' opts in by SMS only who is opted out, 'cancel' opts out by SMS only", async () => {
    await record(said(1, "Yes", 0));
    expect(await contact()).toMatchObject({ choice_at: null });
    await record(said(2, "Cancel", 1, { channel: "whatsapp" }));
    expect(await contact()).toMatchObject({ opt_out: null });
    await record(said(3, "Cancel", 2));
    expect(await contact()).toMatchObject({ opt_out: { evidence: messageSid(3) } });
    await record(said(4, "Yes", 3));
    expect(await contact()).toMatchObject({ opt_out: null });
  });

  test.each([
    ["STOP", "Arrête", true],
    ["START", "STOP", false],
    ["HELP", "Aide", false],
  ] as const)("what Twilio says goes before the text: %s with %j", async (optOutType, body, isOut) => {
    await record(said(1, body, 0, { details: { opt_out_type: optOutType } }));
    expect((await contact()).opt_out !== null).toBe(isOut);
  });

  test("STOPs and STARTs at the same moment end with the newest", async () => {
    const ends: boolean[] = [];
    for (let round = 0; round < 5; round += 1) {
      const party = `customer-who-chooses-${round}`;
      await atOnce(6, (index) =>
        record(said(500 + round * 10 + index, index % 2 === 0 ? "START" : "STOP", index, { party })),
      );
      ends.push((await contact(party)).opt_out !== null);
    }
    printCount(`STOP and START at once: 5 customers with 6 each, opted out ${ends.filter(Boolean).length}`);
    expect(ends).toEqual([true, true, true, true, true]);
  });
});

describe("on a number that salons share", () => {
  const shared = { sharedNumberId: "id-of-the-shared-number" };
  const thread = async (party = "party-of-the-customer") =>
    (await database.firestore.doc(`threads/${shared.sharedNumberId}_${party}`).get()).data();

  test("STOP blocks the number as well, for every salon, and START opens it", async () => {
    const party = "writes-to-the-shared-number";
    await record(written(1, { party, body: "STOP" }), shared);
    expect((await thread(party))?.blocked_at.toDate()).toEqual(ACCEPTED_AT);
    const later = plusSeconds(ACCEPTED_AT, 60);
    await record(written(2, { party, body: "START", received_at: later }), shared);
    expect(await thread(party)).toMatchObject({ blocked_at: null });
  });

  test("a reply keeps the number with its salon, and takes none from another", async () => {
    const at = (seconds: number) => plusSeconds(ACCEPTED_AT, seconds);
    const of = (party: string, salon_id: string) =>
      database.firestore
        .doc(`threads/${shared.sharedNumberId}_${party}`)
        .set({ number_id: shared.sharedNumberId, party, salon_id, last_used_at: at(-60) });
    await Promise.all([of("ours", salonId), of("theirs", "salon-other")]);
    await record(written(1, { party: "ours" }), shared);
    await record(written(2, { party: "theirs" }), shared);
    expect((await thread("ours"))?.last_used_at.toDate()).toEqual(at(0));
    const theirs = await thread("theirs");
    expect([theirs?.salon_id, theirs?.last_used_at.toDate()]).toEqual(["salon-other", at(-60)]);
  });

  test("any other number has no thread", async () => {
    await record(written(1, { party: "writes-to-the-salon", body: "STOP" }));
    expect(await thread("writes-to-the-salon")).toBeUndefined();
  });
});

describe("an automatic answer", () => {
  const CLOSED = Salon.parse({
    name: "Anjali's Salon",
    hours: { monday: { opens: "09:00", closes: "09:01" } },
  });
  const seconds = (count: number) => plusSeconds(ACCEPTED_AT, count);

  test("about closed hours goes to a customer once, although several messages come at the same moment", async () => {
    const found: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const party = `closed-${round}`;
      const results = await atOnce(4, (index) =>
        record(written(700 + round * 10 + index, { party, received_at: seconds(index) }), { salon: CLOSED }),
      );
      found.push(results.filter(({ answer }) => answer !== null).length);
    }
    printCount(`closed salon, messages at once: 5 customers with 4 each, answers ${found.join(", ")}`);
    expect(found).toEqual([1, 1, 1, 1, 1]);
  });

  test("stays the one that was decided first, whatever the salon's settings say at the repetition", async () => {
    const before = await record(written(1));
    const salon = Salon.parse({ name: "Another name", communication: { whatsapp_greeting: "Ciao" } });
    expect(await record(written(1), { salon })).toEqual(before);
  });

  test("is in the language of the text, which the contact keeps", async () => {
    const first = await record(written(1, { body: "నమస్తే" }));
    expect([first.language, first.answer?.body.includes("స్వాగతం")]).toEqual(["te", true]);
    expect(await contact()).toMatchObject({ language: "te" });
    const second = await record(written(2, { body: "Namaste", received_at: seconds(60) }));
    expect(second.language).toBe("te");
  });

  test("is remembered by the contact", async () => {
    await record(written(1), { salon: CLOSED });
    const { answered_at, told_closed_until } = await contact();
    expect(answered_at.map((time: { toDate(): Date }) => time.toDate())).toEqual([ACCEPTED_AT]);
    expect(told_closed_until.toDate() > ACCEPTED_AT).toBe(true);
  });
});

describe("a message that is not finished", () => {
  const later = plusSeconds(ACCEPTED_AT, 120);
  // The whole project's, so others than this salon's may stand there.
  const waiting = async (now: Date) =>
    (await inbound.unfinished(now, 1_000))
      .flatMap((each) => (each instanceof AppError ? [] : [each]))
      .filter(({ salon_id }) => salon_id === salonId);

  test("is found although another one cannot be read, and with what a newer version stored beside", async () => {
    const broken = database.firestore.doc("messages/not-readable");
    await broken.set({ direction: "inbound", take_again_at: later });
    const message = await record(written(1, { take_again_at: later }));
    await database.firestore.doc(`messages/${message.id}`).update({ "details.seen_by_tomorrow": true });
    expect((await waiting(later)).map(({ id }) => id)).toEqual([message.id]);
    expect((await inbound.unfinished(later, 1_000)).some((each) => each instanceof AppError)).toBe(true);
    await broken.delete();
  });

  test("is found when its time has come, until it is finished", async () => {
    const message = await record(written(1, { take_again_at: later }));
    await record(written(2));
    expect(await waiting(plusSeconds(later, -1))).toEqual([]);
    const found = await waiting(later);
    expect(found.map(({ id }) => id)).toEqual([message.id]);
    expect(found[0]).toMatchObject({ answer: message.answer, take_again_at: later });
    await inbound.finish(message.id);
    expect(await waiting(later)).toEqual([]);
    expect((await record(written(1, { take_again_at: later }))).take_again_at).toBeUndefined();
  });

  test("may have been erased meanwhile", async () => {
    await inbound.finish(written(9).id);
    expect(await idsOf("messages")).not.toContain(written(9).id);
  });
});

test("keeps what Twilio tells beside the text", async () => {
  const details = { button: { text: "Confirm", payload: "confirm:42" }, profile_name: "Meera" };
  await record(written(1, { details }));
  expect((await record(written(1))).details).toEqual(details);
});

test("puts no phone number into an id or a path", async () => {
  await record(written(1));
  const ids = [...(await idsOf("messages")), ...(await idsOf("contacts")), ...(await ledgerIds())];
  expect(ids.join(" ")).not.toContain("4155550142");
});

test("counts segments of SMS and messages of WhatsApp, which cost nothing to receive", async () => {
  await record(written(1));
  await record(written(2, { channel: "whatsapp" }));
  const rows = await database.firestore.collection(`salons/${salonId}/usage_ledger`).get();
  const found = rows.docs.map((row) => [row.get("kind"), row.get("quantity"), row.get("cost_micros")]);
  expect(found).toEqual([
    ["sms_inbound", 2, 0],
    ["whatsapp_inbound", 1, 0],
  ]);
});
