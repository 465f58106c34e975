import { describe, expect, it } from "vitest";
import { readLoggedHeads } from "./logged-heads.ts";

const HASH = "ab".repeat(32);
const line = (auditSeq: number, auditHash = HASH) => ({
  severity: "INFO",
  salonId: "salon-1",
  auditSeq,
  auditHash,
  message: "audit head",
});
const expected = new Map([
  [
    "salon-1",
    new Map([
      [1, new Set([HASH])],
      [2, new Set([HASH])],
    ]),
  ],
]);

describe("the heads out of the log", () => {
  it("are read from JSON lines, other lines aside", () => {
    const other = JSON.stringify({ message: "event failed", salonId: "salon-1" });
    const text = `${JSON.stringify(line(1))}\n${other}\n\n${JSON.stringify({ jsonPayload: line(2) })}\n`;
    expect(readLoggedHeads(text)).toEqual(expected);
  });

  it("are read from the array that gcloud gives", () => {
    const entries = [line(1), line(2)].map((jsonPayload) => ({ insertId: "x", jsonPayload }));
    expect(readLoggedHeads(JSON.stringify(entries, null, 2))).toEqual(expected);
  });

  it("keep both hashes that the log was told for one entry", () => {
    const text = [line(1), line(1, "cd".repeat(32))].map((each) => JSON.stringify(each)).join("\n");
    expect(readLoggedHeads(text).get("salon-1")?.get(1)?.size).toBe(2);
  });

  it.each([
    ["an empty export, which would agree with anything", "", "holds no audit heads"],
    ["an export of other lines", '[{"textPayload":"x"}]', "holds no audit heads"],
    ["a head line that makes no sense", JSON.stringify(line(1, "short")), "entry 1"],
    ["text", "salon-1 1 abc", "neither a JSON array nor JSON lines"],
  ])("are not read from %s", (_, text, words) => {
    expect(() => readLoggedHeads(text)).toThrow(words);
  });
});
