import { describe, expect, test } from "vitest";
import { type FailureInfo, TwilioFailure } from "#shared/twilio/errors.ts";
import type { RecordingOfCall } from "#shared/twilio/recordings.ts";
import { deleteRecordings } from "./call-recordings.ts";
import { givenUp, meaningOf, type RedactionAccount, redact, worstOf } from "./redaction.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const rejected = (failureClass: FailureInfo["class"], code: number): FailureInfo => ({
  certainty: "rejected",
  class: failureClass,
  code,
});

test.each<[string, FailureInfo, string]>([
  ["20009: not finished", rejected("transient", 20009), "unfinished"],
  ["a passing limit", rejected("throttle", 20249), "unfinished"],
  ["a dead token", rejected("credential", 20003), "refused"],
  ["a closed account", rejected("account", 20005), "refused"],
  ["a no for good", rejected("bug", 20001), "rejected"],
  ["429", { certainty: "not_processed", class: "transient", httpStatus: 429 }, "outage"],
  ["a timeout", { certainty: "unclear", class: "uncertain" }, "outage"],
  ["a gateway's page", { certainty: "unclear", class: "uncertain", httpStatus: 502 }, "outage"],
])("knows what Twilio means by %s", (_, info, meaning) => {
  expect(meaningOf(info)).toBe(meaning);
});

test("of several attempts the one that is still to be tried counts, then the one that failed", () => {
  expect(worstOf([])).toBe("never_sent");
  expect(worstOf(["redacted", "redacted"])).toBe("redacted");
  expect(worstOf(["redacted", "no_credentials"])).toBe("no_credentials");
  expect(worstOf(["no_credentials", "unfinished", "redacted"])).toBe("unfinished");
  expect(worstOf(["unfinished", "outage"])).toBe("outage");
});

test("what nobody will look at again is named for what it is", () => {
  expect([givenUp("unfinished"), givenUp("outage"), givenUp("redacted"), givenUp("rejected")]).toEqual([
    "never_finished",
    "unreachable",
    "redacted",
    "rejected",
  ]);
});

describe("a message", () => {
  const asked: string[] = [];
  const client = (name: string, failure?: FailureInfo): RedactionAccount["clients"][number] => {
    const answer = (what: string) => async (sid: string) => {
      asked.push(`${name} ${what} ${sid}`);
      if (failure !== undefined) throw new TwilioFailure(failure);
    };
    const deleteRecording = ({ callSid, sid }: RecordingOfCall) => answer(`deletes ${callSid}`)(sid);
    return { redactMessage: answer("redacts"), deleteMessage: answer("deletes"), deleteRecording };
  };
  const dead = rejected("credential", 20003);
  const redactWith = async (data: unknown, account?: RedactionAccount | "unreadable") => {
    asked.length = 0;
    const accounts = new Map(account === undefined ? [] : [["a1", account] as const]);
    return redact(data, accounts, NOW);
  };
  const own = (...clients: RedactionAccount["clients"]) => ({ owner: "salon_own", clients }) as const;
  const inbound = { twilio_sid: "SM1", account: "a1" };
  const attempt = { account: "a1", sid: "SM2", state: "delivered" };

  test("is redacted under every SID that it has", async () => {
    const message = { attempts: [attempt, { ...attempt, sid: "SM3" }, { ...attempt, sid: null }] };
    expect(await redactWith(message, own(client("own")))).toBe("redacted");
    expect(asked).toEqual(["own redacts SM2", "own redacts SM3"]);
  });

  test("with pictures is deleted, because redacting would leave them", async () => {
    expect(await redactWith({ ...inbound, media: [{}] }, own(client("own")))).toBe("redacted");
    expect(asked).toEqual(["own deletes SM1"]);
  });

  test("is redacted by whichever token still is good", async () => {
    expect(await redactWith(inbound, own(client("current", dead), client("next")))).toBe("redacted");
    expect(asked).toEqual(["current redacts SM1", "next redacts SM1"]);
  });

  test("of an own account without a good token is left, one of the subaccount is tried again", async () => {
    expect(await redactWith(inbound, own(client("current", dead)))).toBe("credentials_refused");
    const subaccount = { owner: "platform_subaccount", clients: [client("sub", dead)] } as const;
    expect(await redactWith(inbound, subaccount)).toBe("unfinished");
  });

  test("in an account that we have nothing for, or nothing readable, is left", async () => {
    expect(await redactWith(inbound)).toBe("no_credentials");
    expect(await redactWith(inbound, "unreadable")).toBe("credentials_unreadable");
  });

  test("whose sending is not settled is waited for, an hour at most", async () => {
    const open = { attempts: [{ ...attempt, sid: null, state: "uncertain" }] };
    const since = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
    expect(await redactWith({ ...open, updated_at: since(59) })).toBe("unfinished");
    expect(await redactWith({ ...open, updated_at: since(61) })).toBe("sid_unknown");
  });

  test("that a caller left is deleted with every other of its call, under the account of the call", async () => {
    asked.length = 0;
    const accounts = new Map([["a1", own(client("current", dead), client("next"))]]);
    const recordings = [{ sid: "RE1" }, { sid: "RE2" }];
    expect(await deleteRecordings("CA1", { account: "a1", recordings }, accounts)).toBe("redacted");
    expect(asked).toEqual([
      "current deletes CA1 RE1",
      "next deletes CA1 RE1",
      "current deletes CA1 RE2",
      "next deletes CA1 RE2",
    ]);
    expect(await deleteRecordings("CA1", { account: "a2", recordings }, accounts)).toBe("no_credentials");
    expect(await deleteRecordings("CA1", { account: "a1", recordings: [7] }, accounts)).toBe("malformed");
  });

  test("that was never sent needs nothing, and a malformed one is said to be so", async () => {
    expect(await redactWith({ attempts: [{ ...attempt, sid: null, state: "rejected" }] })).toBe("never_sent");
    expect(await redactWith({ attempts: "none" })).toBe("malformed");
  });
});
