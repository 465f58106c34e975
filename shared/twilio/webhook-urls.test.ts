import { describe, expect, test } from "vitest";
import { createWebhookUrls } from "./webhook-urls.ts";

const urls = createWebhookUrls("https://hooks.example.com");
const RETRY = "#rc=3&rp=5xx,ct,rt";

test("gives Twilio an address for everything, with the retries it does not make by itself", () => {
  expect(urls.sms("s1")).toBe(`https://hooks.example.com/webhooks/twilio/sms/s1${RETRY}`);
  expect(urls.whatsapp("s1")).toBe(`https://hooks.example.com/webhooks/twilio/whatsapp/s1${RETRY}`);
  expect(urls.voice("s1")).toBe(`https://hooks.example.com/webhooks/twilio/voice/s1${RETRY}`);
  expect(urls.voice("s1", "menu")).toBe(`https://hooks.example.com/webhooks/twilio/voice/s1/menu${RETRY}`);
  expect(urls.status("s1")).toBe(`https://hooks.example.com/webhooks/twilio/status/s1${RETRY}`);
});

test("puts our message id and attempt into the address of a message's states", () => {
  expect(urls.messageStatus("s1", "m9", 2)).toBe(
    `https://hooks.example.com/webhooks/twilio/status/s1/m9/2${RETRY}`,
  );
});

test("has callers read to from a static host of its own, where there is one", () => {
  const apart = createWebhookUrls("https://hooks.example.com", "https://static.example.com/");
  const { voiceFallbackUrl, voiceUrl } = apart.ofNumber("s1");
  expect(voiceFallbackUrl).toBe("https://static.example.com/voice-fallback.xml");
  expect(voiceUrl).toBe(urls.voice("s1"));
  expect(urls.ofNumber("s1").voiceFallbackUrl).toBe("https://hooks.example.com/voice-fallback.xml");
  expect(() => createWebhookUrls("https://hooks.example.com", "http://static.example.com")).toThrow(
    "VOICE_FALLBACK_BASE must be an https address",
  );
});

test("knows the address that Twilio signs: the same without the fragment", () => {
  expect(urls.plain.sms("s1")).toBe("https://hooks.example.com/webhooks/twilio/sms/s1");
  expect(urls.requested("/webhooks/twilio/sms/s1?bodySHA256=ab")).toBe(
    "https://hooks.example.com/webhooks/twilio/sms/s1?bodySHA256=ab",
  );
});

test("keeps the path under which a function is reached, and doubles no slash", () => {
  const prefixed = createWebhookUrls("https://region-project.cloudfunctions.net/receive-message/");
  expect(prefixed.plain.sms("s1")).toBe(
    "https://region-project.cloudfunctions.net/receive-message/webhooks/twilio/sms/s1",
  );
});

test("lets no salon id break out of its place", () => {
  expect(urls.plain.sms("../status?x#y")).toBe(
    "https://hooks.example.com/webhooks/twilio/sms/..%2Fstatus%3Fx%23y",
  );
});

describe("refuses as public base", () => {
  test.each([
    "http://hooks.example.com",
    "hooks.example.com",
    "https://user:secret@hooks.example.com",
    "https://hooks.example.com?x=1",
    "https://hooks.example.com#rc=1",
    "https://my_hooks.example.com",
    "",
  ])("%j", (base) => {
    expect(() => createWebhookUrls(base)).toThrow(/PUBLIC_WEBHOOK_BASE must be an https address/);
  });

  test("nothing on this machine, where there is no TLS", () => {
    expect(createWebhookUrls("http://127.0.0.1:8080").plain.status("s1")).toBe(
      "http://127.0.0.1:8080/webhooks/twilio/status/s1",
    );
  });
});
