import { expect, test } from "vitest";
import { isWebhookUrl } from "./url.ts";

test.each(["https://example.com/hook", "http://127.0.0.1:8080/hook?a=1#rc=3"])("takes %s", (url) => {
  expect(isWebhookUrl(url)).toBe(true);
});

test.each([
  "",
  "/hook",
  "example.com/hook",
  "ftp://example.com/",
  "https://my_host.example.com/",
  `https://example.com/${"x".repeat(4000)}`,
])("refuses %.40s", (url) => {
  expect(isWebhookUrl(url)).toBe(false);
});
