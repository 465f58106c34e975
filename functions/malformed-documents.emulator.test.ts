import { CloudEvent } from "cloudevents";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { type MessagingBench, startMessagingBench } from "#scripts/testing/messaging-bench.ts";
import { createMovingClock, type MovingClock } from "#scripts/testing/moving-clock.ts";
import { type ProvisioningBench, startProvisioningBench } from "#scripts/testing/provisioning-bench.ts";
import { sleepTogether } from "#scripts/testing/sleep-together.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { createAccountHealth } from "#shared/health/account-health.ts";
import { createIncidents } from "#shared/health/incidents.ts";
import { createHeldMessages } from "#shared/messages/held.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { DUE_COLLECTIONS, dueDocuments } from "#shared/runtime/due-work.ts";
import { eventFunction, type Trigger } from "#shared/runtime/event-boundary.ts";
import type { TopicName } from "#shared/runtime/publisher.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createHandler as createDeliverMessage } from "./deliver-message/handler.ts";
import { createHandler as createProbeIntegration } from "./probe-integration/handler.ts";
import { createHandler as createProvisionSalon } from "./provision-salon/handler.ts";
import { createHandler as createWakeDueWork } from "./wake-due-work/handler.ts";

/** What a person or another program has written over a field that has a closed list, or a list of its own. */
const CANARY = "canary-7f3a9c";

let messaging: MessagingBench;
let provisioning: ProvisioningBench;
const clock = createMovingClock();
const logs = createLogBook();

beforeAll(async () => {
  [messaging, provisioning] = await Promise.all([startMessagingBench(), startProvisioningBench()]);
});
afterAll(async () => {
  await Promise.all([messaging.stop(), provisioning.stop()]);
});

interface Woken {
  readonly name: string;
  readonly topic: TopicName;
  readonly handler: (trigger: Trigger) => Promise<void>;
}

/** Three ticks a minute apart; whatever they publish for the function comes to it, each time as another event. */
async function threeTicks(
  { database, clock }: { readonly database: Database; readonly clock: MovingClock },
  { name, topic: itsTopic, handler }: Woken,
): Promise<number> {
  const { logger } = logs;
  const deadLetters = createDeadLetters(database, clock);
  const woken = eventFunction(handler, { name, logger, deadLetters, onFailure: "acknowledge" });
  let wakeUps = 0;
  const tick = createWakeDueWork({
    due: (collection, now, after) => dueDocuments(database, collection, now, { limit: 100, after }),
    publisher: {
      async publish(topic, _key, json) {
        if (topic !== itsTopic) return;
        wakeUps += 1;
        const data = { message: { data: Buffer.from(JSON.stringify(json)).toString("base64") } };
        const type = "google.cloud.pubsub.topic.v1.messagePublished";
        await woken(new CloudEvent({ id: `${name}-${wakeUps}`, source: "//pubsub", type, data }));
      },
    },
    clock,
    sleep: sleepTogether(clock, DUE_COLLECTIONS.length),
    logger,
  });
  for (let ticks = 1; ticks <= 3; ticks += 1) {
    clock.pass(60);
    await tick({ kind: "message", data: {}, publishedAt: plusSeconds(clock.now(), -59.999) });
  }
  return wakeUps;
}

async function lettersOf(database: Database, name: string) {
  const letters = database.firestore.collection("dead_letters").where("function", "==", name);
  return (await letters.get()).docs.map((letter) => letter.get("reason"));
}

/** Writes over fields of a document; gives what has to be there in the end: the same, due at another time. */
async function spoil(database: Database, path: string, fields: Record<string, unknown>) {
  const reference = database.firestore.doc(path);
  await reference.update(fields);
  const read = async () => {
    const { due_at: _, ...rest } = (await reference.get()).data() ?? {};
    return rest;
  };
  return { read, rest: await read() };
}

test("a malformed message is set aside once in three ticks, and its neighbour is sent", async () => {
  const salon = await messaging.salon();
  const [malformed, neighbour] = [messaging.customer(), messaging.customer()];
  const { id } = await messaging.accept(salon, { to: malformed });
  await messaging.accept(salon, { to: neighbour });
  const { read, rest } = await spoil(messaging.database, `messages/${id}`, { hold_reason: CANARY });

  const handler = createDeliverMessage({ delivery: messaging.worker() });
  expect(await threeTicks(messaging, { name: "deliver-message", topic: "outbound", handler })).toBe(2);

  expect(await lettersOf(messaging.database, "deliver-message")).toEqual([
    expect.stringContaining(`The document messages/${id} is malformed: hold_reason `),
  ]);
  expect(await read()).toEqual(rest);
  expect(await messaging.atTwilio(malformed)).toEqual([]);
  expect(await messaging.atTwilio(neighbour)).toHaveLength(1);
});

test("a malformed incident is set aside once in three ticks, and its neighbour is probed", async () => {
  const { database, publisher } = provisioning;
  const { logger } = logs;
  const audit = createAudit({ database, clock, logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  const health = createAccountHealth({
    incidents: createIncidents({ database, changes, clock, logger }),
    integrations: createIntegrations(database),
    // The account is no more, so nobody asks Twilio about it.
    check: () => Promise.reject(new Error("asked")),
    logger,
  });
  const incidentOf = async (salonId: string) => {
    const path = `incidents/${salonId}_salon_own`;
    await database.firestore.doc(path).set({
      salon_id: salonId,
      source: "salon_own",
      state: "open",
      class: "credential",
      twilio_code: 20003,
      reason: "Twilio takes the token no more.",
      channel: null,
      opened_at: clock.now(),
      closed_at: null,
      probes: 0,
      due_at: clock.now(),
    });
    return path;
  };
  const path = await incidentOf(uniqueSalonId());
  const neighbour = await incidentOf(uniqueSalonId());
  const { read, rest } = await spoil(database, path, { class: CANARY });

  const handler = createProbeIntegration({ health, held: createHeldMessages(database, publisher, clock) });
  const given = { name: "probe-integration", topic: "incidents-due", handler } as const;
  expect(await threeTicks({ database, clock }, given)).toBe(2);

  expect(await lettersOf(database, "probe-integration")).toEqual([
    expect.stringContaining(`The document ${path} is malformed: class `),
  ]);
  expect(await read()).toEqual(rest);
  expect((await database.firestore.doc(neighbour).get()).data()).toMatchObject({
    state: "closed",
    probes: 1,
  });
});

test("a malformed set-up is set aside once in three ticks, and goes on when it is repaired and due again", async () => {
  const { database } = provisioning;
  const salon = await provisioning.addSalon(clock);
  const neighbour = await provisioning.addSalon(clock);
  for (const { salonId } of [salon, neighbour])
    await database.firestore.doc(`provisioning/${salonId}`).set({
      salon_id: salonId,
      state: "waiting",
      step: "subaccount",
      attempts: 1,
      last_error: null,
      due_at: clock.now(),
      requested_at: clock.now(),
      started_at: clock.now(),
      ready_at: null,
    });
  const path = `provisioning/${salon.salonId}`;
  const { read, rest } = await spoil(database, path, { step: CANARY });

  const handler = createProvisionSalon({ provision: provisioning.worker({ clock }) });
  const given = { name: "provision-salon", topic: "provisioning-due", handler } as const;
  expect(await threeTicks({ database, clock }, given)).toBe(2);

  expect(await lettersOf(database, "provision-salon")).toEqual([
    expect.stringContaining(`The document ${path} is malformed: step `),
  ]);
  expect(await read()).toEqual(rest);
  expect((await provisioning.outcome(salon)).subaccounts).toEqual([]);
  expect((await provisioning.outcome(neighbour)).progress).toMatchObject({ state: "ready" });

  await database.firestore.doc(path).update({ step: "subaccount", due_at: clock.now() });
  expect(await threeTicks({ database, clock }, given)).toBe(1);
  expect((await provisioning.outcome(salon)).progress).toMatchObject({ state: "ready" });
});

test("nothing of what stands in a malformed document is in the log", () => {
  expect(logs.lines.filter((line) => line.includes("event set aside"))).toHaveLength(3);
  expect(logs.leaked([CANARY])).toEqual([]);
});
