import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { type Choice, type Consent, type Contact, unknownContact } from "./contact.ts";
import {
  afterConsent,
  afterInbound,
  afterOptIn,
  afterOptOut,
  isWindowOpen,
  mayOptIn,
  mayReceive,
} from "./decisions.ts";

const NOW = new Date("2026-11-02T04:30:00Z");
const stranger = unknownContact(SalonId.parse("salon-anjali"), "party");
const at = (minute: number) => plusSeconds(NOW, minute * 60);
const choice = (minute: number, evidence = `SM${minute}`): Choice => ({
  at: at(minute),
  by: "keyword",
  channel: "sms",
  evidence,
});
const consent = (state: Consent["state"], minute: number): Consent => ({
  state,
  at: at(minute),
  source: "form",
});

describe("WhatsApp's window", () => {
  const wrote = afterInbound(stranger, { channel: "whatsapp", at: NOW });

  test.each([
    [0, true],
    [86_399, true],
    [86_400, false],
  ])("%i seconds after the customer's message: %j", (seconds, open) => {
    expect(isWindowOpen(wrote, plusSeconds(NOW, seconds))).toBe(open);
  });

  test("is opened by no SMS, and closed by none", () => {
    const bySms = { channel: "sms", at: plusSeconds(NOW, 60) } as const;
    expect(isWindowOpen(stranger, NOW)).toBe(false);
    expect(isWindowOpen(afterInbound(stranger, bySms), plusSeconds(NOW, 61))).toBe(false);
    expect(isWindowOpen(afterInbound(wrote, bySms), plusSeconds(NOW, 61))).toBe(true);
  });
});

test("an inbound message that is found late moves no time back and changes no channel", () => {
  const known = afterInbound(stranger, { channel: "whatsapp", at: at(10) });
  const found = afterInbound(known, { channel: "sms", at: at(5) });
  expect(found).toEqual({ ...known, first_inbound_at: at(5) });
});

test("the language that a text told stays until another tells one, and no late one changes it", () => {
  const wrote = (minute: number, language?: "hi" | "te") =>
    ({ channel: "sms", at: at(minute), language }) as const;
  const inHindi = afterInbound(stranger, wrote(1, "hi"));
  expect(afterInbound(inHindi, wrote(2)).language).toBe("hi");
  expect(afterInbound(inHindi, wrote(2, "te")).language).toBe("te");
  expect(afterInbound(inHindi, wrote(0, "te")).language).toBe("hi");
});

describe("who may receive what", () => {
  const granted = afterConsent(stranger, consent("granted", 0));

  test.each<[string, Contact, "transactional" | "marketing", unknown]>([
    ["a stranger gets what they asked for", stranger, "transactional", { ok: true }],
    ["a stranger gets no marketing", stranger, "marketing", { ok: false, reason: "no_consent" }],
    ["who consented gets marketing", granted, "marketing", { ok: true }],
    [
      "who revoked gets no marketing",
      afterConsent(granted, consent("revoked", 1)),
      "marketing",
      { ok: false, reason: "no_consent" },
    ],
    [
      "who opted out gets nothing",
      afterOptOut(stranger, choice(0)),
      "transactional",
      { ok: false, reason: "opted_out" },
    ],
    [
      "who opted out gets no marketing in spite of a consent",
      afterOptOut(granted, choice(1)),
      "marketing",
      { ok: false, reason: "opted_out" },
    ],
  ])("%s", (_, contact, category, answer) => {
    expect(mayReceive(contact, { category })).toEqual(answer);
  });

  test("nobody who opted out gets anything, whatever the purpose, also not a reply", () => {
    const message = { category: "transactional", purpose: "reply" } as const;
    expect(mayReceive(afterOptOut(stranger, choice(0)), message)).toEqual({ ok: false, reason: "opted_out" });
  });
});

describe("opting out and in", () => {
  test("keeps the first STOP's time and evidence, however many follow", () => {
    const twice = afterOptOut(afterOptOut(stranger, choice(1)), choice(2));
    expect(twice.opt_out).toEqual(choice(1));
  });

  test("the customer's own STOP takes the place of an opt-out that others recorded, and never the other way", () => {
    const bySalon = { ...choice(1), by: "salon" } as const;
    const byTwilio = { ...choice(3), by: "twilio" } as const;
    const out = afterOptOut(afterOptOut(afterOptOut(stranger, bySalon), choice(2)), byTwilio);
    expect(out.opt_out).toEqual(choice(2));
  });

  test.each<[Choice["by"], Choice["by"], boolean]>([
    ["keyword", "keyword", true],
    ["keyword", "salon", false],
    ["twilio", "salon", true],
    ["salon", "salon", true],
    ["salon", "keyword", true],
  ])("an opt-out by %s may be ended by %s: %j", (out, back, may) => {
    const optedOut = afterOptOut(stranger, { ...choice(1), by: out });
    expect(mayOptIn(optedOut, { ...choice(2), by: back })).toBe(may);
  });

  test("a repeated STOP or START changes nothing at all", () => {
    const out = afterOptOut(stranger, choice(1));
    expect(afterOptOut(out, choice(1))).toBe(out);
    const back = afterOptIn(out, choice(2));
    expect(afterOptIn(back, choice(2))).toBe(back);
  });

  test("a STOP that comes late does not undo a newer START, even of somebody not opted out by then", () => {
    const back = afterOptIn(stranger, choice(2));
    expect(afterOptOut(back, choice(1))).toBe(back);
  });

  test("a START between two STOPs that comes last opens nothing", () => {
    const out = afterOptOut(afterOptOut(stranger, choice(1)), choice(3));
    expect(afterOptIn(out, choice(2))).toBe(out);
  });

  test("of STOP and START at one moment STOP stands, in whichever order they come", () => {
    expect(afterOptIn(afterOptOut(stranger, choice(1)), choice(1)).opt_out).not.toBeNull();
    expect(afterOptOut(afterOptIn(stranger, choice(1)), choice(1)).opt_out).not.toBeNull();
  });

  test("whatever the order and repetition in which they come, what was said last stands", () => {
    const said = fc.record({ stop: fc.boolean(), minute: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 12 }), (events) => {
        const contact = events.reduce<Contact>(
          (known, { stop, minute }) => (stop ? afterOptOut : afterOptIn)(known, choice(minute)),
          stranger,
        );
        const newest = Math.max(...events.map(({ minute }) => minute));
        const out = events.some(({ stop, minute }) => stop && minute === newest);
        expect(contact.opt_out !== null).toBe(out);
        expect(contact.opt_in === null).toBe(out);
      }),
    );
  });
});

describe("consent", () => {
  test("the newest word stands, in whichever order they come", () => {
    const granted = afterConsent(stranger, consent("granted", 2));
    expect(afterConsent(granted, consent("revoked", 1))).toBe(granted);
    expect(afterConsent(granted, consent("revoked", 3)).consent?.marketing.state).toBe("revoked");
  });

  test("the same word again changes nothing", () => {
    const granted = afterConsent(stranger, consent("granted", 2));
    expect(afterConsent(granted, consent("granted", 2))).toBe(granted);
  });

  test("of both at one moment the revocation stands", () => {
    const revoked = afterConsent(stranger, consent("revoked", 1));
    expect(afterConsent(revoked, consent("granted", 1))).toBe(revoked);
    const granted = afterConsent(stranger, consent("granted", 1));
    expect(afterConsent(granted, consent("revoked", 1)).consent?.marketing.state).toBe("revoked");
  });
});
