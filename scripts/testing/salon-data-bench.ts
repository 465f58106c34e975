import { randomUUID } from "node:crypto";
import { sendsNoTest } from "#functions/maintain-salons/sends-no-test.ts";
import { clientFor } from "#scripts/twilio-simulator/testing/bench.ts";
import { startWebhookSink } from "#scripts/twilio-simulator/testing/webhook-sink.ts";
import { type AuditDeps, createAudit } from "#shared/audit/audit.ts";
import { accountFingerprint, SalonId } from "#shared/core/ids.ts";
import type { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createOwnAccounts } from "#shared/own-account/create-own-accounts.ts";
import { rotationReminder } from "#shared/reminders/rotation.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createErasureRequests, type ErasureRequests } from "#shared/salon-data/erasure-requests.ts";
import { createErasures, type ErasureLimits, type Erasures } from "#shared/salon-data/erasures.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault, VAULT_CACHE } from "#shared/vault/vault.ts";
import { createLogBook, type LogBook } from "./log-book.ts";
import { type BenchSalon, type MessagingBench, startMessagingBench } from "./messaging-bench.ts";

/** A salon of which there is one of everything, through its subaccount and through an account of its own. */
export interface FullSalon extends BenchSalon {
  readonly own: BenchSalon;
  /** Stands in every text of the salon's messages. */
  readonly word: string;
  /** The customers' phones by what was sent to them. */
  readonly customers: Readonly<Record<"platform" | "own" | "picture", E164>>;
  /** The call at which somebody left a message. */
  readonly callSid: string;
  /** What must never leave: tokens and envelopes. */
  readonly secrets: readonly string[];
}

export interface SalonDataBench extends MessagingBench {
  readonly logs: LogBook;
  readonly audit: ReturnType<typeof createAudit>;
  fullSalon(options?: { readonly ownToken?: string }): Promise<FullSalon>;
  /** What Twilio still has of a call's recordings, by their SIDs. */
  recordingsAtTwilio(salon: BenchSalon, callSid: string): Promise<string[]>;
  /** Sends and leaves it on its way. */
  send(salon: BenchSalon, to: E164, body: string): Promise<{ id: string; sid: string }>;
  /** Who asks for erasures, and another worker that does them, on this database if one is given. */
  erasures(limits?: Partial<ErasureLimits>, database?: Database): ErasureRequests & Erasures;
}

/** What the number of the salon's own account had before it led to us. */
export const EARLIER_WEBHOOK = "https://user:hunter2@salon.example/sms?key=opensesame";
const URLS = createWebhookUrls("http://127.0.0.1:9");

const LIMITS: ErasureLimits = {
  redactPageSize: 2,
  redactAtOnce: 2,
  deletePageSize: 2,
  budgetSeconds: 240,
};

export async function startSalonDataBench(): Promise<SalonDataBench> {
  const bench = await startMessagingBench();
  const application = await startWebhookSink();
  application.reply(({ path }) => ({
    body: path === "/voice" ? `<Response><Record action="/recorded"/></Response>` : "<Response/>",
  }));
  const { KMS_ENDPOINT: endpoint, KMS_KEY_NAME: keyName = "" } = process.env;
  const { clock, database } = bench;
  const { firestore } = database;
  const logs = createLogBook();
  const vault = createVault({ kms: createKms({ keyName, endpoint }), clock, cache: VAULT_CACHE });
  const auditDeps: AuditDeps = { database, clock, logger: logs.logger };
  const audit = createAudit(auditDeps);

  /** An account alone says which one it is. */
  const nobody = { id: SalonId.parse("nobody"), number: bench.customer() };

  const twilio: Twilio = {
    account: ({ accountSid, authToken }) =>
      bench.twilio({ ...nobody, accountSid, authToken: authToken.reveal() }),
  };

  const send: SalonDataBench["send"] = async (salon, to, body) => {
    const { id } = await bench.accept(salon, { to, body });
    const delivered = await bench.worker().deliver(id);
    return { id, sid: delivered?.attempts[0]?.sid ?? "" };
  };

  const recordingsAtTwilio: SalonDataBench["recordingsAtTwilio"] = async (salon, callSid) => {
    const listed = await clientFor(bench.twilioUrl, salon).calls(callSid).recordings.list();
    return listed.map(({ sid }) => sid);
  };

  /** A customer calls the salon's number, is recorded and hangs up. */
  async function leaveMessage(salon: BenchSalon, from: E164): Promise<string> {
    const account = bench.twilio(salon);
    const { sid: numberSid = "" } = (await account.findOwnedNumber(salon.number)) ?? {};
    await account.configureNumber(numberSid, {
      smsUrl: "",
      voiceUrl: `${application.url}/voice`,
      voiceFallbackUrl: "",
      statusCallback: "",
    });
    const voicemail = { seconds: 5, hangs_up: true };
    await bench.administer("inbound-calls", { to: salon.number, from, voicemail });
    const filter = { to: salon.number, from, createdAfter: new Date(0), limit: 1 };
    const [call] = await account.listCalls(filter);
    return call?.sid ?? "";
  }

  return {
    ...bench,
    logs,
    audit,
    send,
    recordingsAtTwilio,
    async stop() {
      await bench.stop();
      await application.close();
    },
    erasures(limits = {}, on = database) {
      const { logger } = logs;
      const parts = {
        database: on,
        audit: createAudit({ ...auditDeps, database: on }),
        vault,
        twilio,
        clock,
        logger,
      };
      const { restoreWebhooks } = createOwnAccounts({
        ...parts,
        integrations: createIntegrations(on),
        salons: createSalons(on),
        rotationReminder,
        sendTest: sendsNoTest,
        urls: URLS,
      });
      const { defaultSenders } = bench;
      const worker = { ...parts, defaultSenders, restoreWebhooks, newHolder: randomUUID };
      return { ...createErasureRequests(parts), ...createErasures(worker, { ...LIMITS, ...limits }) };
    },
    async fullSalon({ ownToken } = {}) {
      const salon = await bench.salon({ document: { owner: { email: "owner@salon.example" } } });
      const own = await bench.salon({ integration: "none" });
      const { id: salonId } = salon;
      const word = `canary-${salonId}`;
      const customers = { platform: bench.customer(), own: bench.customer(), picture: bench.customer() };
      const sent = await send(salon, customers.platform, `${word} one`);
      await bench.cancelAtTwilio(salon, sent.sid);
      await bench.accept(salon, { to: bench.customer(), body: `${word} never sent` });

      const text = (from: BenchSalon, to: E164) =>
        bench.twilio(from).sendMessage({
          to,
          from: from.number,
          body: `${word} two`,
          statusCallback: "http://127.0.0.1:9/none",
          validityPeriodSeconds: 600,
        });
      const throughOwn = await text(own, customers.own);
      await bench.cancelAtTwilio(own, throughOwn.sid);
      const picture = await text(salon, customers.picture);
      await bench.cancelAtTwilio(salon, picture.sid);

      const now = clock.now();
      const inbound = {
        direction: "inbound",
        salon_id: salonId,
        channel: "sms",
        from: customers.own,
        to: own.number,
        party: "p1",
        body: `${word} answer`,
        media: [],
        greets: false,
        received_at: now,
      };
      const put = (path: string, data: object) => firestore.doc(path).set(data);
      await put(`messages/${salonId}-own`, {
        ...inbound,
        twilio_sid: throughOwn.sid,
        account: accountFingerprint(own.accountSid),
      });
      await put(`messages/${salonId}-picture`, {
        ...inbound,
        twilio_sid: picture.sid,
        account: accountFingerprint(salon.accountSid),
        media: [{ url: "https://api.twilio.com/media", content_type: "image/jpeg" }],
      });
      const callSid = await leaveMessage(salon, customers.platform);
      const recorded = await recordingsAtTwilio(salon, callSid);
      await put(`calls/${callSid}`, {
        salon_id: salonId,
        account: accountFingerprint(salon.accountSid),
        party: word,
        state: "completed",
        recordings: recorded.map((sid) => ({ sid, duration_seconds: 5, received_at: now })),
        started_at: now,
      });
      for (const name of [
        "contacts",
        "contact_choices",
        "threads",
        "integration_usage",
        "invoices",
        "phone_numbers",
      ])
        await put(`${name}/${salonId}-${name}`, { salon_id: salonId, party: word, at: now });
      await put(`salons/${salonId}/outbox/request-1`, { body: word });

      const { sid: numberSid = "" } = (await bench.twilio(own).findOwnedNumber(own.number)) ?? {};
      await bench.twilio(own).configureNumber(numberSid, URLS.ofNumber(salonId));

      const seal = (kind: "account_sid" | "auth_token", value: string) =>
        vault.seal({ salonId, kind, secret: new Secret(value) });
      const token = await seal("auth_token", ownToken ?? own.authToken);
      const dead = await seal("auth_token", "0123456789abcdef0123456789abcdef");
      const account_sid = await seal("account_sid", own.accountSid);
      await firestore.doc(`salon_integrations/${salonId}`).set(
        {
          created_at: now,
          updated_at: now,
          twilio: {
            account_sid,
            auth_token: token,
            next_auth_token: { auth_token: dead, origin: "pasted", stored_at: now },
            previous: {
              account_sid,
              auth_token: dead,
              phone_number: own.number,
              whatsapp_number: null,
              rotated_at: now,
              expires_at: now,
            },
            phone_number: own.number,
            phone_number_sid: numberSid,
            earlier_webhooks: { smsUrl: EARLIER_WEBHOOK },
          },
        },
        { merge: true },
      );
      const origin = { ip: "203.0.113.7", userAgent: "test" };
      const actor = { kind: "member", id: "uid-anjali" } as const;
      await audit.record({ salonId, action: "own_account_saved", actor, request: origin });
      const integration = await firestore.doc(`salon_integrations/${salonId}`).get();
      const envelopes = [token, dead, account_sid, integration.get("platform.auth_token")];
      const secrets = [
        salon.authToken,
        own.authToken,
        "hunter2",
        "opensesame",
        ...envelopes.flatMap(({ ciphertext, data_key }) => [ciphertext, data_key]),
      ];
      return { ...salon, own, word, customers, callSid, secrets };
    },
  };
}
