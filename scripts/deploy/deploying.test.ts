import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DEPLOYMENTS, PUBLISHED_TOPICS } from "#scripts/deployments.ts";
import { AUDIT_HEAD_MESSAGE } from "#shared/audit/head-log.ts";
import { PLATFORM_SEGMENT } from "#shared/core/ids.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(`${ROOT}/docs/deploying.md`, "utf8");

test("the page on deploying has the addresses that stand-in numbers are set to", () => {
  const urls = Object.values(createWebhookUrls("https://hooks.example.com").ofNumber(PLATFORM_SEGMENT));
  const rows = [...page.matchAll(/`(https:\/\/hooks[^`]+)`/g)].map(([, url]) => url);
  expect(rows.toSorted()).toEqual(urls.toSorted());
});

test("it names every path that Twilio asks for, and every topic that others read", () => {
  const paths = DEPLOYMENTS.flatMap(({ trigger }) => (trigger.kind === "http" ? trigger.hosting : []));
  for (const path of paths.filter((each) => each.startsWith("/webhooks")))
    expect(page).toContain(`\`${path}\``);
  for (const topic of PUBLISHED_TOPICS) expect(page).toContain(`\`${topic}\``);
  expect(page).toContain(`jsonPayload.message="${AUDIT_HEAD_MESSAGE}"`);
});

test("every message that it has alerts for is one that the code logs as an error", () => {
  const code = globSync("{shared,functions}/**/*.ts", { cwd: ROOT })
    .map((path) => readFileSync(`${ROOT}/${path}`, "utf8"))
    .join("\n");
  const messages = [...page.slice(page.indexOf("## Alerts")).matchAll(/^\| `([^`]+)` \|/gm)].map(
    ([, text]) => text,
  );
  expect(messages.length).toBeGreaterThan(5);
  for (const message of messages) expect(code).toMatch(new RegExp(`logger\\.error\\(\\s*"${message}"`));
});
