import { Timestamp } from "firebase-admin/firestore";
import { describe, expect, it } from "vitest";
import { changedFields } from "./changed-fields.ts";

const CANARY = "canary7f3a9c";
const envelope = (text: string) => ({
  ciphertext: Buffer.from(`${text}-and-a-tag-of-16-bytes`).toString("base64"),
  data_key: Buffer.from("wrapped").toString("base64"),
  nonce: Buffer.alloc(12).toString("base64"),
});
const document = (fields: object = {}, salonId = "salon-1") => ({
  salon_id: salonId,
  status: "active",
  revision: 1,
  updated_at: new Date(0),
  twilio: { auth_token: envelope("old"), is_active: false, usage: { messages_sent: 1 } },
  platform: null,
  ...fields,
});
const fieldsOf = (...documents: Parameters<typeof changedFields>) =>
  changedFields(...documents).map(({ field }) => field);

describe("the changed fields of an integration", () => {
  it("are named by their path, a credential being one field", () => {
    const twilio = { auth_token: envelope("new"), is_active: true, usage: { messages_sent: 1 } };
    expect(changedFields(document(), document({ twilio }))).toEqual([
      { field: "twilio.auth_token", before: expect.any(String), after: expect.any(String) },
      { field: "twilio.is_active", before: expect.any(String), after: expect.any(String) },
    ]);
  });

  it("leave out what every write touches, and counters", () => {
    const twilio = { ...document().twilio, usage: { messages_sent: 2 }, last_used_at: new Date() };
    expect(changedFields(document(), document({ revision: 2, updated_at: new Date(), twilio }))).toEqual([]);
  });

  it("are no more than an entry holds", () => {
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`field_${index}`, index]));
    expect(changedFields(document(), document(many))).toHaveLength(500);
  });

  it("have no fingerprint where there was or is no value", () => {
    const platform = { is_active: true, phone_number: null };
    expect(changedFields(document(), document({ platform }))).toEqual([
      { field: "platform.is_active", before: null, after: expect.stringMatching(/^[0-9a-f]{16}$/) },
    ]);
    expect(changedFields(document({ platform }), undefined)).toContainEqual({
      field: "platform.is_active",
      before: expect.any(String),
      after: null,
    });
    expect(changedFields(undefined, undefined)).toEqual([]);
  });

  it("show a token moving within a salon", () => {
    const rotated = { auth_token: envelope("new"), previous: { auth_token: envelope("old") } };
    const changes = changedFields(document(), document({ twilio: { ...document().twilio, ...rotated } }));
    const by = (field: string) => changes.find((change) => change.field === field);
    expect(by("twilio.previous.auth_token")?.after).toBe(by("twilio.auth_token")?.before);
  });

  it("cannot be compared between salons: the same value has another fingerprint in each", () => {
    const [mine] = changedFields(undefined, document({}, "salon-1"));
    const [theirs] = changedFields(undefined, document({}, "salon-2"));
    expect(mine?.field).toBe(theirs?.field);
    expect(mine?.after).not.toBe(theirs?.after);
  });

  it("do not depend on whether an instant was read from Firestore or is about to be written", () => {
    const at = new Date("2026-11-22T10:00:00Z");
    const stored = document({ requested: { messaging: "platform", at: Timestamp.fromDate(at) } });
    expect(changedFields(stored, document({ requested: { messaging: "platform", at } }))).toEqual([]);
  });

  it("never hold a value, nor a key of a map whose keys are data", () => {
    const after = document({
      status: CANARY,
      email: { [CANARY]: CANARY },
      twilio: { auth_token: envelope(CANARY), numbers: { "+14155550123": CANARY } },
      [`Odd ${CANARY}`]: CANARY,
    });
    const changes = changedFields(document(), after);
    expect(JSON.stringify(changes)).not.toMatch(
      new RegExp(`${CANARY}|4155550123|${envelope(CANARY).ciphertext}`),
    );
    expect(fieldsOf(document(), after)).toEqual([
      "email",
      "other_fields",
      "status",
      "twilio.auth_token",
      "twilio.is_active",
      "twilio.numbers",
    ]);
  });
});
