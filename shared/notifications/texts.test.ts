import { describe, expect, test } from "vitest";
import { now, toldOf } from "#scripts/testing/example-notification.ts";
import type { Notice } from "./notification.ts";
import { emailOf, slackTextOf } from "./texts.ts";

const overdue: Notice = {
  kind: "rotation_due",
  facts: {
    threshold_days: 90,
    last_rotated_at: new Date("2026-08-24T20:00:00Z"),
    due_at: new Date("2026-11-22T20:00:00Z"),
  },
};

const EVERY_KIND: readonly Notice[] = [
  { kind: "credentials_changed", facts: { by: "Anjali", at: now, rollback_until: null } },
  { kind: "credentials_rolled_back", facts: { by: "Anjali", at: now } },
  { kind: "integration_disconnected", facts: { by: "Anjali", at: now } },
  { kind: "integration_failed", facts: { reason: "Twilio refuses the Auth Token.", at: now } },
  { kind: "integration_recovered", facts: { since: now, at: now } },
  { kind: "attention_needed", facts: { reason: "The number is bound to a SIP trunk.", at: now } },
  overdue,
  { kind: "changed_outside", facts: { by: "dev@example.com", at: now, fields: ["twilio.is_active"] } },
  { kind: "calls_not_made", facts: { reason: "The salon has no number that can make calls.", at: now } },
  { kind: "voicemail_left", facts: { seconds: 9, at: now } },
  { kind: "data_erased", facts: { by: "Anjali", at: now } },
  { kind: "platform_credentials_rotated", facts: { account: "default", at: now } },
  { kind: "platform_rotation_failed", facts: { account: "default", reason: "Twilio is away.", at: now } },
];

describe("the mail to an owner", () => {
  test("says who changed the credentials and when, in the salon's zone, and how to undo it", () => {
    const { subject, text } = emailOf(toldOf());
    expect(subject).toBe("Anjali's Salon: Twilio credentials were changed");
    expect(text).toContain(
      "Anjali Rao changed the Twilio credentials of Anjali's Salon on 22 November 2026 at 20:00 (Asia/Kolkata).",
    );
    expect(text).toContain(
      "can be brought back in the dashboard until 23 November 2026 at 20:00 (Asia/Kolkata).",
    );
  });

  test.each([
    ["a member by address", "anjali@example.com"],
    ["our support as that", "Salon Flow support"],
  ])("names %s, where security reads an id", (_, by_name) => {
    const who = { by: "A member of the salon (uid-7)", by_name, at: now };
    const told: Notice[] = [
      { kind: "credentials_changed", facts: { ...who, rollback_until: null } },
      { kind: "credentials_rolled_back", facts: who },
      { kind: "integration_disconnected", facts: who },
      { kind: "data_erased", facts: who },
    ];
    for (const notice of told) {
      const { text, html } = emailOf(toldOf(notice));
      for (const mail of [text, html]) {
        expect(mail).toContain(by_name);
        expect(mail).not.toContain("uid-7");
      }
      expect(slackTextOf(toldOf(notice))).toContain("A member of the salon (uid-7)");
      expect(slackTextOf(toldOf(notice))).not.toContain(by_name);
    }
  });

  test("says how long a caller's message is, and when it was left", () => {
    const mailOf = (seconds: number) =>
      emailOf(toldOf({ kind: "voicemail_left", facts: { seconds, at: now } })).text;
    const left = "for Anjali's Salon on 22 November 2026 at 20:00 (Asia/Kolkata).";
    expect(mailOf(9)).toContain("The dashboard lists it with the caller's number, and plays it");
    expect(mailOf(9)).toContain(`A caller left a message of 9 seconds ${left}`);
    expect(mailOf(1)).toContain(`A caller left a message of 1 second ${left}`);
  });

  test("says of a disconnected account whether its numbers still lead to us", () => {
    const facts = { by: "Anjali", at: now };
    const [left, restored] = [{ ...facts, webhooks_left: true }, facts].map(
      (each) => emailOf(toldOf({ kind: "integration_disconnected", facts: each })).text,
    );
    expect(left).toContain("Choose in your Twilio Console where it is to go.");
    expect(restored).not.toContain("Twilio Console");
  });

  test("counts the days of rotation in the salon's zone", () => {
    expect(emailOf(toldOf(overdue)).text).toContain("last changed on 25 August 2026.");
    expect(emailOf(toldOf(overdue, { timeZone: "Europe/London" })).text).toContain(
      "They should have been changed by 22 November 2026, after 90 days.",
    );
  });

  test("asks, before the day, to rotate by the day", () => {
    const soon: Notice = { kind: "rotation_due", facts: { ...overdue.facts, threshold_days: 75 } };
    expect(emailOf(toldOf(soon)).subject).toBe("Anjali's Salon: please change the Twilio credentials soon");
    expect(emailOf(toldOf(soon)).text).toContain("Please change them by 23 November 2026, 90 days later.");
  });

  test("markup injection: a salon's name stays a name in HTML", () => {
    const { html } = emailOf(toldOf(undefined, { salonName: `<img src=x onerror="a('b')"> & Co` }));
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt; &amp; Co");
  });

  test("header injection: a salon's name adds no line to the subject", () => {
    const { subject } = emailOf(toldOf(undefined, { salonName: "Anjali\r\nBcc: everybody@example.com" }));
    expect(subject).toBe("Anjali Bcc: everybody@example.com: Twilio credentials were changed");
  });
});

describe("the message in Slack", () => {
  test("names the salon and its id", () => {
    const [title, line] = slackTextOf(toldOf()).split("\n");
    expect(title).toBe("*Anjali's Salon (salon-anjali): Twilio credentials were changed*");
    expect(line).toContain("Anjali Rao changed the Twilio credentials");
  });

  test("names the platform where it is about no salon", () => {
    const told = toldOf({ kind: "platform_credentials_rotated", facts: { account: "default", at: now } });
    const text = slackTextOf({ ...told, notification: { ...told.notification, salon_id: null } });
    expect(text).toContain("*Salon Flow platform: platform credentials were rotated*");
  });

  test("mass ping: a salon's name can neither call a channel nor hide a link", () => {
    const text = slackTextOf(toldOf(undefined, { salonName: "<!channel> <https://evil.example|Salon>" }));
    expect(text).not.toMatch(/<[!h@#]/);
    expect(text).toContain("&lt;!channel&gt;");
  });
});

test.each(EVERY_KIND)("$kind is told in whole sentences, with nothing left out", (notice) => {
  const told = toldOf(notice);
  const { subject, text } = emailOf(told);
  for (const words of [subject, text, slackTextOf(told)]) {
    expect(words).not.toMatch(/undefined|null|Invalid|\[object|NaN/);
  }
  expect(subject.length).toBeLessThan(90);
});
