import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import type { MessageId } from "#shared/core/ids.ts";
import type { E164 } from "#shared/core/phone.ts";
import type { SendRequest } from "#shared/messages/compose.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { FAILURE_CLASSES } from "#shared/twilio/failure-classes.ts";

/**
 * What becomes of a message that meets one failure of each kind, by hand and not by the code's tables. One line each:
 * the class and code; by what it goes; `sync` = the request is refused, `async` = Twilio takes it and reports the failure
 * by callback; how often it strikes before it is over; then for a usual message and for a critical one, whose other way is
 * SMS from the platform's number: how it ends, how many messages the salon's account and the platform's have made of it,
 * and who is told: `d` = the owner that messages did not arrive, `o` = the operators, `i` = that the integration failed.
 * At the end what else is known then: an `incident` of the account or its sender, where Twilio says so when it is asked,
 * or an `opt-out` of the customer. What waits for an account arrives once the account is well.
 */
const TABLE = `
transient   21611 sms      sync  1 | delivered            1 0 -  | delivered   0 1 -  |
transient   20429 sms      sync  3 | delivered            1 0 -  | delivered   0 1 -  |
transient   30003 sms      async - | undelivered          3 0 d  | delivered   1 1 -  |
transient   30003 sms      async 1 | delivered            2 0 -  | delivered   1 1 -  |
transient   30008 sms      async - | undelivered          2 0 d  | delivered   1 1 -  |
transient   30008 sms      async 1 | delivered            2 0 -  | delivered   1 1 -  |
uncertain   20500 sms      sync  1 | delivered            1 0 -  | delivered   0 1 -  |
uncertain   20500 sms      async - | failed               1 0 d  | failed      1 0 d  |
uncertain   30410 sms      async - | undelivered          1 0 d  | undelivered 1 0 d  |
credential  20003 sms      sync  - | held:account_trouble 0 0 i  | delivered   0 1 i  | incident
credential  20003 sms      async - | held:account_trouble 1 0 i  | delivered   1 1 i  | incident
account     20005 sms      sync  - | held:account_trouble 0 0 i  | delivered   0 1 i  | incident
account     90010 whatsapp sync  - | held:account_trouble 0 0 i  | delivered   0 1 i  | incident
account     30002 sms      async - | held:account_trouble 1 0 i  | delivered   1 1 i  | incident
account     21408 sms      sync  - | failed               0 0 do | delivered   0 1 -  |
account     21408 sms      async - | failed               1 0 do | delivered   1 1 -  |
sender      21660 sms      sync  - | held:account_trouble 0 0 i  | delivered   0 1 i  | incident
sender      63020 whatsapp sync  - | held:account_trouble 0 0 i  | delivered   0 1 i  | incident
sender      63007 whatsapp async - | held:account_trouble 1 0 i  | delivered   1 1 i  | incident
sender      21660 sms      sync  1 | delivered            1 0 -  | delivered   0 1 -  |
sender      21660 sms      sync  9 | failed               0 0 do | delivered   0 1 -  |
sender      63007 whatsapp async 1 | delivered            2 0 -  | delivered   1 1 -  |
sender      63007 whatsapp async 9 | failed               2 0 do | delivered   1 1 -  |
sender      21606 sms      sync  - | failed               0 0 do | delivered   0 1 -  |
sender      21612 sms      async - | failed               1 0 do | delivered   1 1 -  |
recipient   21211 whatsapp sync  - | failed               0 0 -  | delivered   0 1 -  |
recipient   21614 sms      sync  - | failed               0 0 -  | failed      0 0 d  |
recipient   30005 sms      async - | undelivered          1 0 -  | undelivered 1 0 d  |
recipient   63003 whatsapp async - | failed               1 0 -  | delivered   1 1 -  |
opted_out   21610 sms      sync  - | failed               0 0 -  | failed      0 0 d  | opt-out
opted_out   21610 sms      async - | failed               1 0 -  | failed      1 0 d  | opt-out
opted_out   63014 whatsapp async - | failed               1 0 -  | failed      1 0 d  | opt-out
compliance  21216 sms      sync  - | failed               0 0 o  | failed      0 0 do |
compliance  30004 sms      async - | undelivered          1 0 o  | undelivered 1 0 do |
compliance  30007 sms      async - | undelivered          1 0 o  | undelivered 1 0 do |
compliance  30450 sms      async - | undelivered          1 0 o  | undelivered 1 0 do |
template    21656 whatsapp sync  - | failed               0 0 o  | delivered   0 1 -  |
template    63040 whatsapp async - | failed               1 0 o  | delivered   1 1 -  |
window      63016 whatsapp sync  - | failed               0 0 -  | delivered   0 1 -  |
window      63016 whatsapp async - | failed               1 0 -  | delivered   1 1 -  |
throttle    63038 whatsapp sync  1 | delivered            1 0 -  | delivered   0 1 -  |
throttle    30022 sms      sync  1 | delivered            1 0 -  | delivered   1 0 -  |
throttle    30022 sms      async 4 | delivered            5 0 -  | delivered   5 0 -  |
throttle    30022 sms      async - | failed              11 0 d  | failed     11 0 d  |
throttle    63018 whatsapp async 2 | delivered            3 0 -  | delivered   1 1 -  |
throttle    63018 whatsapp async - | failed               8 0 d  | delivered   1 1 -  |
bug         21604 sms      sync  - | failed               0 0 o  | failed      0 0 do |
bug         63019 whatsapp async - | failed               1 0 o  | failed      1 0 do |
bug         39999 sms      sync  - | failed               0 0 o  | failed      0 0 do |
bug         39999 whatsapp async - | failed               1 0 o  | failed      1 0 do |
`;

interface Outcome {
  readonly ends: string;
  readonly bySalon: number;
  readonly byPlatform: number;
  readonly told: readonly string[];
}
interface Row {
  readonly failureClass: string;
  readonly code: number;
  readonly channel: "sms" | "whatsapp";
  readonly surface: string;
  readonly strikes: number | undefined;
  readonly usual: Outcome;
  readonly critical: Outcome;
  readonly beyond: string;
}

const NOTICES = new Map([
  ["d", "messages_not_delivered"],
  ["o", "delivery_trouble"],
  ["i", "integration_failed"],
]);

function outcomeIn(text = ""): Outcome {
  const [ends = "", bySalon, byPlatform, told = "-"] = text.trim().split(/\s+/);
  const kinds = [...told].flatMap((letter) => NOTICES.get(letter) ?? []).toSorted();
  return { ends, bySalon: Number(bySalon), byPlatform: Number(byPlatform), told: kinds };
}

const ROWS = TABLE.trim()
  .split("\n")
  .map((line): Row => {
    const [about = "", usual, critical, beyond = ""] = line.split("|");
    const [failureClass = "", code, channel, surface = "", strikes] = about.trim().split(/\s+/);
    return {
      failureClass,
      code: Number(code),
      channel: channel === "whatsapp" ? "whatsapp" : "sms",
      surface,
      strikes: strikes === "-" ? undefined : Number(strikes),
      usual: outcomeIn(usual),
      critical: outcomeIn(critical),
      beyond: beyond.trim(),
    };
  });

let bench: MessagingBench;
beforeAll(async () => {
  bench = await startMessagingBench({ stageMs: 1, oneClock: true, callbacks: true });
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

const stored = async (id: MessageId) => (await bench.messages.get(id)) ?? expect.fail("no such message");
const IN_FLIGHT = ["queued", "sending", "sent"];
const isByEmail = ({ attempts }: OutboundMessage) => attempts.at(-1)?.channel === "email";

/** A salon of its own for each message: what a failure says of an account must not touch the next test. */
async function newSalon(): Promise<BenchSalon> {
  const salon = await bench.salon({ document: { communication: { whatsapp_business_hours_only: false } } });
  const integration = bench.database.firestore.doc(`salon_integrations/${salon.id}`);
  await integration.set({ platform: { whatsapp_number: salon.number } }, { merge: true });
  await bench.administer("whatsapp-senders", { account_sid: salon.accountSid, phone_number: salon.number });
  return salon;
}

/** A customer who wrote to the salon by WhatsApp a minute ago, so that it may answer in its own words. */
async function writerTo({ id }: BenchSalon): Promise<E164> {
  const to = bench.customer();
  const party = bench.partyOf(to);
  const last_whatsapp_inbound_at = plusSeconds(bench.clock.now(), -60);
  await bench.database.firestore
    .doc(`contacts/${id}_${party}`)
    .set({ salon_id: id, party, last_whatsapp_inbound_at });
  return to;
}

async function hasIncident(salonId: string): Promise<boolean> {
  const incident = await bench.database.firestore.doc(`incidents/${salonId}_platform_subaccount`).get();
  return incident.get("state") === "open";
}

/** Does whatever is due, and lets Twilio tell all that it has to tell, until nothing is left but to wait for people. */
async function brought(id: MessageId): Promise<OutboundMessage> {
  for (let step = 0; step < 40; step += 1) {
    const message = await stored(id);
    if (IN_FLIGHT.includes(message.state) && !isByEmail(message))
      await until(async () => !IN_FLIGHT.includes((await stored(id)).state));
    const { due_at, updated_at, salon_id, hold_reason } = await stored(id);
    if (hold_reason === "account_trouble" || due_at === undefined) {
      await allTold(message.to);
      const settled = await stored(id);
      if (settled.updated_at.getTime() !== updated_at.getTime()) continue;
      await bench.followed(settled);
      if (due_at === undefined || (await hasIncident(salon_id))) return settled;
    }
    if (due_at === undefined) continue;
    bench.clock.pass(Math.max(0, (due_at.getTime() - bench.clock.now().getTime()) / 1_000));
    await bench.worker().deliver(id);
  }
  return expect.fail("it came to no end");
}

const atTwilio = async (to: E164) => [
  ...(await bench.atTwilio(to)),
  ...(await bench.atTwilio(`whatsapp:${to}`)),
];

/** Waits until every callback about a customer's messages has been answered, and well. */
async function allTold(to: E164): Promise<void> {
  await until(async () => {
    const callbacks = await bench.callbacks();
    const messages = await atTwilio(to);
    return messages.every(({ sid, status }) => {
      const answered = callbacks.filter((each) => each.resource_sid === sid && each.status === 204);
      return answered.length === (status === "failed" ? 1 : 2);
    });
  });
}

async function kindsTold({ id }: BenchSalon): Promise<string[]> {
  const told = await bench.database.firestore.collection("notifications").where("salon_id", "==", id).get();
  return told.docs.map((document) => String(document.get("kind"))).toSorted();
}

async function observe(salon: BenchSalon, message: OutboundMessage) {
  const sent = await atTwilio(message.to);
  const by = (account: string) => sent.filter(({ account_sid }) => account_sid === account).length;
  const contact = await bench.contacts.get(salon.id, message.party);
  return {
    ends: message.state === "held" ? `held:${message.hold_reason}` : message.state,
    bySalon: by(salon.accountSid),
    byPlatform: by(bench.platformAccountSid),
    told: await kindsTold(salon),
    beyond: [(await hasIncident(salon.id)) ? "incident" : "", contact.opt_out === null ? "" : "opt-out"]
      .join(" ")
      .trim(),
  };
}

async function order({ code, surface, strikes, beyond }: Row, salon: BenchSalon, to: string) {
  const match = { account_sid: salon.accountSid };
  const asked = { ...match, method: "GET" };
  if (beyond === "incident")
    await bench.fault({ kind: "http_error", status: 401, code: 20003, match: asked });
  const times = strikes === undefined ? {} : { times: strikes };
  if (code === 20500 && surface === "sync")
    return bench.fault({
      kind: "http_error",
      status: 500,
      match: { ...match, to, method: "POST" },
      ...times,
    });
  return bench.fault({ kind: "recipient", to, error_code: code, surface, match, ...times });
}

/** Twilio has the account well again, and the next probe finds it so. */
async function heal({ id }: BenchSalon): Promise<void> {
  await bench.calm();
  expect(await bench.health.probe(id, "platform_subaccount")).toEqual({ healed: true });
}

const counts = { usual: 0, critical: 0 };
let healed = 0;
const SEEN = new Set<string>();

describe.each(["usual", "critical"] as const)("a %s message", (kind) => {
  test.each(ROWS)("by $channel that meets $code ($failureClass, $surface, strikes $strikes)", async (row) => {
    const salon = await newSalon();
    const to = await writerTo(salon);
    await order(row, salon, row.channel === "whatsapp" ? `whatsapp:${to}` : to);
    const request: Partial<SendRequest> = { channel: row.channel, critical: kind === "critical" };
    const { id } = await bench.accept(salon, { to, ...request });
    await bench.worker().deliver(id);
    const ended = await brought(id);
    await bench.followed(ended);
    const observed = await observe(salon, ended);
    expect(observed).toEqual({ ...row[kind], beyond: row.beyond });
    // Once Twilio surely does not have it, it is no longer uncertain why the message takes its other way.
    const isAbsent = ended.attempts.some(({ state }) => state === "absent");
    if (ended.failure !== null) expect(ended.failure.class).toBe(isAbsent ? "transient" : row.failureClass);
    if (ended.hold_reason === "account_trouble") {
      await heal(salon);
      expect((await brought(id)).state).toBe("delivered");
      expect((await observe(salon, ended)).bySalon).toBe(row[kind].bySalon + 1);
      healed += 1;
    }
    counts[kind] += 1;
    SEEN.add(`${row.failureClass} ${row.surface}`);
  });
});

test("every class of failure was met by both surfaces", () => {
  printCount(
    `fault matrix: ${counts.usual} usual and ${counts.critical} critical messages, ${SEEN.size} classes and surfaces, ${healed} that waited for an account arrived when it was well`,
  );
  expect([...SEEN].toSorted()).toEqual(
    FAILURE_CLASSES.flatMap((each) => [`${each} async`, `${each} sync`]).toSorted(),
  );
});
