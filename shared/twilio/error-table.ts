import type { FailureClass } from "./failure-classes.ts";

/**
 * Twilio's error codes by class, of requests (HTTP answers) and of messages accepted earlier (`ErrorCode` in a status
 * callback). Source: https://www.twilio.com/docs/api/errors
 */
const CODES: readonly (readonly [FailureClass, readonly number[]])[] = [
  // A handset is off (30003), the carrier does not say why (30008), a queue was too long (21611, 30001, 30036).
  [
    "transient",
    [20009, 20409, 20429, 21611, 30001, 30003, 30008, 30017, 30020, 30021, 30036, 63009, 63010, 63012],
  ],
  // A carrier that did not answer in time (30410) may have delivered it.
  ["uncertain", [20500, 20503, 30410]],
  ["credential", [20003, 20006, 20008, 20010]],
  // Geographic permissions (13227, 21215, 21408) belong to the account and come down from its parent.
  [
    "account",
    [10001, 10002, 13227, 20005, 20403, 21210, 21215, 21219, 21404, 21408, 21480, 21608, 22300, 30002, 90010],
  ],
  [
    "sender",
    [
      21212, 21422, 21451, 21452, 21601, 21603, 21606, 21612, 21616, 21659, 21660, 21701, 21702, 21703, 21704,
      21705, 21708, 21710, 21711, 21712, 63007, 63020, 63051,
    ],
  ],
  // Has not joined the WhatsApp sandbox (63015), is part of an experiment of WhatsApp's (63032).
  ["recipient", [21211, 21214, 21217, 21401, 21421, 21614, 30005, 30006, 63003, 63015, 63024, 63032, 63036]],
  ["opted_out", [21610, 63014, 63033]],
  // A loop of automatic replies (14107), a suspicion of fraud (30450): another sender would only get around them.
  [
    "compliance",
    [
      13225, 14107, 21216, 21631, 21649, 21650, 21651, 30004, 30007, 30018, 30024, 30032, 30033, 30034, 30035,
      30450, 63013, 63026,
    ],
  ],
  ["template", [21654, 21655, 21656, 21658, 63005, 63006, 63021, 63027, 63028, 63030, 63040, 63041, 63042]],
  ["window", [63016]],
  // Quiet hours (30610) and Meta's cap on marketing per person (63049) pass with time, like the rates.
  ["throttle", [10004, 20249, 30022, 30023, 30027, 30610, 63017, 63018, 63038, 63049]],
  [
    "bug",
    [
      11751, 20001, 20404, 20422, 21201, 21602, 21604, 21605, 21609, 21617, 21619, 21620, 21623, 21624, 21626,
      21664, 21666, 21667, 30010, 30019, 30409, 63019, 63034, 63037,
    ],
  ],
];

const CLASS_BY_CODE: ReadonlyMap<number, FailureClass> = new Map(
  CODES.flatMap(([failureClass, codes]) => codes.map((code) => [code, failureClass] as const)),
);

/** The class of a Twilio code. An unknown one is a `bug`: not repeated, not sent another way, seen by operators. */
export function classOfCode(code: number): FailureClass {
  return CLASS_BY_CODE.get(code) ?? "bug";
}
