import { beforeEach, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { ContactChoice } from "./choices.ts";
import type { Choice } from "./contact.ts";
import { createContacts } from "./contacts.ts";

const NOW = new Date("2026-11-02T04:30:00Z");
const PARTY = "party-of-the-customer";
const database = createDatabase(uniqueProjectId());
const contacts = createContacts(database);
const at = (minute: number) => plusSeconds(NOW, minute * 60);
const choice = (minute: number, changes: Partial<Choice> = {}): Choice => ({
  at: at(minute),
  by: "twilio",
  channel: "sms",
  evidence: "21610",
  ...changes,
});

let salonId: SalonId;
beforeEach(() => {
  salonId = SalonId.parse(uniqueSalonId());
});
/** What was ever chosen, the earliest first. */
const choices = async () => {
  const found = await database.firestore.collection("contact_choices").where("salon_id", "==", salonId).get();
  const kept = found.docs.map((each) => ContactChoice.parse(each.data()));
  return kept.toSorted((one, other) => one.at.getTime() - other.at.getTime());
};
const document = () => database.firestore.doc(`contacts/${salonId}_${PARTY}`);

test("knows nothing of a stranger, and writes nothing by asking", async () => {
  expect(await contacts.get(salonId, PARTY)).toMatchObject({
    salon_id: salonId,
    party: PARTY,
    opt_out: null,
  });
  expect((await document().get()).exists).toBe(false);
});

test("an opt-out is read back as it was recorded, and ended by an opt-in", async () => {
  await contacts.optOut(salonId, PARTY, choice(0));
  expect(await contacts.get(salonId, PARTY)).toMatchObject({ opt_out: choice(0), opt_in: null });
  const bySalon = choice(1, { by: "salon", channel: null, evidence: "uid-of-the-owner" });
  await contacts.optIn(salonId, PARTY, bySalon);
  expect(await contacts.get(salonId, PARTY)).toMatchObject({ opt_out: null, opt_in: bySalon });
});

test("a customer's own STOP is not ended for them, and the attempt leaves nothing", async () => {
  await contacts.optOut(salonId, PARTY, choice(0, { by: "keyword", evidence: "SM1" }));
  const bySalon = choice(1, { by: "salon", channel: null, evidence: "front-desk" });
  await expect(contacts.optIn(salonId, PARTY, bySalon)).rejects.toMatchObject({ code: "conflict" });
  expect((await contacts.get(salonId, PARTY)).opt_out).toMatchObject({ by: "keyword" });
  expect(await choices()).toHaveLength(1);
});

test("a revoked consent can still be proved, and so can what came too late to change anything", async () => {
  const word = (state: "granted" | "revoked", minute: number) =>
    contacts.recordConsent(salonId, PARTY, { state, at: at(minute), source: "booking form" });
  await word("granted", 1);
  await word("revoked", 3);
  await word("granted", 2);
  expect((await contacts.get(salonId, PARTY)).consent?.marketing.state).toBe("revoked");
  const said = { by: "salon", channel: null, evidence: "booking form", recorded_at: expect.any(Date) };
  expect(await choices()).toEqual([
    { salon_id: salonId, party: PARTY, what: "marketing_granted", at: at(1), ...said },
    { salon_id: salonId, party: PARTY, what: "marketing_granted", at: at(2), ...said },
    { salon_id: salonId, party: PARTY, what: "marketing_revoked", at: at(3), ...said },
  ]);
});

test("every choice is kept with its evidence, once however often it is told", async () => {
  for (const _ of [1, 2]) {
    await contacts.optOut(salonId, PARTY, choice(0));
    await contacts.optOut(salonId, PARTY, choice(1, { evidence: "63032" }));
    await contacts.optIn(salonId, PARTY, choice(2, { by: "keyword", evidence: "SM1" }));
  }
  const kept = (await choices()).map(({ what, by, evidence }) => [what, by, evidence]);
  expect(kept).toEqual([
    ["opt_out", "twilio", "21610"],
    ["opt_out", "twilio", "63032"],
    ["opt_in", "keyword", "SM1"],
  ]);
});

test("an opt-out of one salon is none of another's", async () => {
  await contacts.optOut(salonId, PARTY, choice(0));
  const other = SalonId.parse(uniqueSalonId());
  expect((await contacts.get(other, PARTY)).opt_out).toBeNull();
});

test("what is repeated or comes late writes nothing", async () => {
  await contacts.optOut(salonId, PARTY, choice(5));
  await contacts.recordConsent(salonId, PARTY, { state: "granted", at: at(5), source: "form" });
  const written = (await document().get()).updateTime;
  await contacts.optOut(salonId, PARTY, choice(5));
  await contacts.optIn(salonId, PARTY, choice(4));
  await contacts.recordConsent(salonId, PARTY, { state: "granted", at: at(5), source: "form" });
  await contacts.recordConsent(salonId, PARTY, { state: "revoked", at: at(4), source: "form" });
  expect((await document().get()).updateTime?.isEqual(written ?? expect.fail("not written"))).toBe(true);
});

test("keeps what is stored of a contact beside this, also in an older document", async () => {
  await document().set({ salon_id: salonId, party: PARTY, first_inbound_at: NOW, note: "the platform's" });
  await contacts.optOut(salonId, PARTY, choice(0));
  expect((await document().get()).data()).toMatchObject({ note: "the platform's", language: null });
  expect((await contacts.get(salonId, PARTY)).first_inbound_at).toEqual(NOW);
});

test("the newest choice stands when all come at the same moment", async () => {
  const ends = await atOnce(10, async (round) => {
    const party = `customer-${round}`;
    await atOnce(6, (index) =>
      index % 2 === 0
        ? contacts.optOut(salonId, party, choice(index))
        : contacts.optIn(salonId, party, choice(index)),
    );
    return (await contacts.get(salonId, party)).opt_out;
  });
  printCount(
    `STOP and START at once: 10 customers with 6 each, still opted out ${ends.filter(Boolean).length}`,
  );
  expect(ends).toEqual(Array(10).fill(null));
});

test("a malformed document is an error that names the field and no number", async () => {
  await document().set({ salon_id: salonId, party: PARTY, opt_out: "+14155550142" });
  const failure = await contacts.get(salonId, PARTY).catch((error: unknown) => String(error));
  expect(failure).toContain("opt_out");
  expect(failure).not.toContain("4155550142");
});
