import { expect, test } from "vitest";
import { AppError } from "#shared/core/errors.ts";
import { accountFingerprint, SalonId } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import type { DefaultSender } from "#shared/platform/default-senders.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import { redactionAccounts } from "./redaction-accounts.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const salonId = SalonId.parse("salon-1");
const [OWN, OTHER, SUB] = [`AC${"1".repeat(32)}`, `AC${"2".repeat(32)}`, `AC${"3".repeat(32)}`];

/** What is sealed can be read off the envelope, because no key is the matter here. */
const seal = (text: string): Envelope => ({
  ciphertext: Buffer.from(text.padEnd(40)).toString("base64"),
  data_key: "AAAA",
  nonce: Buffer.alloc(12).toString("base64"),
});
const textOf = ({ ciphertext }: Envelope) => Buffer.from(ciphertext, "base64").toString("utf8").trim();

async function accountsOf(
  twilio: object,
  platform: object | null = null,
  parents: DefaultSender[] = [],
): Promise<string[]> {
  const integration = SalonIntegration.parse({ salon_id: salonId, twilio, platform });
  const vault = {
    async open({ envelope }: { envelope: Envelope }) {
      const text = textOf(envelope);
      if (text === "altered") throw new AppError("failed-precondition", "altered");
      if (text === "away") throw new AppError("unavailable", "away");
      return new Secret(text);
    },
  };
  const accounts = await redactionAccounts(
    { vault, twilio: createTwilio({}), defaultSenders: { list: async () => parents } },
    salonId,
    integration,
  );
  const names = new Map([OWN, OTHER, SUB].map((sid) => [accountFingerprint(sid), sid.slice(2, 3)]));
  return [...accounts].map(([fingerprint, account]) => {
    const what = account === "unreadable" ? account : `${account.owner} ${account.clients.length}`;
    return `${names.get(fingerprint)} ${what}`;
  });
}

const own = { account_sid: seal(OWN), auth_token: seal("t1") };
const next = { next_auth_token: { auth_token: seal("t2"), origin: "pasted", stored_at: NOW } };
const times = { phone_number: null, whatsapp_number: null, rotated_at: NOW, expires_at: NOW };
const previousOf = (sid: string) => ({
  previous: { account_sid: seal(sid), auth_token: seal("t0"), ...times },
});

test("an own account is asked with every token that is stored: current, next, previous", async () => {
  expect(await accountsOf({ ...own, ...next, ...previousOf(OWN) })).toEqual(["1 salon_own 3"]);
});

test("the account before the last change, and the subaccount, are accounts of their own", async () => {
  const platform = { parent: "default", account_sid: seal(SUB), auth_token: seal("t9") };
  expect(await accountsOf({ ...own, ...previousOf(OTHER) }, platform)).toEqual([
    "1 salon_own 1",
    "2 salon_own 1",
    "3 platform_subaccount 1",
  ]);
});

test.each([["altered"], [""]])(
  "a token that cannot be used (%j) leaves its account unreadable",
  async (token) => {
    expect(await accountsOf({ ...own, auth_token: seal(token) })).toEqual(["1 unreadable"]);
    expect(await accountsOf({ ...own, auth_token: seal(token), ...next })).toEqual(["1 salon_own 1"]);
  },
);

test("a SID that cannot be read leaves its account out", async () => {
  expect(await accountsOf({ ...own, account_sid: seal("altered") })).toEqual([]);
});

test("while Cloud KMS is away nothing is said of any account", async () => {
  await expect(accountsOf({ ...own, auth_token: seal("away") })).rejects.toMatchObject({
    code: "unavailable",
  });
});

test("the platform's own accounts, which critical messages may have gone through, are asked too", async () => {
  const parent = { label: "default", accountSid: OTHER, authToken: new Secret("t"), numbers: [] };
  expect(await accountsOf(own, null, [parent])).toEqual(["1 salon_own 1", "2 platform_default 1"]);
});
