import { describe, expect, it } from "vitest";
import { drawn, filled } from "./token-bucket.ts";

const LIMITS = { perMinute: 600, burst: 6_000 };
const NOW = new Date("2026-11-22T10:00:00.000Z");
const at = (ms: number) => new Date(NOW.getTime() + ms);
const bucket = (tokens: number) => ({ tokens, filled_at: NOW });

describe("a bucket", () => {
  it("is full when nobody has used it", () => {
    expect(filled(undefined, NOW, LIMITS)).toEqual({ tokens: 6_000, filled_at: NOW });
  });

  it.each([
    ["after nothing", 0, 100],
    ["after a tenth of a second", 100, 101],
    ["after a quarter of a second", 250, 102.5],
    ["after a minute", 60_000, 700],
    ["after a day, and not more than it holds", 86_400_000, 6_000],
  ])("holds what has flowed in %s", (_, ms, tokens) => {
    expect(filled(bucket(100), at(ms), LIMITS)).toEqual({ tokens, filled_at: at(ms) });
  });

  it("neither loses nor gains by a clock that is behind", () => {
    expect(filled(bucket(100), at(-60_000), LIMITS)).toEqual({ tokens: 100, filled_at: NOW });
  });
});

describe("what is drawn", () => {
  it("is all that is asked for, or what there is of it", () => {
    expect(drawn(bucket(100), { atLeast: 1, upTo: 20 }, LIMITS)).toEqual({ tokens: 20, waitMs: 0 });
    expect(drawn(bucket(7.9), { atLeast: 1, upTo: 20 }, LIMITS)).toEqual({ tokens: 7, waitMs: 0 });
  });

  it("is nothing when there is not enough, with the time until there is", () => {
    expect(drawn(bucket(0.5), { atLeast: 1, upTo: 20 }, LIMITS)).toEqual({ tokens: 0, waitMs: 50 });
    expect(drawn(bucket(100), { atLeast: 700, upTo: 700 }, LIMITS)).toEqual({ tokens: 0, waitMs: 60_000 });
  });
});
