import { expect, test } from "vitest";
import { field, startBench } from "#scripts/twilio-simulator/testing/bench.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import type { SenderWebhooks } from "#shared/twilio/whatsapp-senders.ts";
import { connectOwnSender, restoreOwnSender } from "./sender-webhooks.ts";
import { senderProblems } from "./webhook-problems.ts";

const WANTED = {
  callbackUrl: "https://hooks.example.com/webhooks/twilio/whatsapp/salon-7#rc=3&rp=5xx,ct,rt",
  statusCallbackUrl: "",
};

async function salon(theirs: Record<string, string> = {}) {
  const bench = await startBench();
  const { accountSid, authToken } = bench.main;
  const twilio = createTwilio({ apiBaseUrl: bench.url, timeoutMs: 500 });
  const account = twilio.account({ accountSid, authToken: new Secret(authToken) });
  const register = async (phone_number: string) =>
    field(
      (await bench.admin("POST", "/whatsapp-senders", { account_sid: accountSid, phone_number, ...theirs }))
        .body,
      "sid",
    );
  const sid = await register("+14155550177");
  const other = await register("+14155550178");
  const look = async (sender: string) => (await account.findWhatsAppSender(sender))?.webhooks;
  return { bench, account, sid, other, look };
}

test.each([
  ["nothing", {}],
  [
    "webhooks of its own",
    {
      callback_url: "https://crm.example.org/whatsapp",
      fallback_url: "https://crm.example.org/fallback",
      status_callback_url: "https://crm.example.org/status",
    },
  ],
])(
  "a sender that had %s has it again after connecting and restoring, and no other is touched",
  async (_, theirs) => {
    const { account, sid, other, look } = await salon(theirs);
    const before = [await look(sid), await look(other)];
    const remembered: SenderWebhooks[] = [];
    const earlier = await connectOwnSender(account, sid, WANTED, async (had) => void remembered.push(had));
    expect([earlier, ...remembered]).toEqual([before[0], before[0]]);
    expect(senderProblems(await look(sid), WANTED)).toEqual([]);
    expect(await look(other)).toEqual(before[1]);
    await restoreOwnSender(account, sid, earlier);
    expect([await look(sid), await look(other)]).toEqual(before);
  },
);

test("what is written to a connected sender goes to our address", async () => {
  const { bench, account, sid } = await salon();
  const sink = await bench.sink();
  await connectOwnSender(account, sid, {
    callbackUrl: `${sink.url}/whatsapp/salon-7`,
    statusCallbackUrl: "",
  });
  const message = { to: "+14155550177", from: "+14155550199", body: "Hello", channel: "whatsapp" };
  await bench.admin("POST", "/inbound-messages", message);
  expect(sink.requests.map(({ method, path }) => [method, path])).toEqual([["POST", "/whatsapp/salon-7"]]);
});

test("finds what has drifted", async () => {
  const { account, sid, look } = await salon();
  const problems = async () => senderProblems(await look(sid), WANTED);
  const about = { resource: "whatsapp_sender", webhook: "whatsapp" };
  expect(await problems()).toEqual([{ ...about, reason: "not_set" }]);
  const earlier = await connectOwnSender(account, sid, WANTED);
  await account.configureWhatsAppSender(sid, {
    ...earlier,
    callbackUrl: "https://crm.example.org/whatsapp",
    callbackMethod: "PUT",
    statusCallbackUrl: "https://crm.example.org/status",
  });
  expect(await problems()).toEqual([
    { ...about, reason: "url_mismatch" },
    { ...about, reason: "wrong_method" },
    { ...about, webhook: "status_callback", reason: "url_mismatch" },
  ]);
});

test("a sender that is gone is nothing to restore, and cannot be connected", async () => {
  const { account, look, sid } = await salon();
  const earlier = await look(sid);
  const gone = `XE${"0".repeat(32)}`;
  if (earlier === undefined) throw new Error("expected a sender");
  await expect(restoreOwnSender(account, gone, earlier)).resolves.toBeUndefined();
  expect(senderProblems(await look(gone), WANTED)).toEqual([
    { resource: "whatsapp_sender", webhook: "whatsapp", reason: "sender_missing" },
  ]);
  await expect(connectOwnSender(account, gone, WANTED)).rejects.toMatchObject({
    context: { reason: "sender_missing" },
  });
});
