import { existsSync, readdirSync, readFileSync } from "node:fs";
import { matchesGlob } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { DEPLOYMENTS } from "./deployments.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const Firebase = z.object({
  hosting: z.object({
    rewrites: z.array(
      z.strictObject({
        source: z.string(),
        run: z.strictObject({ serviceId: z.string(), region: z.string() }),
      }),
    ),
  }),
  firestore: z.object({ rules: z.string(), indexes: z.string() }),
});
const firebase = Firebase.parse(JSON.parse(readFileSync(`${ROOT}/firebase.json`, "utf8")));

const folders = readdirSync(`${ROOT}/functions`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("the table of deployments", () => {
  test("has every function folder, and no folder that is not there", () => {
    expect([...new Set(DEPLOYMENTS.map(({ source }) => source))].sort()).toEqual(folders.sort());
  });

  test("names every service once", () => {
    const names = DEPLOYMENTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(DEPLOYMENTS)(
    "$name: its folder registers a function of the folder's name, by the trigger's kind",
    ({ source, trigger }) => {
      const index = readFileSync(`${ROOT}/functions/${source}/index.ts`, "utf8");
      expect(index).toMatch(
        new RegExp(`\\b${trigger.kind === "http" ? "http" : "cloudEvent"}\\(\\s*"${source}"`),
      );
    },
  );

  test("listens to every topic once, so that no message is worked on by two services", () => {
    const topics = DEPLOYMENTS.flatMap(({ trigger }) => (trigger.kind === "topic" ? [trigger.topic] : []));
    expect(new Set(topics).size).toBe(topics.length);
    expect(topics).toEqual(expect.arrayContaining(["outbound", "outbound-critical", "provisioning-due"]));
  });
});

describe("firebase.json", () => {
  test("leads to the public functions of the table, all of them and in no other way", () => {
    const rewrites = firebase.hosting.rewrites.map(({ source, run }) => `${source} → ${run.serviceId}`);
    const table = DEPLOYMENTS.flatMap(({ name, trigger }) =>
      trigger.kind === "http" ? trigger.hosting.map((source) => `${source} → ${name}`) : [],
    );
    expect(rewrites.sort()).toEqual(table.sort());
  });

  test("keeps what is private off the internet: no rewrite leads to send-message", () => {
    const services = firebase.hosting.rewrites.map(({ run }) => run.serviceId);
    expect(services).not.toContain("send-message");
  });

  test("has every address that Twilio is given lead to the function that answers it", () => {
    const { plain } = createWebhookUrls("https://hooks.example.com");
    const servedBy = (url: string) =>
      firebase.hosting.rewrites.find(({ source }) => matchesGlob(new URL(url).pathname, source))?.run
        .serviceId;
    expect([
      servedBy(plain.sms("salon-1")),
      servedBy(plain.whatsapp("salon-1")),
      servedBy(plain.voice("salon-1")),
      servedBy(plain.voice("salon-1", "menu")),
      servedBy(plain.status("salon-1")),
      servedBy(plain.messageStatus("salon-1", "a".repeat(40), 1)),
    ]).toEqual([
      "receive-message",
      "receive-message",
      "receive-call",
      "receive-call",
      "receive-status",
      "receive-status",
    ]);
  });

  test("names rules, indexes and a voice fallback that exist", () => {
    for (const file of [firebase.firestore.rules, firebase.firestore.indexes, "public/voice-fallback.xml"])
      expect(existsSync(`${ROOT}/${file}`), file).toBe(true);
  });
});
