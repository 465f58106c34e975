import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { localCallerToken } from "#scripts/local-stack/caller-token.ts";
import type { BenchSalon } from "#scripts/testing/messaging-bench.ts";
import {
  SERVICE,
  type SendMessageBench,
  startSendMessageBench,
} from "#scripts/testing/send-message-bench.ts";
import type { E164 } from "#shared/core/phone.ts";

const STRANGER = "stranger@salon-flow.iam.gserviceaccount.com";

let bench: SendMessageBench;
let salon: BenchSalon;
let to: E164;
beforeAll(async () => {
  bench = await startSendMessageBench();
  salon = await bench.salon();
});
afterAll(() => bench.stop());
beforeEach(() => {
  bench.clock.pass(1);
  to = bench.customer();
});

const tell = (what: string, changes: object = {}, authorization = localCallerToken(SERVICE)) =>
  bench.ask({
    path: `/v1/contacts:${what}`,
    body: { salon_id: salon.id, to, source: "front-desk", ...changes },
    authorization,
  });
/** The rows of a table are made before the bench. */
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const contact = () => bench.contacts.get(salon.id, bench.partyOf(to));

test("an opt-out is recorded with who told it, and ends what is sent", async () => {
  const now = bench.clock.now();
  const view = { salon_id: salon.id, opted_out_at: now.toISOString(), marketing: null };
  expect(await tell("opt-out")).toMatchObject({ status: 200, body: view });
  expect((await contact()).opt_out).toEqual({
    at: now,
    by: "salon",
    channel: null,
    evidence: `${SERVICE} front-desk`,
  });
  const { id } = await bench.accept(salon, { to });
  await bench.worker().deliver(id);
  expect(await bench.atTwilio(to)).toEqual([]);
});

test("an opt-in ends an opt-out that the salon recorded", async () => {
  await tell("opt-out");
  bench.clock.pass(1);
  expect((await tell("opt-in")).body).toMatchObject({ opted_out_at: null });
  expect((await contact()).opt_in).toMatchObject({ by: "salon" });
});

test("nobody undoes a STOP for the customer who wrote it, and whoever tries is told", async () => {
  const stop = { at: bench.clock.now(), by: "keyword", channel: "whatsapp", evidence: "SM1" } as const;
  await bench.contacts.optOut(salon.id, bench.partyOf(to), stop);
  bench.clock.pass(1);
  expect(await tell("opt-in")).toMatchObject({
    status: 409,
    body: { error: { reason: "customer_wrote_stop", message: expect.stringContaining("START") } },
  });
  expect((await contact()).opt_out).toEqual(stop);
});

test("consent is recorded with its source and who told it, and revoked", async () => {
  expect((await tell("consent", { marketing: "granted" })).body).toMatchObject({ marketing: "granted" });
  bench.clock.pass(1);
  expect((await tell("consent", { marketing: "revoked" })).body).toMatchObject({ marketing: "revoked" });
  expect((await contact()).consent?.marketing.source).toBe(`${SERVICE} front-desk`);
});

test("what was said before is recorded at its time, and undoes nothing that was said since", async () => {
  const before = (days: number) => new Date(bench.clock.now().getTime() - days * 86_400_000);
  const earlier = before(4 * 365);
  await tell("consent", { marketing: "granted", at: earlier.toISOString() });
  expect((await contact()).consent?.marketing).toMatchObject({ state: "granted", at: earlier });
  await tell("consent", { marketing: "revoked", at: before(1).toISOString() });
  const late = await tell("consent", { marketing: "granted", at: before(2).toISOString() });
  expect(late).toMatchObject({ status: 200, body: { marketing: "revoked" } });
});

test("every choice that is told is kept, also after another has taken its place", async () => {
  for (const marketing of ["granted", "revoked"]) {
    await tell("consent", { marketing });
    bench.clock.pass(1);
  }
  const choices = bench.database.firestore.collection("contact_choices");
  const kept = (await choices.where("party", "==", bench.partyOf(to)).get()).docs.map((each) => each.data());
  expect(kept.map(({ what, evidence }) => [what, evidence]).toSorted()).toEqual([
    ["marketing_granted", `${SERVICE} front-desk`],
    ["marketing_revoked", `${SERVICE} front-desk`],
  ]);
});

test.each<[string, Parameters<typeof tell>, number, string]>([
  ["no consent", ["consent"], 400, "marketing"],
  ["an unknown consent", ["consent", { marketing: "maybe" }], 400, "marketing"],
  ["a wrong number", ["opt-out", { to: "4155550142" }], 400, "to"],
  ["null for the number", ["opt-out", { to: null }], 400, "to"],
  ["a source of many words", ["opt-out", { source: "Priya said so" }], 400, "source"],
  ["a time in the future", ["opt-out", { at: inSeconds(60) }], 400, "at"],
  ["a time six years ago", ["opt-out", { at: inSeconds(-6 * 366 * 86_400) }], 400, "at"],
  ["a time in words", ["opt-out", { at: "yesterday" }], 400, "at"],
  ["a time without a zone", ["opt-out", { at: "2026-11-01T10:00:00" }], 400, "at"],
  ["no source", ["opt-out", { source: undefined }], 400, "source"],
  ["an unknown salon", ["opt-out", { salon_id: "salon-nobody" }], 404, "salon_id"],
  ["a service without a policy", ["opt-out", {}, localCallerToken(STRANGER)], 404, "salon_id"],
])("%s is refused, and nothing is recorded", async (_, request, status, field) => {
  const before = await bench.traces();
  expect(await tell(...request)).toMatchObject({ status, body: { error: { field } } });
  expect(await bench.traces()).toEqual(before);
});
