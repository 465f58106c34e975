import { Timestamp } from "firebase-admin/firestore";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createMigration } from "./migration.ts";
import type { Rewrite } from "./rewrite-salon.ts";
import { type CredentialBench, startCredentialBench } from "./testing/credential-bench.ts";

let bench: CredentialBench;
let migration: Rewrite;

beforeAll(async () => {
  bench = await startCredentialBench();
  migration = createMigration(bench.migrating);
});
afterEach(() => bench.reset());
afterAll(() => bench.stop());

const migrate = (more: Partial<Parameters<CredentialBench["run"]>[0]> = {}) =>
  bench.run({ rewrite: migration, ...more });

const PATHS = [
  "twilio.account_sid",
  "twilio.auth_token",
  "twilio.next_auth_token",
  "twilio.previous.account_sid",
  "twilio.previous.auth_token",
  "platform.account_sid",
  "platform.auth_token",
];
const tokenOf = (salonId: string) => `token of ${salonId}`;

/** A document with the first format at every place, as the platform's Python services left it. */
async function writeOld(salonId: string) {
  const seal = () => bench.sealOld(tokenOf(salonId));
  const [one, two, three, four, five, six, seven] = await Promise.all(PATHS.map(seal));
  const document = {
    salon_id: salonId,
    revision: 4,
    created_at: Timestamp.fromMillis(1_700_000_000_123),
    twilio: {
      account_sid: one,
      auth_token: two,
      next_auth_token: three,
      previous: { account_sid: four, auth_token: five, expires_at: Timestamp.fromMillis(1_800_000_000_456) },
      phone_number: "+15550100",
    },
    platform: { parent: "default", account_sid: six, auth_token: seven, phone_number: null },
    email: { password: await seal() },
  };
  await bench.documentOf(salonId).set(document);
  return document;
}

async function openAsFunctionsDo(salonId: string, path: string): Promise<string> {
  const kind = path.endsWith("account_sid") ? "account_sid" : "auth_token";
  const envelope = await bench.stored(salonId, path);
  return (await bench.vault.open({ salonId, kind, envelope })).reveal();
}

test("rewrites every credential of ours as version 2, and nothing else of the document", async () => {
  const before = await writeOld("salon-1");
  expect(await migrate()).toEqual({ salons: 1, envelopes: 7, rewritten: 7, problems: [] });
  for (const path of PATHS) expect(await openAsFunctionsDo("salon-1", path)).toBe(tokenOf("salon-1"));
  const after = (await bench.documentOf("salon-1").get()).data();
  const bound = expect.objectContaining({ version: "2" });
  expect(after).toEqual({
    ...before,
    twilio: {
      ...before.twilio,
      account_sid: bound,
      auth_token: bound,
      next_auth_token: bound,
      previous: { ...before.twilio.previous, account_sid: bound, auth_token: bound },
    },
    platform: { ...before.platform, account_sid: bound, auth_token: bound },
    revision: 5,
    updated_by: "credentials:test",
    updated_at: Timestamp.fromDate(new Date("2026-11-22T10:00:00Z")),
  });
});

test("says what it would do, and writes nothing, unless it is told to", async () => {
  const before = await writeOld("salon-1");
  expect(await migrate({ apply: false })).toMatchObject({ rewritten: 7, problems: [] });
  expect((await bench.documentOf("salon-1").get()).data()).toEqual(before);
});

test("run again, finds nothing to do and writes nothing", async () => {
  await writeOld("salon-1");
  await migrate();
  const { updateTime } = await bench.documentOf("salon-1").get();
  expect(await migrate()).toEqual({ salons: 1, envelopes: 7, rewritten: 0, problems: [] });
  expect((await bench.documentOf("salon-1").get()).updateTime).toEqual(updateTime);
});

test("goes on where an earlier run ended, page by page", async () => {
  for (const salonId of ["salon-1", "salon-2", "salon-3", "salon-4"]) await writeOld(salonId);
  expect(await migrate({ after: "salon-1", pageSize: 2 })).toMatchObject({ salons: 3, rewritten: 21 });
  expect(await bench.stored("salon-1", "twilio.auth_token")).not.toHaveProperty("version");
  expect(bench.lines).toEqual([
    "2 salons seen; go on from here with --after salon-3",
    "3 salons seen; go on from here with --after salon-4",
  ]);
});

test("lets a rotation win that comes while it is at work, and migrates the rest", async () => {
  await writeOld("salon-1");
  let rotated = false;
  const meanwhile: Rewrite = async (stored) => {
    const result = await migration(stored);
    if (!rotated) {
      rotated = true;
      const auth_token = await bench.sealNew("salon-1", "auth_token", "the rotated token");
      await bench.documentOf("salon-1").update({ "twilio.auth_token": auth_token });
    }
    return result;
  };
  expect(await migrate({ rewrite: meanwhile })).toMatchObject({ rewritten: 6, problems: [] });
  expect(await openAsFunctionsDo("salon-1", "twilio.auth_token")).toBe("the rotated token");
  expect(await openAsFunctionsDo("salon-1", "twilio.account_sid")).toBe(tokenOf("salon-1"));
});

test("does not bring back a salon that was erased meanwhile", async () => {
  await writeOld("salon-1");
  const meanwhile: Rewrite = async (stored) => {
    await bench.documentOf("salon-1").delete();
    return migration(stored);
  };
  expect(await migrate({ rewrite: meanwhile })).toMatchObject({ envelopes: 0, problems: [] });
  expect((await bench.documentOf("salon-1").get()).exists).toBe(false);
});

test("gives up on a document that never stands still, and names each credential", async () => {
  await writeOld("salon-1");
  const meanwhile: Rewrite = async (stored) => {
    await bench.documentOf("salon-1").update({ touched: Math.random() });
    return migration(stored);
  };
  const { rewritten, problems } = await migrate({ rewrite: meanwhile });
  expect([rewritten, problems.length]).toEqual([0, 7]);
  expect(problems[0]).toBe("salon-1: twilio.account_sid: its document changes all the time");
});

describe("what cannot be migrated", () => {
  test("is named by salon and field, stays as it was, and holds up no other", async () => {
    await writeOld("salon-1");
    await writeOld("salon-2");
    const altered = { ...(await bench.sealOld("x")), ciphertext: Buffer.alloc(48, 7).toString("base64") };
    await bench.documentOf("salon-1").update({ "twilio.auth_token": altered, "twilio.spare": altered });
    expect(await migrate()).toEqual({
      salons: 2,
      envelopes: 15,
      rewritten: 13,
      problems: [
        "salon-1: twilio.auth_token: The stored credential was altered or belongs elsewhere; it must be entered again.",
        "salon-1: twilio.spare has a name that does not tell SID from token",
      ],
    });
    expect(await bench.stored("salon-1", "twilio.auth_token")).toEqual(altered);
    expect(await openAsFunctionsDo("salon-2", "twilio.auth_token")).toBe(tokenOf("salon-2"));
  });

  test("is never printed, nor anything of it", async () => {
    await writeOld("salon-1");
    const altered = { ...(await bench.sealOld("x")), ciphertext: Buffer.alloc(48, 7).toString("base64") };
    await bench.documentOf("salon-1").update({ "twilio.auth_token": altered });
    const { problems } = await migrate();
    const printed = [...bench.lines, ...problems].join("\n");
    for (const value of [tokenOf("salon-1"), ...Object.values(altered)]) expect(printed).not.toContain(value);
  });
});

describe("an outage of Cloud KMS", () => {
  test("ends the run with every salon it met named, writes nothing, and says where to go on", async () => {
    const salons = Array.from({ length: 12 }, (_, index) => `salon-${10 + index}`);
    for (const salonId of salons) {
      const auth_token = await bench.sealOld(tokenOf(salonId));
      await bench.documentOf(salonId).set({ twilio: { auth_token } });
    }
    bench.server.setFault({ kind: "denied" });
    const { salons: seen, rewritten, problems, stoppedAfter } = await migrate({ after: "salon-11" });
    expect({ seen, rewritten, stoppedAfter }).toEqual({ seen: 8, rewritten: 0, stoppedAfter: "salon-11" });
    expect(problems).toHaveLength(8);
    expect(problems[0]).toMatch(/^salon-12: twilio\.auth_token: Cloud KMS does not let/);
    bench.server.setFault(undefined);
    expect(await migrate({ after: stoppedAfter })).toMatchObject({ rewritten: 10, problems: [] });
  });

  test("that is over in a moment is not noticed", async () => {
    await writeOld("salon-1");
    bench.server.setFault({ kind: "denied" });
    setTimeout(() => bench.server.setFault(undefined), 100);
    expect(await migrate()).toMatchObject({ rewritten: 7, problems: [] });
  });
});
