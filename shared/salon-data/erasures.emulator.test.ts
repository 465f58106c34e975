import { FieldValue } from "firebase-admin/firestore";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verifyChains } from "#scripts/audit/verify-chains.ts";
import { atOnce } from "#scripts/testing/at-once.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import {
  EARLIER_WEBHOOK,
  type FullSalon,
  type SalonDataBench,
  startSalonDataBench,
} from "#scripts/testing/salon-data-bench.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Erasure } from "./erasure.ts";
import { createErasureStore } from "./erasure-store.ts";
import type { Erasures } from "./erasures.ts";

const actor = { kind: "member", id: "uid-anjali" } as const;
const origin = { ip: "203.0.113.7" };
const PERSONAL = ["messages", "calls", "contacts", "contact_choices", "threads"];
const KEPT = ["integration_usage", "invoices", "phone_numbers"];

let bench: SalonDataBench;
beforeAll(async () => {
  bench = await startSalonDataBench();
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

const ask = (salon: FullSalon) => bench.erasures().request(salon.id, { actor, name: "Anjali", origin });

/** Every worker that is woken until nothing is due any more, or `most` were. */
async function untilDone(
  salonId: SalonId,
  worker: () => Erasures = bench.erasures,
  most = 60,
): Promise<Erasure> {
  for (let turn = 0; turn < most; turn += 1) {
    const job = await bench.erasures().get(salonId);
    if (job?.state === "done") return job;
    const dueIn = (job?.due_at?.getTime() ?? 0) - bench.clock.now().getTime();
    bench.clock.pass(Math.max(0, dueIn / 1_000));
    await worker()
      .proceed(salonId)
      .catch(() => undefined);
  }
  return expect.fail("the erasure did not come to an end");
}

const documentsOf = async (salonId: string, name: string) =>
  (await bench.database.firestore.collection(name).where("salon_id", "==", salonId).get()).docs;
const integrationOf = async (salonId: string) =>
  (await bench.database.firestore.doc(`salon_integrations/${salonId}`).get()).data();

/** The texts that Twilio still has of a salon; a message that is gone has none. */
async function textsAtTwilio({ customers }: FullSalon): Promise<string[]> {
  const found = await Promise.all(Object.values(customers).map((to) => bench.atTwilio(to)));
  return found.flat().flatMap(({ body }) => (body === "" ? [] : [body]));
}

async function expectErased(salon: FullSalon) {
  for (const name of PERSONAL) expect(await documentsOf(salon.id, name), name).toEqual([]);
  const { firestore } = bench.database;
  expect((await firestore.collection(`salons/${salon.id}/outbox`).get()).size).toBe(0);
  expect(await documentsOf(salon.id, "integration_audit_salts")).toEqual([]);
  const integration = JSON.stringify(await integrationOf(salon.id));
  expect(integration).not.toMatch(/ciphertext|data_key/);
  expect(integration).toContain('"messaging":"off"');
  expect((await verifyChains(bench.database, { salonId: salon.id })).problems).toEqual([]);
  const told = await documentsOf(salon.id, "notifications");
  expect(told.map((each) => each.get("kind"))).toEqual(["data_erased"]);
  expect(told[0]?.data()).toMatchObject({
    facts: { by: actor.id, by_name: "Anjali" },
    channels: { email: { state: "pending" } },
  });
  const entries = await documentsOf(salon.id, "integration_audit");
  expect(entries.map((each) => each.get("action"))).toEqual([
    "own_account_saved",
    "suspended",
    "webhooks_restored",
    "disconnected",
    "data_erased",
  ]);
}

/** Where the number of the salon's own account leads. */
const numberOf = async ({ own }: FullSalon) => {
  const found = await bench.twilio(own).findOwnedNumber(own.number);
  return found?.webhooks ?? expect.fail("the number is gone");
};
const EARLIER = { smsUrl: EARLIER_WEBHOOK, voiceUrl: "", statusCallback: "" };

async function expectUntouched(salon: FullSalon, texts: number) {
  for (const name of PERSONAL) expect((await documentsOf(salon.id, name)).length, name).toBeGreaterThan(0);
  expect(await documentsOf(salon.id, "integration_audit_salts")).toHaveLength(1);
  expect(JSON.stringify(await integrationOf(salon.id))).toContain("data_key");
  expect(await textsAtTwilio(salon)).toHaveLength(texts);
  expect(await bench.recordingsAtTwilio(salon, salon.callSid)).toHaveLength(1);
}

const brokenNonce = { nonce: Buffer.alloc(11).toString("base64") };

describe("an erasure", () => {
  test("takes the texts off Twilio, the credentials and the customers' data, and leaves the books", async () => {
    const [salon, other] = [await bench.fullSalon(), await bench.fullSalon()];
    expect(await textsAtTwilio(salon)).toHaveLength(3);
    expect(await bench.recordingsAtTwilio(salon, salon.callSid)).toHaveLength(1);
    await ask(salon);
    const job = await untilDone(salon.id);
    await expectErased(salon);
    expect(await numberOf(salon)).toMatchObject(EARLIER);
    expect(job.webhooks_not_restored).toBeNull();
    expect(await textsAtTwilio(salon)).toEqual([]);
    expect(await bench.recordingsAtTwilio(salon, salon.callSid)).toEqual([]);
    // What has a picture goes as a whole, the others keep their record.
    expect(await bench.atTwilio(salon.customers.picture)).toEqual([]);
    expect(await bench.atTwilio(salon.customers.own)).toHaveLength(1);
    expect(job).toMatchObject({
      state: "done",
      requested_by_name: null,
      redaction: {
        redacted: 3,
        never_sent: 1,
        not_redacted: {},
        recordings: { deleted: 1, not_deleted: {} },
      },
      deleted: { messages: 4, calls: 1, contacts: 1, threads: 1, outbox: 1 },
      salts_erased: 2,
    });
    expect(job).not.toHaveProperty("due_at");
    expect(job.kept.map(({ what }) => what)).toContain("usage ledger, usage months and invoices");
    for (const name of KEPT) expect(await documentsOf(salon.id, name), name).toHaveLength(1);
    const ledger = bench.database.firestore.collection(`salons/${salon.id}/usage_ledger`);
    expect((await ledger.get()).size).toBe(1);
    expect((await bench.database.firestore.doc(`salons/${salon.id}`).get()).get("owner.email")).toBeDefined();
    await expectUntouched(other, 3);
    printCount(`erasure: ${JSON.stringify({ ...job.redaction, ...job.deleted, salts: job.salts_erased })}`);
    expect(bench.logs.leaked([...salon.secrets, salon.word, ...Object.values(salon.customers)])).toEqual([]);
  });

  test("switches messaging off in the commit that begins it, and begins once", async () => {
    const salon = await bench.fullSalon();
    await atOnce(4, () => ask(salon));
    expect(await integrationOf(salon.id)).toMatchObject({
      requested: { messaging: "off" },
      erasing: true,
      platform: { is_active: false },
      twilio: { is_active: false },
    });
    const entries = await documentsOf(salon.id, "integration_audit");
    expect(entries.map((each) => each.get("action"))).toEqual(["own_account_saved", "suspended"]);
  });

  test("waits until nobody sends any more by an integration they read before", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(59);
    expect(await bench.erasures().proceed(salon.id)).toBeUndefined();
    bench.clock.pass(1);
    expect(await bench.erasures().proceed(salon.id)).toMatchObject({ step: "delete", state: "waiting" });
    expect(await documentsOf(salon.id, "messages")).toHaveLength(4);
  });

  test("comes back for a message that is still on its way, and keeps the credentials until then", async () => {
    const salon = await bench.fullSalon();
    const to = bench.customer();
    const { sid } = await bench.send(salon, to, `${salon.word} on its way`);
    await ask(salon);
    bench.clock.pass(60);
    const first = await bench.erasures().proceed(salon.id);
    expect(first).toMatchObject({ step: "redact", state: "waiting", redaction: { passes: 1, redacted: 3 } });
    expect((first?.due_at?.getTime() ?? 0) - bench.clock.now().getTime()).toBeGreaterThanOrEqual(60_000);
    expect(JSON.stringify(await integrationOf(salon.id))).toContain("data_key");
    await bench.cancelAtTwilio(salon, sid);
    const job = await untilDone(salon.id);
    expect((await bench.atTwilio(to)).map(({ body }) => body)).toEqual([""]);
    expect(job.redaction).toMatchObject({ passes: 2, redacted: 4, not_redacted: {} });
    await expectErased(salon);
  });

  test("gives up on a message that never finishes after 14 days, and says so", async () => {
    const salon = await bench.fullSalon();
    await bench.send(salon, bench.customer(), `${salon.word} for ever`);
    await ask(salon);
    bench.clock.pass(14 * 86_400 + 1);
    const job = await untilDone(salon.id);
    expect(job.redaction).toMatchObject({ redacted: 3, not_redacted: { never_finished: 1 } });
  });

  test("is not held up by an own account whose token is dead: it records what it could not redact", async () => {
    const salon = await bench.fullSalon({ ownToken: "fedcba9876543210fedcba9876543210" });
    await ask(salon);
    const job = await untilDone(salon.id);
    expect(job.redaction).toMatchObject({ redacted: 2, not_redacted: { credentials_refused: 1 } });
    expect(job.webhooks_not_restored).toBe("credentials_rejected");
    expect(await textsAtTwilio(salon)).toEqual([`${salon.word} two`]);
    await expectErased(salon);
  });

  test("is done with what Twilio no longer has, and says what it has no credentials for", async () => {
    const salon = await bench.fullSalon();
    const { firestore } = bench.database;
    const message = firestore.doc(`messages/${salon.id}-own`);
    await message.update({ twilio_sid: `SM${"0".repeat(32)}` });
    await firestore.doc(`messages/${salon.id}-picture`).update({ account: "of somebody else" });
    await ask(salon);
    const job = await untilDone(salon.id);
    expect(job.redaction).toMatchObject({ redacted: 2, not_redacted: { no_credentials: 1 } });
  });

  test("stops while Twilio is away, and goes on where it was", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(60);
    const match = { account_sid: salon.accountSid, method: "POST" };
    await bench.fault({ kind: "http_error", status: 503, match, times: 1 });
    const put = await bench.erasures().proceed(salon.id);
    expect(put).toMatchObject({ state: "waiting", failures: 1, last_error: { step: "redact" } });
    const job = await untilDone(salon.id);
    expect(job.redaction).toMatchObject({ redacted: 3, not_redacted: {} });
    expect(await textsAtTwilio(salon)).toEqual([]);
  });

  test("waits for a Twilio that is away with a recording, and then says that it was left", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(60);
    const match = { account_sid: salon.accountSid, path: "Recordings", method: "DELETE" };
    await bench.fault({ kind: "http_error", status: 503, match, times: 2 });
    const put = await bench.erasures().proceed(salon.id);
    expect(put).toMatchObject({ state: "waiting", failures: 1, redaction: { of: "calls", redacted: 3 } });
    expect(await documentsOf(salon.id, "calls")).toHaveLength(1);
    bench.clock.pass(14 * 86_400 + 1);
    const job = await untilDone(salon.id);
    expect(job.redaction.recordings).toEqual({ deleted: 0, not_deleted: { unreachable: 1 } });
    expect(await bench.recordingsAtTwilio(salon, salon.callSid)).toHaveLength(1);
  });

  test("says of a recording in an account that is no longer the salon's that it was left", async () => {
    const salon = await bench.fullSalon();
    await bench.database.firestore.doc(`calls/${salon.callSid}`).update({ account: "of somebody else" });
    await ask(salon);
    const job = await untilDone(salon.id);
    expect(job.redaction.recordings).toEqual({ deleted: 0, not_deleted: { no_credentials: 1 } });
  });

  test("waits for a Twilio that is away with the own number's webhooks too, and still has the credentials", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(60);
    const match = { account_sid: salon.own.accountSid, path: "IncomingPhoneNumbers" };
    await bench.fault({ kind: "http_error", status: 503, match, times: 1 });
    const put = await bench.erasures().proceed(salon.id);
    expect(put).toMatchObject({ state: "waiting", failures: 1, last_error: { step: "restore_webhooks" } });
    expect(JSON.stringify(await integrationOf(salon.id))).toContain("data_key");
    expect(await untilDone(salon.id)).toMatchObject({ webhooks_not_restored: null });
    expect(await numberOf(salon)).toMatchObject(EARLIER);
    await expectErased(salon);
  });

  test("says after 14 days that the webhooks of a Twilio that is away were left, and ends", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(14 * 86_400 + 1);
    const match = { account_sid: salon.own.accountSid, path: "IncomingPhoneNumbers" };
    await bench.fault({ kind: "http_error", status: 503, match, times: 1 });
    const job = await untilDone(salon.id);
    expect(job).toMatchObject({ webhooks_not_restored: "twilio_unavailable" });
    const entries = await documentsOf(salon.id, "integration_audit");
    expect(entries.map((each) => each.get("outcome.code") ?? "")).toContain("twilio_unavailable");
  });

  test("leaves a number alone that its owner has pointed elsewhere", async () => {
    const salon = await bench.fullSalon();
    const found = await bench.twilio(salon.own).findOwnedNumber(salon.own.number);
    if (found === undefined) return expect.fail("the number is gone");
    const elsewhere = "https://elsewhere.example/";
    const urls = { smsUrl: elsewhere, voiceUrl: elsewhere, voiceFallbackUrl: "", statusCallback: "" };
    await bench.twilio(salon.own).configureNumber(found.sid, urls);
    await ask(salon);
    expect(await untilDone(salon.id)).toMatchObject({ webhooks_not_restored: null });
    expect(await numberOf(salon)).toMatchObject({ smsUrl: elsewhere });
  });

  test.each([
    ["before it is asked for", "credentials_unreadable"],
    ["while it is under way", "failed-precondition"],
  ])(
    "ends although a credential has become malformed %s, and says what it could not do",
    async (when, webhooks_not_restored) => {
      const salon = await bench.fullSalon();
      const integration = bench.database.firestore.doc(`salon_integrations/${salon.id}`);
      const spoil = async () => {
        const stored = await integration.get();
        const account_sid = { ...stored.get("twilio.account_sid"), ...brokenNonce };
        const auth_token = { ...stored.get("platform.auth_token"), ...brokenNonce };
        const { previous: _, ...twilio } = stored.get("twilio");
        const platform = { ...stored.get("platform"), auth_token };
        const broken = { ...twilio, account_sid, webhook_status: "configured" };
        await integration.update({ twilio: broken, platform });
      };
      if (when === "before it is asked for") await spoil();
      await ask(salon);
      if (when === "while it is under way") await spoil();
      const job = await untilDone(salon.id);
      expect(job).toMatchObject({
        webhooks_not_restored,
        redaction: {
          not_redacted: { no_credentials: 3 },
          recordings: { deleted: 0, not_deleted: { no_credentials: 1 } },
        },
      });
      await expectErased(salon);
    },
  );

  test("leaves nobody's name or address where others were told of them", async () => {
    const salon = await bench.fullSalon();
    const { clock, database } = bench;
    const facts = { by: "uid-anjali", by_name: "anjali@example.com", at: clock.now() };
    await database.transact((transaction, firestore) =>
      createNotification(transaction, firestore, {
        kind: "integration_disconnected",
        facts,
        salonId: salon.id,
        key: "1",
        now: clock.now(),
      }),
    );
    await ask(salon);
    await untilDone(salon.id);
    const told = await documentsOf(salon.id, "notifications");
    expect(told.map((each) => each.get("kind")).toSorted()).toEqual([
      "data_erased",
      "integration_disconnected",
    ]);
    expect(JSON.stringify(told.map((each) => each.data()))).not.toContain("anjali@example.com");
  });

  test("opens the salon to changes again at its end, switched off", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    expect(await integrationOf(salon.id)).toMatchObject({ erasing: true });
    await untilDone(salon.id);
    expect(await integrationOf(salon.id)).toMatchObject({
      erasing: false,
      requested: { messaging: "off" },
      status_reason: "The salon's messaging data was erased.",
    });
  });

  test("counts a message as redacted although a late callback has written over its mark", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(60);
    await bench.erasures().proceed(salon.id);
    for (const { ref } of await documentsOf(salon.id, "messages")) {
      await ref.update({ redacted_at: FieldValue.delete(), state: "read" });
    }
    const job = await untilDone(salon.id);
    expect(job.redaction).toMatchObject({ redacted: 3, never_sent: 1, not_redacted: {} });
  });

  test("counts a message or recording that came while it was under way as left at Twilio", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(60);
    await bench.erasures().proceed(salon.id);
    const late = {
      direction: "inbound",
      salon_id: salon.id,
      twilio_sid: "SM1",
      account: "gone",
      received_at: bench.clock.now(),
    };
    await bench.database.firestore.doc(`messages/${salon.id}-late`).set(late);
    const recordings = [{ sid: "RE1", duration_seconds: 5, received_at: bench.clock.now() }];
    const call = { salon_id: salon.id, account: "gone", recordings, started_at: bench.clock.now() };
    await bench.database.firestore.doc(`calls/${salon.id}-late`).set(call);
    const job = await untilDone(salon.id);
    expect(job.redaction).toMatchObject({
      not_redacted: { arrived_late: 1 },
      recordings: { deleted: 1, not_deleted: { arrived_late: 1 } },
    });
    expect(await documentsOf(salon.id, "messages")).toEqual([]);
  });

  test("is done once by four workers at once, and nothing is counted twice", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    for (let turn = 0; turn < 4; turn += 1) {
      bench.clock.pass(301);
      await atOnce(4, () => bench.erasures().proceed(salon.id));
    }
    expect(await bench.erasures().get(salon.id)).toMatchObject({
      state: "done",
      redaction: { redacted: 3 },
      deleted: { messages: 4 },
    });
    await expectErased(salon);
  });

  test("is out of the hands of a worker that was slower than its lease: it neither writes nor deletes", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    bench.clock.pass(60);
    const store = createErasureStore(bench.database, bench.clock);
    const slow = (await store.begin(salon.id, "slow")) ?? expect.fail("no lease");
    bench.clock.pass(300);
    const quick = (await store.begin(salon.id, "quick")) ?? expect.fail("no lease");
    const next = { ...slow, step: "tell" } as const;
    await expect(store.commit(slow, next)).rejects.toMatchObject({ code: "conflict" });
    const gone = await documentsOf(salon.id, "messages");
    await expect(store.commitDeleted(slow, next, { gone })).rejects.toMatchObject({ code: "conflict" });
    expect(await documentsOf(salon.id, "messages")).toHaveLength(4);
    expect(await store.get(salon.id)).toEqual(quick);
  });

  test("leaves a customer's STOP to a shared number in force, for no salon any more", async () => {
    const salon = await bench.fullSalon();
    const block = bench.database.firestore.doc(`threads/shared_${salon.id}`);
    await block.set({ number_id: "shared", party: "p1", salon_id: salon.id, blocked_at: bench.clock.now() });
    await ask(salon);
    expect(await untilDone(salon.id)).toMatchObject({ deleted: { threads: 1 } });
    const stored = (await block.get()).data();
    expect(stored).toMatchObject({ party: "p1", salon_id: null });
    expect(stored?.blocked_at).toBeDefined();
    await expectErased(salon);
  });

  test("takes what was kept to go on with the salon's work, and nobody else's", async () => {
    const { firestore } = bench.database;
    const [salon, other] = [await bench.fullSalon(), await bench.fullSalon()];
    const working = ({ id }: FullSalon) => [
      `incidents/${id}_salon_own`,
      `message_syncs/${id}_salon_own`,
      `provisioning/${id}`,
      `webhook_checks/${id}`,
      `pacing/${id}_sms`,
      `pacing/${id}_whatsapp`,
      `rate_limits/${id}`,
      `rate_limits/${id}:critical`,
    ];
    const paths = [...working(salon), ...working(other)];
    for (const path of paths) {
      const salon_id = path.includes(salon.id) ? salon.id : other.id;
      await firestore.doc(path).set({ salon_id });
    }
    await ask(salon);
    await untilDone(salon.id);
    const left = await firestore.getAll(...paths.map((path) => firestore.doc(path)));
    expect(left.filter(({ exists }) => exists).map(({ ref }) => ref.path)).toEqual(working(other));
  });

  test("of a salon that has no integration is an erasure all the same", async () => {
    const salon = await bench.salon({ integration: "none" });
    await bench.database.firestore.doc(`calls/${salon.id}`).set({ salon_id: salon.id });
    await bench.erasures().request(salon.id, { actor });
    expect(await integrationOf(salon.id)).toMatchObject({ erasing: true, requested: { messaging: "off" } });
    expect(await untilDone(salon.id)).toMatchObject({ deleted: { calls: 1 } });
  });

  test("that is done can be asked for again, for what has come since", async () => {
    const salon = await bench.fullSalon();
    await ask(salon);
    await untilDone(salon.id);
    await bench.database.firestore.doc(`calls/${salon.id}`).set({ salon_id: salon.id });
    bench.clock.pass(60);
    expect(await ask(salon)).toMatchObject({ state: "waiting", step: "redact" });
    expect(await untilDone(salon.id)).toMatchObject({ deleted: { calls: 1 } });
    expect(await documentsOf(salon.id, "notifications")).toHaveLength(2);
  });
});

/** A database that answers so often, and then its worker is dead: nothing it asks afterwards happens. */
function dyingAfter(answers: number): { database: Database; died: () => boolean } {
  let left = answers;
  const die = <T>(work: () => Promise<T>) => {
    left -= 1;
    if (left < 0) throw new AppError("unavailable", "dead", { context: { service: "Firestore" } });
    return work();
  };
  const { firestore, run, transact } = bench.database;
  return {
    died: () => left < 0,
    database: {
      firestore,
      run: async (work) => die(() => run(work)),
      transact: async (work) => die(() => transact(work)),
    },
  };
}

test("a worker may die after whatever it asks of the database: the next one ends what it began", async () => {
  const salon = await bench.fullSalon();
  const other = await bench.fullSalon();
  await ask(salon);
  let deaths = 0;
  // Each worker gets one answer further than the last one that got nowhere, up to what the longest step asks.
  const MOST_ANSWERS = 10;
  let answers = 1;
  const worker = () => {
    const { database, died } = dyingAfter(answers);
    const erasures = bench.erasures({ redactPageSize: 1, deletePageSize: 1 }, database);
    return {
      ...erasures,
      proceed: async (salonId: SalonId) => {
        try {
          return await erasures.proceed(salonId);
        } finally {
          if (died()) {
            deaths += 1;
            answers = (answers % MOST_ANSWERS) + 1;
          }
        }
      },
    };
  };
  const job = await untilDone(salon.id, worker, 200);
  printCount(`erasure: ${deaths} workers died on the way`);
  expect(deaths).toBeGreaterThan(5);
  await expectErased(salon);
  expect(await bench.recordingsAtTwilio(salon, salon.callSid)).toEqual([]);
  expect(await textsAtTwilio(salon)).toEqual([]);
  expect(job).toMatchObject({
    redaction: { redacted: 3, never_sent: 1, not_redacted: {} },
    deleted: { messages: 4, calls: 1, contacts: 1, threads: 1, outbox: 1 },
  });
  await expectUntouched(other, 3);
});
