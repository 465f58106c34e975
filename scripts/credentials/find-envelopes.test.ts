import { Timestamp } from "firebase-admin/firestore";
import { describe, expect, test } from "vitest";
import { findEnvelopes } from "./find-envelopes.ts";

const first = {
  ciphertext: Buffer.alloc(48, 1).toString("base64"),
  data_key: Buffer.alloc(80, 2).toString("base64"),
  nonce: Buffer.alloc(12, 3).toString("base64"),
};
const second = { ...first, version: "2", key_name: "projects/p/locations/l/keyRings/r/cryptoKeys/k" };

test("finds both formats wherever they stand among our fields, and tells SID from token", () => {
  const found = findEnvelopes({
    salon_id: "salon-1",
    updated_at: Timestamp.now(),
    twilio: {
      account_sid: first,
      auth_token: second,
      next_auth_token: second,
      phone_number: "+15550100",
      configured_at: Timestamp.now(),
      previous: { account_sid: first, auth_token: first, expires_at: Timestamp.now() },
    },
    platform: { parent: "default", account_sid: second, auth_token: null },
    twilio_auth_token: first,
  });
  expect(found).toEqual([
    { path: ["twilio", "account_sid"], kind: "account_sid", envelope: first },
    { path: ["twilio", "auth_token"], kind: "auth_token", envelope: second },
    { path: ["twilio", "next_auth_token"], kind: "auth_token", envelope: second },
    { path: ["twilio", "previous", "account_sid"], kind: "account_sid", envelope: first },
    { path: ["twilio", "previous", "auth_token"], kind: "auth_token", envelope: first },
    { path: ["platform", "account_sid"], kind: "account_sid", envelope: second },
    { path: ["twilio_auth_token"], kind: "auth_token", envelope: first },
  ]);
});

test("leaves the credentials of other services alone", () => {
  expect(findEnvelopes({ email: { password: first }, payment: { auth_token: first } })).toEqual([]);
});

describe("names what it cannot deal with:", () => {
  test.each([
    ["a version it does not know", { auth_token: { ...second, version: "3" } }, "twilio.auth_token"],
    ["half an envelope", { auth_token: { ciphertext: first.ciphertext } }, "twilio.auth_token"],
    ["a field that could be SID or token", { spare: first }, "twilio.spare"],
    ["an envelope in a list", { older: [{ auth_token: first }] }, "twilio.older.0.auth_token"],
  ])("%s", (_, twilio, path) => {
    const found = findEnvelopes({ twilio });
    expect(found).toEqual([{ path: path.split("."), problem: expect.any(String) }]);
    expect(JSON.stringify(found)).not.toContain(first.ciphertext);
  });
});
