import { cloudEvent } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHandler as createWakeDueWork } from "#functions/wake-due-work/handler.ts";
import { listen } from "#scripts/local-stack/listen.ts";
import { startSlackSink } from "#scripts/local-stack/slack-sink.ts";
import { type SmtpSink, startSmtpSink } from "#scripts/local-stack/smtp-sink.ts";
import { atOnce } from "#scripts/testing/at-once.ts";
import { createLogBook, type LogBook } from "#scripts/testing/log-book.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { pushTopicMessage } from "#scripts/testing/push-topic-message.ts";
import { sleepTogether } from "#scripts/testing/sleep-together.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { plusSeconds, systemClock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import type { Channel } from "#shared/notifications/channel.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import { createEmail } from "#shared/notifications/email.ts";
import { type ChannelName, Notification, type NotificationId } from "#shared/notifications/notification.ts";
import { createSecurityWebhook } from "#shared/notifications/security-webhook.ts";
import { createSender, type Sender } from "#shared/notifications/sender.ts";
import { createSlack } from "#shared/notifications/slack.ts";
import { createNotifications, type Notifications } from "#shared/notifications/store.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { DUE_COLLECTIONS, dueDocuments } from "#shared/runtime/due-work.ts";
import { type EventBoundaryOptions, eventFunction } from "#shared/runtime/event-boundary.ts";
import { createContacts } from "./contacts.ts";
import { createHandler } from "./handler.ts";

const PASSWORD = "canary-smtp-password";
const database = createDatabase(uniqueProjectId());
const clock = createMovingClock();
const slackSink = await startSlackSink();
const store = createNotifications(database, clock);
let smtp: SmtpSink;
let logs: LogBook;
let channels: Record<ChannelName, Channel>;
let workers = 0;

beforeAll(async () => {
  smtp = await startSmtpSink();
  const smtpUrl = new Secret(smtp.url.replace("smtp://", `smtp://salonflow:${PASSWORD}@`));
  channels = {
    email: createEmail({ smtpUrl, from: "Salon Flow <messaging@salonflow.example>" }),
    slack: createSlack(new Secret(slackSink.slackUrl)),
    webhook: createSecurityWebhook({
      url: new Secret(slackSink.webhookUrl),
      secret: new Secret(slackSink.webhookSecret),
      clock: systemClock,
    }),
  };
});
beforeEach(() => {
  logs = createLogBook();
});
afterAll(() => Promise.all([smtp.stop(), slackSink.stop(), database.firestore.terminate()]));

interface Flaws {
  readonly notifications?: Notifications;
  readonly channels?: Partial<Record<ChannelName, Channel>>;
}

function worker(flaws: Flaws = {}): Sender {
  workers += 1;
  const holder = `worker-${workers}`;
  return createSender({
    notifications: flaws.notifications ?? store,
    contactOf: createContacts(database),
    channels: { ...channels, ...flaws.channels },
    logger: logs.logger,
    newHolder: () => holder,
  });
}

interface Given {
  readonly id: NotificationId;
  readonly salonId: SalonId;
  readonly ownerEmail: string;
}

/** A salon whose credentials have just been changed. */
async function notified(salon: Record<string, unknown> = {}): Promise<Given> {
  const salonId = SalonId.parse(uniqueSalonId());
  const ownerEmail = `${salonId}@example.com`;
  const owner = { email: ownerEmail };
  await database.firestore
    .doc(`salons/${salonId}`)
    .set({ name: "Anjali's Salon", owner, time_zone: "Asia/Kolkata", ...salon });
  const id = await database.transact((transaction, firestore) =>
    createNotification(transaction, firestore, {
      salonId,
      kind: "credentials_changed",
      key: "revision 7",
      facts: { by: "Anjali", at: clock.now(), rollback_until: null },
      now: clock.now(),
    }),
  );
  return { id, salonId, ownerEmail };
}

const read = async (id: string) =>
  Notification.parse((await database.firestore.doc(`notifications/${id}`).get()).data());
const statesOf = async (id: string) => {
  const { email, slack, webhook } = (await read(id)).channels;
  return [email.state, slack.state, webhook.state];
};
const mailsTo = (address: string) => smtp.messages().filter(({ to }) => to.includes(address));
const postsAbout = (salonId: string) => slackSink.messages().filter((text) => text.includes(salonId));
const alertsOf = (id: string) => slackSink.webhooks().filter((webhook) => webhook.id === id);
const reached = ({ id, salonId, ownerEmail }: Given) => [
  mailsTo(ownerEmail).length,
  postsAbout(salonId).length,
  alertsOf(id).length,
];
const errors = () => logs.lines.filter((line) => line.includes('"severity":"ERROR"'));
const never = () => new Promise<never>(() => {});

describe("a notification", () => {
  test("reaches the owner, Slack and the signed webhook, each once, by ten events and two workers at once", async () => {
    const given = await notified();
    const two = [worker(), worker()];
    await atOnce(10, async (index) => two[index % 2]?.send(given.id));
    await two[0]?.send(given.id);
    expect(reached(given)).toEqual([1, 1, 1]);
    const { channels: records, lease, due_at } = await read(given.id);
    expect(Object.values(records).map(({ state, attempts }) => [state, attempts])).toEqual(
      Array(3).fill(["sent", 1]),
    );
    expect([lease, due_at]).toEqual([null, undefined]);
  });

  test("is not sent again by the channels that had it when a worker dies between two of them", async () => {
    const given = await notified();
    let dying = () => {};
    const died = new Promise<void>((resolve) => {
      dying = resolve;
    });
    const slack = () => {
      dying();
      return never();
    };
    void worker({ channels: { slack } }).send(given.id);
    await died;
    expect(await statesOf(given.id)).toEqual(["sent", "pending", "pending"]);
    await worker().send(given.id);
    expect(reached(given)).toEqual([1, 0, 0]);
    clock.pass(60);
    await worker().send(given.id);
    expect(reached(given)).toEqual([1, 1, 1]);
    expect((await read(given.id)).channels.slack).toMatchObject({ state: "sent", attempts: 2 });
  });

  test("repeats one mail, and the same one, when a worker dies between sending and writing it down", async () => {
    const given = await notified();
    const crash = new Error("the instance is gone");
    const notifications = { ...store, settle: () => Promise.reject(crash) };
    await expect(worker({ notifications }).send(given.id)).rejects.toBe(crash);
    clock.pass(60);
    await worker().send(given.id);
    expect(reached(given)).toEqual([2, 1, 1]);
    const ids = mailsTo(given.ownerEmail).map(({ raw }) => /^Message-ID:\s+(\S+)/m.exec(raw)?.[1]);
    expect(ids).toEqual(Array(2).fill(`<notification-${given.id}@salonflow.example>`));
  });

  test("waits for a mail server that is down, while security is told at once", async () => {
    const given = await notified();
    const port = Number(new URL(smtp.url).port);
    await smtp.stop();
    await worker().send(given.id);
    expect([postsAbout(given.salonId).length, alertsOf(given.id).length]).toEqual([1, 1]);
    const waiting = await read(given.id);
    expect(waiting.channels.email).toMatchObject({ state: "pending", attempts: 1 });
    expect(waiting.channels.email.last_error).toBe("The mail server did not take the mail (ESOCKET).");
    expect(waiting.due_at?.getTime()).toBe(clock.now().getTime() + 30_000);

    smtp = await startSmtpSink({ port });
    await worker().send(given.id);
    expect(mailsTo(given.ownerEmail)).toHaveLength(0);
    clock.pass(30);
    await worker().send(given.id);
    expect(reached(given)).toEqual([1, 1, 1]);
    expect(await read(given.id)).not.toHaveProperty("due_at");
  });

  test("has failed after twelve attempts, with an error in the log, and is due no more", async () => {
    const given = await notified();
    slackSink.refuse("slack", 503);
    let attempts = 0;
    for (let due = (await read(given.id)).due_at; due !== undefined; due = (await read(given.id)).due_at) {
      clock.pass(Math.max(0, due.getTime() - clock.now().getTime()) / 1000);
      await worker().send(given.id);
      attempts += 1;
    }
    slackSink.refuse("slack", undefined);
    expect(attempts).toBe(12);
    expect((await read(given.id)).channels.slack).toMatchObject({
      state: "failed",
      attempts: 12,
      last_error: "Slack answered 503.",
    });
    expect(reached(given)).toEqual([1, 0, 1]);
    expect(errors()).toHaveLength(1);
    expect(JSON.parse(errors()[0] ?? "")).toMatchObject({
      message: "notification given up",
      salonId: given.salonId,
      step: "credentials_changed",
      channel: "slack",
      attempt: 12,
    });
  });

  test("skips the mail of an owner without an address, and tells security", async () => {
    const given = await notified({ owner: { name: "Anjali" } });
    await worker().send(given.id);
    expect(await statesOf(given.id)).toEqual(["skipped", "sent", "sent"]);
    expect(errors()).toEqual([]);
  });

  test.each([
    ["has closed", { status: "closed" }, [1, 1, 1]],
    ["is odd", { name: 7, time_zone: "Nowhere", hours: "always" }, [1, 1, 1]],
    ["names no owner", { owner: "Anjali" }, [0, 1, 1]],
  ])("is told as far as can be where the salon's document %s", async (_what, salon, counts) => {
    const given = await notified(salon);
    await worker().send(given.id);
    expect(reached(given)).toEqual(counts);
  });

  test("goes to the salon's own owner and to nobody else", async () => {
    const [mine, other] = [await notified(), await notified()];
    await worker().send(mine.id);
    expect(mailsTo(mine.ownerEmail)).toHaveLength(1);
    expect(mailsTo(other.ownerEmail)).toHaveLength(0);
  });

  test("leaves no secret and no address in the log, however it ends", async () => {
    const given = await notified();
    const port = Number(new URL(smtp.url).port);
    await smtp.stop();
    slackSink.refuse("slack", 500);
    slackSink.refuse("webhook", 500);
    await worker().send(given.id);
    smtp = await startSmtpSink({ port });
    slackSink.refuse("slack", undefined);
    slackSink.refuse("webhook", undefined);
    clock.pass(30);
    await worker().send(given.id);
    expect(reached(given)).toEqual([1, 1, 1]);
    expect(logs.lines).toHaveLength(6);
    const { slackUrl, webhookUrl, webhookSecret } = slackSink;
    const secrets = [PASSWORD, slackUrl, webhookUrl, webhookSecret, given.ownerEmail, "Anjali"];
    expect(logs.leaked(secrets)).toEqual([]);
  });
});

describe("the function", () => {
  let sender: Sender;
  let server: Awaited<ReturnType<typeof listen>>;
  beforeAll(async () => {
    const name = "send-notification";
    const boundary: EventBoundaryOptions = {
      name,
      // As the one of the test that runs now.
      logger: {
        info: (...line) => logs.logger.info(...line),
        warn: (...line) => logs.logger.warn(...line),
        error: (...line) => logs.logger.error(...line),
      },
      deadLetters: createDeadLetters(database, clock),
      onFailure: "acknowledge",
    };
    cloudEvent(name, eventFunction(createHandler({ sender: { send: (id) => sender.send(id) } }), boundary));
    server = await listen(getTestServer(name), 0, name);
  });
  beforeEach(() => {
    sender = worker();
  });
  afterAll(() => server.close());

  const push = (eventId: string, data: unknown) =>
    pushTopicMessage(`http://${server.host}`, eventId, JSON.stringify(data));
  const deadLetters = async () =>
    (await database.firestore.collection("dead_letters").get()).docs.map((letter) => letter.get("event_id"));

  test("sends what wake-due-work publishes, and nothing is left to wake", async () => {
    const given = await notified();
    const published: { topic: string; data: unknown }[] = [];
    const tick = createWakeDueWork({
      due: async (collection, now, after) => {
        if (collection !== "notifications") return [];
        const due = await dueDocuments(database, collection, now, { limit: 100, after });
        return due.filter((document) => document.get("salon_id") === given.salonId);
      },
      publisher: { publish: async (topic, _key, data) => void published.push({ topic, data }) },
      clock,
      sleep: sleepTogether(clock, DUE_COLLECTIONS.length),
      logger: logs.logger,
    });
    await tick({ kind: "message", data: {} });
    expect(published).toEqual([{ topic: "notifications", data: { notification_id: given.id } }]);
    expect(await push("woken", published[0]?.data)).toBe(204);
    expect(reached(given)).toEqual([1, 1, 1]);
    await tick({ kind: "message", data: {} });
    expect(published).toHaveLength(1);
  });

  test.each([
    ["nothing", {}],
    ["a wrong id", { notification_id: "../salons" }],
    ["no object", 7],
  ])("sets an event aside that names %s, and acknowledges it", async (what, data) => {
    expect(await push(what, data)).toBe(204);
    expect(await deadLetters()).toContain(what);
  });

  test("answers an event about a notification that is not there with nothing", async () => {
    expect(await push("unknown", { notification_id: "0".repeat(40) })).toBe(204);
    expect(logs.lines).toEqual([]);
  });

  test("sets a malformed notification aside once: it rests for an hour", async () => {
    const { id } = await notified();
    await database.firestore.doc(`notifications/${id}`).update({ kind: "canary-7f3a9c" });
    expect(await push("malformed", { notification_id: id })).toBe(204);
    expect(await deadLetters()).toContain("malformed");
    const document = await database.firestore.doc(`notifications/${id}`).get();
    expect(document.get("due_at").toDate()).toEqual(plusSeconds(clock.now(), 3_600));
    expect(logs.leaked(["canary-7f3a9c"])).toEqual([]);
  });

  test("acknowledges what failed on our side: the notification is still due", async () => {
    const { id } = await notified();
    const notifications = { ...store, take: () => Promise.reject(new Error("Firestore is away")) };
    sender = worker({ notifications });
    expect(await push("failed", { notification_id: id })).toBe(204);
    expect(errors()).toHaveLength(1);
    expect((await read(id)).due_at).toEqual(clock.now());
  });
});
