import { expect, test } from "vitest";
import { SalonId } from "#shared/core/ids.ts";
import { SalonIntegration } from "./integration.ts";
import { salvagedIntegration } from "./salvaged-integration.ts";

const salonId = SalonId.parse("salon-1");
const sealed = {
  ciphertext: Buffer.alloc(32, 1).toString("base64"),
  data_key: Buffer.alloc(32, 2).toString("base64"),
  nonce: Buffer.alloc(12, 3).toString("base64"),
};
const altered = { ...sealed, nonce: Buffer.alloc(11).toString("base64") };
const at = new Date("2026-11-22T10:00:00Z");
const previous = { account_sid: sealed, auth_token: sealed, rotated_at: at, expires_at: at };
const platform = { parent: "default", account_sid: sealed, auth_token: sealed };
const twilio = { account_sid: sealed, auth_token: sealed, previous };
const good = { salon_id: "salon-1", twilio, platform, created_at: at, updated_at: at };

test("what is well-formed is read as it always is", () => {
  expect(salvagedIntegration(salonId, good)).toEqual(SalonIntegration.parse(good));
});

test("a malformed credential is none, and the others are there", () => {
  const { twilio: own, platform: sub } = salvagedIntegration(salonId, {
    ...good,
    twilio: { ...twilio, auth_token: altered },
  });
  expect([own.account_sid, own.auth_token]).toEqual([sealed, null]);
  expect(own.previous).toMatchObject(previous);
  expect(sub).toMatchObject(platform);
});

test.each([
  ["altered", { ...platform, auth_token: altered }],
  ["missing", { parent: "default", account_sid: sealed }],
  ["no map", "a subaccount"],
])("a subaccount is none whose credential is %s", (_, broken) => {
  const salvaged = salvagedIntegration(salonId, { ...good, platform: broken });
  expect(salvaged).toEqual(SalonIntegration.parse({ ...good, platform: null }));
});

test.each([
  ["every field of another kind", { twilio: 7, platform: [], status: "odd", revision: "x", health: null }],
  ["two in one map", { twilio: { previous: { ...previous, account_sid: altered, auth_token: 7 } } }],
  ["another salon's id", { salon_id: "salon-2" }],
  ["nothing at all", {}],
])("there is always an integration of this salon: %s", (_, stored) => {
  const { salon_id, twilio: own } = salvagedIntegration(salonId, stored);
  expect([salon_id, own.previous]).toEqual(["salon-1", null]);
});
