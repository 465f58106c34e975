import { describe, expect, test } from "vitest";
import { classOfCode } from "./error-table.ts";
import { type FailureClass, policyOf } from "./failure-classes.ts";

/** Every code that Twilio may answer or report to us, by what it means. */
const CODES: readonly (readonly [FailureClass, meaning: string, codes: readonly number[]])[] = [
  ["transient", "too many requests at once", [20429]],
  ["transient", "another request changed it meanwhile", [20409]],
  ["transient", "not to be deleted before it is complete", [20009]],
  ["transient", "the sender's queue is full", [21611, 30001]],
  ["transient", "it waited longer than it was wanted", [30036]],
  ["transient", "the handset is off", [30003]],
  ["transient", "the carrier does not say why", [30008]],
  ["transient", "the carrier is congested", [30017]],
  ["transient", "a fault of Twilio's scheduling or service", [30020, 30021]],
  ["transient", "WhatsApp has a fault", [63009, 63010, 63012]],
  ["uncertain", "an internal error of Twilio's, or it is unavailable", [20500, 20503]],
  ["uncertain", "the carrier did not answer in time", [30410]],
  ["credential", "the token is not accepted", [20003]],
  ["credential", "access denied, test credentials, or an action switched off", [20006, 20008, 20010]],
  ["account", "an inactive account, or a subaccount whose parent is suspended", [10001, 20005, 90010]],
  ["account", "a suspended or closed account", [20403]],
  ["account", "suspended after queueing", [30002]],
  ["account", "a trial account that lacks the feature", [10002, 21404]],
  ["account", "a trial account and an unverified number", [21210, 21219, 21608]],
  ["account", "no permission for that country", [13227, 21215, 21408]],
  ["account", "a thousand subaccounts, or no further numbers", [21480, 22300]],
  ["sender", "an invalid sender, or one on a do-not-originate list", [21212]],
  ["sender", "a number that sends no SMS, or not there, or is ambiguous", [21601, 21606, 21616]],
  ["sender", "a number of another account or of nobody", [21659, 21660]],
  ["sender", "no route from this sender to that recipient", [21612]],
  [
    "sender",
    "no sender, or a Messaging Service without one",
    [21603, 21701, 21702, 21703, 21704, 21705, 21708, 21710, 21711, 21712],
  ],
  ["sender", "a number that somebody else has bought, or none in that area", [21422, 21451, 21452]],
  ["sender", "a number that is no WhatsApp sender", [63007]],
  ["sender", "a sender whose invitation is not accepted at Meta", [63020]],
  ["sender", "a sender locked for idleness", [63051]],
  ["recipient", "not a phone number", [21211, 21217, 21401, 21421]],
  ["recipient", "cannot be called", [21214]],
  ["recipient", "a landline", [21614, 30006]],
  ["recipient", "an unknown destination", [30005]],
  ["recipient", "nobody on WhatsApp", [63003, 63024]],
  ["recipient", "not joined to the sandbox", [63015]],
  ["recipient", "in an experiment of WhatsApp's", [63032]],
  ["recipient", "not reachable by RCS", [63036]],
  ["opted_out", "STOP", [21610]],
  ["opted_out", "the business or the recipient is blocked", [63014, 63033]],
  ["compliance", "a call to a blocked number", [13225, 21216]],
  ["compliance", "automatic replies in a loop", [14107]],
  ["compliance", "a number that needs an address, a bundle or an identity", [21631, 21649, 21650, 21651]],
  ["compliance", "blocked by the carrier", [30004]],
  ["compliance", "filtered as spam", [30007]],
  ["compliance", "a sender that has to be registered first", [30018, 30024, 30032, 30033, 30034, 30035]],
  ["compliance", "suspected of fraud", [30450]],
  ["compliance", "against WhatsApp's policy, or marked as spam there", [63013, 63026]],
  ["template", "no template or an unknown one, or wrong content variables", [21654, 21655, 21656, 21658]],
  ["template", "a wrong format, language or parameter", [63005, 63006, 63021, 63027, 63028, 63030]],
  ["template", "a template that is rejected, paused or disabled", [63040, 63041, 63042]],
  ["window", "the 24 hours are over", [63016]],
  ["throttle", "too many calls at once", [10004]],
  ["throttle", "the registrations of three days", [20249]],
  ["throttle", "the rate or the day's limit of a campaign", [30022, 30023, 30027]],
  ["throttle", "quiet hours", [30610]],
  ["throttle", "the rate of all accounts together, or of a WhatsApp sender", [63017, 63018]],
  ["throttle", "the daily limit of an account", [63038]],
  ["throttle", "enough marketing for this person", [63049]],
  ["bug", "an invalid or unknown parameter", [20001, 20422]],
  ["bug", "no such resource: not a wrong token", [20404]],
  ["bug", "no recipient", [21201, 21604]],
  ["bug", "no body, or one that is too long", [21602, 21605, 21617, 21619]],
  ["bug", "a wrong callback address or event", [21609, 21626]],
  ["bug", "a wrong validity period", [21624]],
  ["bug", "a wrong fallback sender", [21664, 21666, 21667]],
  ["bug", "above the highest price", [30010]],
  ["bug", "too late to be canceled", [30409]],
  [
    "bug",
    "media that cannot be had, are too many or too large",
    [11751, 21620, 21623, 30019, 63019, 63034, 63037],
  ],
];

describe("the class of a Twilio code", () => {
  test.each(
    CODES.flatMap(([failureClass, meaning, codes]) =>
      codes.map((code) => [code, failureClass, meaning] as const),
    ),
  )("%i is %s: %s", (code, failureClass) => {
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

  test("whoever holds the account hears of what is wrong with it", () => {
    for (const failureClass of ["credential", "account", "sender"] as const) {
      expect(policyOf(failureClass).tells).toBe("account_holder");
    }
  });
});
