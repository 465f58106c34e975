import { beforeEach, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { ACCEPTED_AT, messageSid } from "#scripts/testing/outbound-message.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { messageIdOf, SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { inboundEntry } from "./billing.ts";
import { createInboundMessages } from "./inbound-store.ts";
import type { InboundMessage } from "./message.ts";

const database = createDatabase(uniqueProjectId());
const inbound = createInboundMessages(database);

let salonId: SalonId;
beforeEach(() => {
  salonId = SalonId.parse(uniqueSalonId());
});

type Written = Omit<InboundMessage, "greets">;

function written(number: number, changes: Partial<Written> = {}): Written {
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
    received_at: ACCEPTED_AT,
    ...changes,
  };
}

function record(message: Written, mayGreet = true): Promise<InboundMessage> {
  const context = { segments: 2, timeZone: "Asia/Kolkata", billedTo: "platform" } as const;
  return inbound.record(message, inboundEntry({ ...message, greets: false }, context), { mayGreet });
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
  for (const result of results) expect(result).toEqual({ ...message, greets: true });
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
  expect((await record(written(1), false)).greets).toBe(false);
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
  const { first_inbound_at, last_inbound_at, ...rest } = await contact();
  expect([first_inbound_at.toDate(), last_inbound_at.toDate()]).toEqual([ACCEPTED_AT, later]);
  expect(rest).toEqual({ salon_id: salonId, party: "party-of-the-customer", last_channel: "whatsapp" });
});

test("leaves what else is known of a customer as it is", async () => {
  await database.firestore.doc(`contacts/${salonId}_party-of-the-customer`).set({ language: "te" });
  await record(written(1));
  expect(await contact()).toMatchObject({ language: "te", last_channel: "sms" });
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
