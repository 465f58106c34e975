import { cloudEvent } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { atOnce } from "#scripts/testing/at-once.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { pushBody, pushTopicMessage } from "#scripts/testing/push-topic-message.ts";
import { AppError } from "#shared/core/errors.ts";
import { createLogger } from "#shared/core/logger.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createHandler } from "./handler.ts";

let bench: MessagingBench;
let salon: BenchSalon;
let server: Awaited<ReturnType<typeof listen>>;
let url: string;
const lines: string[] = [];

beforeAll(async () => {
  bench = await startMessagingBench();
  salon = await bench.salon();
  cloudEvent(
    "deliver-message",
    eventFunction(createHandler({ delivery: bench.worker({ messages: messagesAwayOnce() }) }), {
      name: "deliver-message",
      logger: createLogger({ write: (line) => lines.push(line) }),
      deadLetters: createDeadLetters(bench.database, bench.clock),
      onFailure: "acknowledge",
    }),
  );
  server = await listen(getTestServer("deliver-message"), 0, "deliver-message");
  url = `http://${server.host}/`;
});
afterAll(async () => {
  await server.close();
  await bench.stop();
});

/** Firestore is away the next time that a worker claims a message. */
let isAway = false;
function messagesAwayOnce(): OutboundMessages {
  const { messages } = bench;
  return {
    ...messages,
    async claim(...given) {
      if (!isAway) return messages.claim(...given);
      isAway = false;
      throw new AppError("unavailable", "Firestore is away for a moment.");
    },
  };
}

const wake = (id: string, eventId = `event of ${id}`) =>
  pushTopicMessage(url, eventId, JSON.stringify({ message_id: id }));
const deadLetters = async () =>
  (await bench.database.firestore.collection("dead_letters").get()).docs.map((letter) => letter.data());

test("sends the message it is woken for, once, however often the event comes", async () => {
  const to = bench.customer();
  const { id } = await bench.accept(salon, { to });
  const statuses = await atOnce(10, () => wake(id));
  const sent = await bench.atTwilio(to);
  printCount(`one event at once: 10 deliveries, ${sent.length} message at Twilio`);
  expect(new Set(statuses)).toEqual(new Set([204]));
  expect(sent).toHaveLength(1);
});

test("acknowledges the event of a message that is no more", async () => {
  expect(await wake("0".repeat(40))).toBe(204);
  expect(await deadLetters()).toEqual([]);
});

describe("an event that nobody can work on", () => {
  test.each([
    ["names no message", "{}", "names no message_id"],
    ["names something else", '{"message_id":"../salons/x"}', "names no message_id"],
    ["names a number", '{"message_id":7}', "names no message_id"],
    ["holds a list", "[]", "names no message_id"],
    ["holds null", "null", "names no message_id"],
    ["is no JSON", "not json", "its data is not JSON"],
    ["is empty", "", "its data is not JSON"],
  ])("because it %s is acknowledged and kept once", async (what, data, reason) => {
    const before = (await deadLetters()).length;
    for (let round = 0; round < 3; round += 1) {
      expect(await pushTopicMessage(url, `event that ${what}`, data)).toBe(204);
    }
    const letters = await deadLetters();
    expect(letters).toHaveLength(before + 1);
    expect(letters.find(({ event_id }) => event_id === `event that ${what}`)).toMatchObject({
      source: "//pubsub.googleapis.com/projects/p/topics/outbound",
      function: "deliver-message",
      code: "invalid-argument",
      reason: expect.stringContaining(reason),
    });
  });

  test("because it is no Pub/Sub message is acknowledged and kept", async () => {
    expect(await pushBody(url, "event of another kind", { hello: "world" })).toBe(204);
    const letters = await deadLetters();
    expect(letters.find(({ event_id }) => event_id === "event of another kind")).toMatchObject({
      reason: "The event was not understood: it is no Pub/Sub message.",
    });
  });

  test("cannot fill the database: a huge one is cut", async () => {
    await pushTopicMessage(url, "huge event", JSON.stringify({ message_id: "x".repeat(100_000) }));
    const letters = await deadLetters();
    const kept = letters.find(({ event_id }) => event_id === "huge event");
    expect(kept?.data.length).toBe(4_096);
  });
});

test("acknowledges what failed on the way: it is still due, and done the next time", async () => {
  const to = bench.customer();
  const { id, due_at } = await bench.accept(salon, { to });
  isAway = true;
  expect(await wake(id, "first event")).toBe(204);
  expect(lines.filter((line) => line.includes("event failed"))).toHaveLength(1);
  expect(await bench.messages.get(id)).toMatchObject({ state: "accepted", due_at });
  expect(await wake(id, "second event")).toBe(204);
  expect(await bench.messages.get(id)).toMatchObject({ state: "queued" });
  expect(await bench.atTwilio(to)).toHaveLength(1);
});

test("nothing of a customer and no credential is in the log", () => {
  const log = [...lines, ...bench.logLines].join("\n");
  expect(log).toContain("event set aside");
  expect(log).not.toMatch(/\+1415555|See you|AC[0-9a-f]{32}/);
  expect(log).not.toContain(salon.authToken);
});
