import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { createMovingClock, type MovingClock } from "#scripts/testing/moving-clock.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { createRateLimit, type RateLimit, rateLimitKey } from "./rate-limit.ts";

const real = createDatabase(uniqueProjectId());
afterAll(() => real.firestore.terminate());
afterEach(() => vi.unstubAllEnvs());

/** The real database, and how often a bucket was read and written; a write that lost a race is none. */
function countedDatabase() {
  const counts = { reads: 0, writes: 0 };
  const database: Database = {
    ...real,
    async transact(work) {
      let writes = 0;
      const result = await real.transact((transaction, firestore) => {
        counts.reads += 1;
        writes = 0;
        const set: typeof transaction.set = (...given) => {
          writes += 1;
          transaction.set(...given);
        };
        return work({ ...transaction, set }, firestore);
      });
      counts.writes += writes;
      return result;
    },
  };
  return { database, counts };
}

interface BenchOptions {
  readonly perMinute?: number;
  readonly burst?: number;
  readonly clock?: MovingClock;
}
function bench({ perMinute = 600, burst = 6_000, clock = createMovingClock() }: BenchOptions = {}) {
  const { database, counts } = countedDatabase();
  const log = createLogBook();
  const instance = () =>
    createRateLimit({ database, clock, logger: log.logger, limits: { perMinute, burst } });
  return { clock, counts, log, instance, key: uniqueSalonId() };
}

/** How many of `times` single messages get through, one after the other. */
async function admitted(limit: RateLimit, key: string, times: number): Promise<number> {
  let count = 0;
  for (let index = 0; index < times; index += 1) if ((await limit.take(key, 1)).ok) count += 1;
  return count;
}
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe("across instances", () => {
  it("never lets more than the bucket through when 8 instances hammer it, and hardly less", async () => {
    const { instance, key, counts, clock } = bench({ burst: 400 });
    const instances = Array.from({ length: 8 }, instance);
    const hammer = async () =>
      sum(await Promise.all(instances.map((limit) => atOnce(150, () => limit.take(key, 1)).then(oks))));
    const first = await hammer();
    printCount(`rate limit: ${first} of 1200 admitted by 8 instances, limit 400; ${counts.writes} writes`);
    expect(first).toBeLessThanOrEqual(400);
    // What an instance has leased and nobody asks it for any more.
    expect(first).toBeGreaterThan(400 - 20);
    clock.pass(10);
    const second = await hammer();
    printCount(`rate limit: ${second} of 1200 admitted 10 s later, when 100 have flowed in`);
    // What was leased before and is still held counts with it.
    expect(first + second).toBeLessThanOrEqual(500);
    expect(first + second).toBeGreaterThan(500 - 40);
  });

  it("keeps to the rate while 8 instances hammer on, with a write for 20 messages", async () => {
    const { instance, key, counts, clock } = bench({ perMinute: 3_000, burst: 500 });
    const instances = Array.from({ length: 8 }, instance);
    const hammer = async () =>
      sum(await Promise.all(instances.map((limit) => atOnce(75, () => limit.take(key, 1)).then(oks))));
    let early = await hammer();
    for (let round = 0; round < 10; round += 1) {
      clock.pass(0.25);
      early += await hammer();
    }
    const before = { ...counts };
    let late = 0;
    for (let round = 0; round < 40; round += 1) {
      clock.pass(0.25);
      late += await hammer();
    }
    const [writes, reads] = [counts.writes - before.writes, counts.reads - before.reads];
    const allowed = 500 + 50 * 50 * 0.25;
    printCount(
      `rate limit: ${early + late} of ${51 * 600} admitted by 8 instances in 12.5 s, limit ${allowed}; ` +
        `when steady, ${writes} writes and ${reads} reads for ${late} messages`,
    );
    expect(early + late).toBeLessThanOrEqual(allowed);
    // The rest is in the bucket, too little for another lease.
    expect(early + late).toBeGreaterThan(allowed - 20);
    expect(writes).toBeLessThanOrEqual(Math.ceil(late / 20));
  });
});

function oks(taken: readonly { ok: boolean }[]): number {
  return taken.filter(({ ok }) => ok).length;
}

describe("an instance", () => {
  it("writes once for 20 messages when it is warm", async () => {
    const { instance, key, counts } = bench();
    const limit = instance();
    await admitted(limit, key, 51);
    const before = counts.writes;
    expect(await admitted(limit, key, 1_000)).toBe(1_000);
    printCount(
      `rate limit: ${before} writes for the first 51 messages, ${counts.writes - before} for 1000 more`,
    );
    expect(counts.writes - before).toBeLessThanOrEqual(50);
  });

  it("asks once for what many need at the same moment", async () => {
    const { instance, key, counts } = bench();
    const limit = instance();
    await admitted(limit, key, 51);
    const before = counts.writes;
    expect(oks(await atOnce(200, () => limit.take(key, 1)))).toBe(200);
    expect(counts.writes - before).toBeLessThanOrEqual(10);
  });

  it("takes exactly what a bulk needs, in one write, or nothing", async () => {
    const { instance, key, counts } = bench({ burst: 1_000 });
    const limit = instance();
    expect(await limit.take(key, 700)).toEqual({ ok: true });
    expect(counts.writes).toBe(1);
    expect(await limit.take(key, 301)).toEqual({ ok: false, retryAfterSeconds: 1 });
    expect(await limit.take(key, 900)).toMatchObject({ ok: false });
    expect(counts.writes).toBe(1);
    expect(await instance().take(key, 300)).toEqual({ ok: true });
    expect(await limit.take(key, 1)).toMatchObject({ ok: false });
  });

  it("says when to come again, and keeps its word", async () => {
    const { instance, key, clock } = bench({ burst: 100 });
    const limit = instance();
    await limit.take(key, 100);
    expect(await limit.take(key, 50)).toEqual({ ok: false, retryAfterSeconds: 5 });
    clock.pass(3);
    expect(await limit.take(key, 50)).toEqual({ ok: false, retryAfterSeconds: 2 });
    clock.pass(2);
    expect(await limit.take(key, 50)).toEqual({ ok: true });
  });

  it("answers a flood without a read", async () => {
    const { instance, key, counts } = bench({ burst: 5 });
    const limit = instance();
    expect(await admitted(limit, key, 20)).toBe(5);
    const before = { ...counts };
    expect(await admitted(limit, key, 500)).toBe(0);
    expect(counts).toEqual(before);
  });

  it("lets one message through although a bulk was refused", async () => {
    const { instance, key } = bench({ burst: 100 });
    const limit = instance();
    await limit.take(key, 60);
    expect(await limit.take(key, 41)).toMatchObject({ ok: false });
    expect(await limit.take(key, 1)).toEqual({ ok: true });
  });

  it("gets through what is left in a bucket that is nearly empty", async () => {
    const { instance, key } = bench({ burst: 57 });
    expect(await admitted(instance(), key, 100)).toBe(57);
  });

  it("forgets what it leased after 30 seconds", async () => {
    const { instance, key, clock, counts } = bench({ perMinute: 1, burst: 40 });
    const limit = instance();
    // 1 + 2 + 4 + 8 + 16 leased, 16 spent.
    expect(await admitted(limit, key, 16)).toBe(16);
    clock.pass(29);
    expect(await limit.take(key, 1)).toEqual({ ok: true });
    const before = counts.writes;
    clock.pass(2);
    expect(await limit.take(key, 1)).toEqual({ ok: true });
    expect(counts.writes).toBe(before + 1);
    expect(await admitted(limit, key, 40)).toBeLessThanOrEqual(9);
  });

  it("holds little when it has little to send, so that many idle ones do not use up the bucket", async () => {
    const { instance, key, clock } = bench({ burst: 100 });
    const instances = Array.from({ length: 12 }, instance);
    let refused = 0;
    for (let minute = 0; minute < 5; minute += 1) {
      for (const limit of instances) refused += 1 - (await admitted(limit, key, 1));
      clock.pass(35);
    }
    expect(refused).toBe(0);
  });

  it("gets on at a small limit too, a message at a time", async () => {
    const { instance, key, clock } = bench({ perMinute: 6, burst: 3 });
    const limit = instance();
    expect(await admitted(limit, key, 10)).toBe(3);
    for (let index = 0; index < 5; index += 1) {
      clock.pass(10);
      expect(await admitted(limit, key, 3)).toBe(1);
    }
  });
});

describe("the buckets", () => {
  it("of salons are apart, and a campaign leaves the critical messages theirs", async () => {
    const { instance } = bench({ burst: 10 });
    const limit = instance();
    const salonId = SalonId.parse(uniqueSalonId());
    await limit.take(rateLimitKey(salonId, { critical: false }), 10);
    expect(await limit.take(rateLimitKey(salonId, { critical: false }), 1)).toMatchObject({ ok: false });
    expect(await limit.take(rateLimitKey(salonId, { critical: true }), 10)).toEqual({ ok: true });
    expect(await limit.take(uniqueSalonId(), 10)).toEqual({ ok: true });
  });

  it.each([0, -1, 1.5, 11, Number.NaN])("refuse to be asked for %d tokens", async (count) => {
    const { instance, key, counts } = bench({ burst: 10 });
    await expect(instance().take(key, count)).rejects.toMatchObject({ code: "invalid-argument" });
    expect(counts).toEqual({ reads: 0, writes: 0 });
  });
});

describe("when Firestore is down", () => {
  it("lets everything through, and says so once a minute", async () => {
    vi.stubEnv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9");
    const database = createDatabase(uniqueProjectId(), 300);
    const clock = createMovingClock();
    const log = createLogBook();
    const limit = createRateLimit({
      database,
      clock,
      logger: log.logger,
      limits: { perMinute: 1, burst: 30 },
    });
    const started = performance.now();
    for (const seconds of [0, 20, 20, 15]) {
      clock.pass(seconds);
      expect(oks(await atOnce(100, () => limit.take("salon-a", 1)))).toBe(100);
      expect(await limit.take("salon-a", 30)).toEqual({ ok: true });
    }
    // Who asks first waits for the deadline; the others do not, one behind the other.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(log.lines).toHaveLength(1);
    clock.pass(15);
    await limit.take("salon-a", 1);
    expect(log.lines.map((line) => JSON.parse(line))).toMatchObject([
      { severity: "WARNING" },
      { severity: "WARNING", message: expect.stringContaining("not applied") },
    ]);
  });

  it("refuses, though, when only too many ask at once", async () => {
    const contended = new AppError("unavailable", "Too many.", { context: { reason: "contended" } });
    const { log, clock } = bench();
    const database: Database = { ...real, transact: () => Promise.reject(contended) };
    const limit = createRateLimit({
      database,
      clock,
      logger: log.logger,
      limits: { perMinute: 1, burst: 30 },
    });
    expect(await limit.take("salon-a", 1)).toEqual({ ok: false, retryAfterSeconds: 1 });
    expect(log.lines).toEqual([]);
  });
});
