import { describe, expect, test } from "vitest";
import { classOfCode } from "./error-table.ts";
import { policyOf } from "./failure-classes.ts";

describe("the class of a Twilio code", () => {
  test.each([
    [20429, "transient", "too many requests at once"],
    [30001, "transient", "the sender's queue is full"],
    [30003, "transient", "the handset is off"],
    [63012, "transient", "WhatsApp has a fault"],
    [20500, "uncertain", "an internal error of Twilio's"],
    [20503, "uncertain", "Twilio is unavailable"],
    [20003, "credential", "the token is not accepted"],
    [20008, "credential", "test credentials"],
    [10001, "account", "an inactive account"],
    [20005, "account", "a subaccount whose parent is suspended"],
    [20403, "account", "a suspended account"],
    [21408, "account", "no permission for that country"],
    [21608, "account", "a trial account and an unverified number"],
    [21480, "account", "a thousand subaccounts"],
    [30002, "account", "suspended after queueing"],
    [21606, "sender", "a number that sends no SMS"],
    [21660, "sender", "a number of another account"],
    [63007, "sender", "a number that is no WhatsApp sender"],
    [63051, "sender", "a sender locked for idleness"],
    [21211, "recipient", "not a phone number"],
    [21614, "recipient", "a landline"],
    [30006, "recipient", "a landline, said later"],
    [63003, "recipient", "nobody on WhatsApp"],
    [63015, "recipient", "not joined to the sandbox"],
    [21610, "opted_out", "STOP"],
    [63014, "opted_out", "the business is blocked"],
    [63033, "opted_out", "the recipient is blocked"],
    [30004, "compliance", "blocked by the carrier"],
    [30007, "compliance", "filtered as spam"],
    [30034, "compliance", "an unregistered number"],
    [30450, "compliance", "suspected of fraud"],
    [63013, "compliance", "against WhatsApp's policy"],
    [21656, "template", "wrong content variables"],
    [63041, "template", "a paused template"],
    [63016, "window", "the 24 hours are over"],
    [30022, "throttle", "the rate of a campaign"],
    [63018, "throttle", "the rate of a WhatsApp sender"],
    [63038, "throttle", "the daily limit of an account"],
    [20404, "bug", "no such resource: not a wrong token"],
    [21602, "bug", "no body"],
    [21609, "bug", "a wrong callback address"],
    [63019, "bug", "media that cannot be fetched"],
  ])("%i is %s: %s", (code, failureClass) => {
    expect(classOfCode(code)).toBe(failureClass);
  });

  test("an unknown code is not repeated, not sent another way, and shown to operators", () => {
    expect(policyOf(classOfCode(99_999))).toMatchObject({
      retry: "never",
      fallback: "never",
      suppress: false,
      tells: "operators",
    });
  });
});

describe("what a class leads to", () => {
  test.each(["opted_out", "compliance", "uncertain", "bug"] as const)(
    "%s never takes another way",
    (failureClass) => {
      expect(policyOf(failureClass).fallback).toBe("never");
    },
  );

  test.each(["credential", "account", "sender", "transient"] as const)(
    "%s may take any legitimate sender",
    (failureClass) => {
      expect(policyOf(failureClass).fallback).toBe("any_sender");
    },
  );

  test.each(["recipient", "window", "template", "throttle"] as const)(
    "%s may only change the channel",
    (failureClass) => {
      expect(policyOf(failureClass).fallback).toBe("other_channel");
    },
  );

  test("only trouble that passes is tried again, and what may have happened is settled first", () => {
    expect(policyOf("transient").retry).toBe("later");
    expect(policyOf("throttle").retry).toBe("later");
    expect(policyOf("uncertain").retry).toBe("settle_first");
    for (const failureClass of [
      "credential",
      "account",
      "sender",
      "recipient",
      "opted_out",
      "bug",
    ] as const) {
      expect(policyOf(failureClass).retry).toBe("never");
    }
  });

  test("only an opt-out stops all further messages to a recipient", () => {
    expect(policyOf("opted_out").suppress).toBe(true);
    for (const failureClass of ["recipient", "compliance", "window", "sender"] as const) {
      expect(policyOf(failureClass).suppress).toBe(false);
    }
  });

  test("the salon hears of what it can repair", () => {
    for (const failureClass of ["credential", "account", "sender"] as const) {
      expect(policyOf(failureClass).tells).toBe("salon");
    }
  });
});
