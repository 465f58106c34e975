import { expect, test } from "vitest";
import { outboundCall } from "#scripts/testing/outbound-call.ts";
import { sealedCredentialsOf } from "#shared/salons/credentials.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { Salon } from "#shared/salons/salon.ts";
import { callRoute } from "./call-route.ts";

/** 02:00 in Kolkata. */
const NIGHT = new Date("2026-11-01T20:30:00Z");
const base64 = (text: string) => Buffer.from(text.padEnd(16, ".")).toString("base64");
const sealed = (name: string) => ({
  ciphertext: base64(name),
  data_key: base64("data key"),
  nonce: Buffer.alloc(12).toString("base64"),
});
/** What was sealed, as this test names it. */
const opened = (ciphertext: string) => Buffer.from(ciphertext, "base64").toString().replace(/\.+$/, "");
const account = (name: string) => ({
  account_sid: sealed(`${name}-sid`),
  auth_token: sealed(`${name}-token`),
});
const can = { capabilities: { voice: true }, is_active: true };
const OWN = { ...account("own"), ...can, phone_number: "+14155550111" };
const PLATFORM = { ...account("sub"), ...can, parent: "default", phone_number: "+14155550122" };

interface Given {
  readonly integration?: object | undefined;
  readonly salon?: object;
  readonly call?: Parameters<typeof outboundCall>[0];
}
const routed = ({ integration, salon = {}, call = {} }: Given) =>
  callRoute({
    salon: Salon.parse({ name: "Anjali", ...salon }),
    integration: integration && SalonIntegration.parse({ salon_id: "salon-anjali", ...integration }),
    call: outboundCall(call),
    now: NIGHT,
  });

test("calls from the salon's own number when its account is active, else from the subaccount's", () => {
  expect(routed({ integration: { twilio: OWN, platform: PLATFORM } })).toMatchObject({
    kind: "call",
    source: "salon_own",
    sender: "+14155550111",
    credentials: [{ auth_token: sealed("own-token") }],
  });
  expect(routed({ integration: { twilio: { ...OWN, is_active: false }, platform: PLATFORM } })).toMatchObject(
    {
      source: "platform_subaccount",
      sender: "+14155550122",
    },
  );
});

test("an own account that cannot call is not passed by at the platform's cost", () => {
  const mute = { ...OWN, capabilities: { voice: false } };
  expect(routed({ integration: { twilio: mute, platform: PLATFORM } })).toMatchObject({
    kind: "fail",
    failure: { class: "sender" },
  });
});

test("a token that is about to become current is tried first, and the current one is kept for the case of need", () => {
  const next = { auth_token: sealed("next-token"), origin: "pasted", stored_at: NIGHT };
  const way = routed({ integration: { twilio: { ...OWN, next_auth_token: next } } });
  const tokens =
    way.kind === "call" ? way.credentials.map(({ auth_token }) => opened(auth_token.ciphertext)) : [];
  expect(tokens).toEqual(["next-token", "own-token"]);
});

test("night is left to sleepers, unless the call may come at any time", () => {
  const integration = { platform: PLATFORM };
  const until = new Date("2026-11-02T03:30:00Z");
  expect(routed({ integration, call: { timing: "no_quiet_hours" } })).toEqual({
    kind: "hold",
    reason: "quiet_hours",
    until,
    request: false,
  });
  expect(routed({ integration, call: { timing: "any_time" } }).kind).toBe("call");
});

test("a call to business hours waits for the opening", () => {
  const salon = { hours: { monday: { opens: "10:00", closes: "18:00" } } };
  expect(
    routed({ integration: { platform: PLATFORM }, salon, call: { timing: "business_hours" } }),
  ).toMatchObject({
    reason: "business_hours",
    until: new Date("2026-11-02T04:30:00Z"),
  });
});

test("the first call of a salon that nobody set up asks for it and waits", () => {
  expect(routed({})).toMatchObject({ kind: "hold", reason: "provisioning", request: true });
  const requested = { messaging: "platform", by: "owner", at: NIGHT };
  expect(routed({ integration: { requested } })).toMatchObject({ reason: "provisioning", request: false });
});

test("an account in trouble is not called through; a sender of messages in trouble does not concern calls", () => {
  const trouble = { class: "credential", reason: "refused", since: NIGHT };
  const health = (channel: string | null) => ({ platform_subaccount: { ...trouble, channel } });
  expect(routed({ integration: { platform: PLATFORM, health: health(null) } })).toMatchObject({
    kind: "hold",
    reason: "account_trouble",
  });
  expect(routed({ integration: { platform: PLATFORM, health: health("sms") } }).kind).toBe("call");
});

test.each([
  [{ messaging: "off", by: "owner", at: NIGHT }, "switched off"],
  [{ messaging: "own_account", by: "owner", at: NIGHT }, "not active"],
])("a salon that asked for %j is told why there is no call", (requested, words) => {
  expect(routed({ integration: { requested } })).toMatchObject({
    kind: "fail",
    failure: { class: "account", reason: expect.stringContaining(words) },
  });
});

test("an earlier attempt may have gone through any account of the salon", () => {
  const previous = { ...account("earlier"), rotated_at: NIGHT, expires_at: new Date("2026-11-02T20:30:00Z") };
  const integration = SalonIntegration.parse({
    salon_id: "salon-anjali",
    twilio: { ...OWN, previous },
    platform: PLATFORM,
  });
  const asked = sealedCredentialsOf(integration, NIGHT).map(({ account_sid }) =>
    opened(account_sid.ciphertext),
  );
  expect(asked).toEqual(["own-sid", "earlier-sid", "sub-sid"]);
  expect(sealedCredentialsOf(undefined, NIGHT)).toEqual([]);
});
