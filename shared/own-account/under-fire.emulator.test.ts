import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tally } from "#scripts/testing/at-once.ts";
import {
  ANJALI,
  type OwnAccountBench,
  type OwnSalon,
  startOwnAccountBench,
} from "#scripts/testing/own-account-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import type { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import { webhookSegments } from "#shared/webhooks/path.ts";

const PAUSE_MS = 50;
const PHASE_MS = 1_500;

let bench: OwnAccountBench;
/** Where the webhooks arrive: two instances in turn, each with caches of its own. */
let instances: ReturnType<OwnAccountBench["instance"]>[];
/** What became of each webhook: which kind it was, and which token had signed it. */
const verdicts: string[] = [];
let turn = 0;

beforeAll(async () => {
  bench = await startOwnAccountBench();
  instances = [bench.instance(), bench.instance()];
  const verifying = (kind: string) => async (request: HttpRequest) => {
    const [salonId = ""] = webhookSegments(request.path, ["sms", "status"]);
    const instance = instances[turn++ % 2] ?? expect.fail("no instance");
    const verified = await instance.verify(request, salonId).catch((error: unknown) => {
      verdicts.push(`${kind} refused`);
      throw error;
    });
    const { tokenRole } = verified;
    verdicts.push(`${kind} by ${tokenRole}`);
    return { status: 204, log: { salonId, tokenRole } };
  };
  await bench.serve("receive-message", verifying("message"));
  await bench.serve("receive-status", verifying("status"));
});
afterAll(() => bench.stop());

async function connect(salon: OwnSalon) {
  await bench.instance().ownAccounts.save(salon.salonId, bench.entered(salon), ANJALI);
}

/** A secondary token that its owner makes in Twilio's console. */
async function pasted(salon: OwnSalon) {
  const { current } = await bench.tokensOf(salon);
  const authToken = await bench.at(salon.accountSid, current ?? "").createSecondaryToken();
  return { method: "pasted", authToken } as const;
}

/** Sends and receives for a salon, about 20 of each a second, until told to stop. */
function traffic(salon: OwnSalon) {
  const sent: { to: E164; work: Promise<string> }[] = [];
  const received: Promise<number | null>[] = [];
  const state = { stopped: false };
  const send = async (to: E164, index: number) => {
    const { acceptance, delivery } = instances[index % 2] ?? expect.fail("no instance");
    const key = `${to}`;
    const body = "See you tomorrow at 10.";
    const request = { salonId: salon.salonId, idempotencyKey: key, channel: "sms", to, body } as const;
    const accepted = await acceptance.accept(request, { wake: false });
    const message = await delivery.deliver(accepted.message.id);
    if (message?.attempts.at(-1)?.account !== accountFingerprint(salon.accountSid)) return "wrong account";
    if (message.attempts.length !== 1) return "more than one attempt";
    return message.failure === null && message.state !== "held" ? "sent" : message.state;
  };
  const receive = async () => {
    const { deliveries } = await bench.twilio.write({ to: salon.number, from: bench.phone(), body: "Hello" });
    return deliveries[0]?.status ?? null;
  };
  const loop = (async () => {
    for (let index = 0; !state.stopped; index += 1) {
      const to = bench.phone();
      sent.push({ to, work: send(to, index) });
      received.push(receive());
      await sleep(PAUSE_MS);
    }
  })();
  return async () => {
    state.stopped = true;
    await loop;
    return {
      sends: await Promise.all(sent.map(({ work }) => work)),
      to: sent.map(({ to }) => to),
      statuses: await Promise.all(received),
    };
  };
}

test("under fire: rotations for the owner, pasted ones and a rollback reject no webhook and fail no send", async () => {
  const [salon, other] = [await bench.addOwnSalon(), await bench.addOwnSalon()];
  await connect(salon);
  await connect(other);
  bench.logs.lines.length = 0;
  const [stop, stopOther] = [traffic(salon), traffic(other)];
  const { ownAccounts } = bench.instance();
  for (const change of [
    () => ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI),
    async () => ownAccounts.rotate(salon.salonId, await pasted(salon), ANJALI),
    () => ownAccounts.rollback(salon.salonId, ANJALI),
    async () => ownAccounts.rotate(salon.salonId, await pasted(salon), ANJALI),
    () => ownAccounts.rotate(salon.salonId, { method: "rotate_for_me" }, ANJALI),
  ]) {
    await sleep(PHASE_MS);
    await change();
  }
  await sleep(PHASE_MS);
  const results = [await stop(), await stopOther()];
  const sent = results.flatMap(({ to }) => to).length;
  const of = (kind: string) => verdicts.filter((verdict) => verdict.startsWith(kind)).length;
  // Twilio tells of each that it was sent and that it was delivered.
  await expect.poll(() => of("status"), { timeout: 10_000 }).toBeGreaterThanOrEqual(2 * sent);
  const retried = bench.logs.lines.filter((line) => line.includes("trying the one that replaces it")).length;
  for (const [index, { sends, to, statuses }] of results.entries()) {
    const mine = index === 0 ? salon : other;
    const atTwilio = (await Promise.all(to.map((number) => bench.twilio.messagesTo(number)))).flat();
    const foreign = atTwilio.filter(({ account_sid }) => account_sid !== mine.accountSid).length;
    printCount(
      `salon ${index}: sends ${JSON.stringify(tally(sends))}, at Twilio ${atTwilio.length} (${foreign} with another's credentials), inbound webhooks ${JSON.stringify(tally(statuses.map(String)))}`,
    );
    expect(tally(sends)).toEqual({ sent: to.length });
    expect(tally(statuses.map(String))).toEqual({ 204: to.length });
    expect([atTwilio.length, foreign]).toEqual([to.length, 0]);
  }
  printCount(`webhooks ${JSON.stringify(tally(verdicts))}, sends that took the replacement ${retried}`);
  expect(verdicts.filter((verdict) => verdict.endsWith("refused"))).toEqual([]);
  expect(of("message")).toBe(sent);
}, 60_000);

test("under fire of forged webhooks, which use up what may be read again: a rotation still rejects no genuine one", async () => {
  const salon = await bench.addOwnSalon();
  await connect(salon);
  const { salonId, accountSid, number } = salon;
  const form = { AccountSid: accountSid, To: number, Body: "Hello" };
  const forge = () => bench.post(`/webhooks/twilio/sms/${salonId}`, { token: "0".repeat(32), form });
  const forged: Promise<Response>[] = [];
  const genuine: ReturnType<typeof bench.twilio.write>[] = [];
  const state = { stopped: false };
  const loop = (async () => {
    while (!state.stopped) {
      // Two, so that genuine ones come to the instances in turn.
      forged.push(forge(), forge());
      genuine.push(bench.twilio.write({ to: number, from: bench.phone(), body: "Hello" }));
      await sleep(PAUSE_MS / 2);
    }
  })();
  await sleep(2 * PHASE_MS);
  await bench.instance().ownAccounts.rotate(salonId, { method: "rotate_for_me" }, ANJALI);
  await sleep(PHASE_MS);
  state.stopped = true;
  await loop;
  const answers = (await Promise.all(genuine)).map(({ deliveries }) => `${deliveries[0]?.status}`);
  const refusals = (await Promise.all(forged)).map(({ status }) => `${status}`);
  printCount(`genuine ${JSON.stringify(tally(answers))}, forged ${JSON.stringify(tally(refusals))}`);
  expect(tally(answers)).toEqual({ 204: genuine.length });
  expect(tally(refusals)).toEqual({ 403: forged.length });
}, 60_000);

test("the tokens and SIDs of everything above and of every refusal stand nowhere in the clear", async () => {
  const [salon, other] = [await bench.addOwnSalon(), await bench.addOwnSalon()];
  const { salonId } = salon;
  const { ownAccounts } = bench.instance();
  const canaries = new Set([salon.authToken, other.authToken, salon.accountSid, other.accountSid]);
  const wrong = "c0ffee".repeat(6).slice(0, 32);
  canaries.add(wrong);
  const note = async () => {
    for (const token of Object.values(await bench.tokensOf(salon))) if (token !== null) canaries.add(token);
  };
  const errors: unknown[] = [];
  const refusedBy = async (work: Promise<unknown>) => {
    errors.push(
      await work.then(
        () => expect.fail("not refused"),
        (error: unknown) => error,
      ),
    );
  };
  const entered = bench.entered(salon);

  await refusedBy(ownAccounts.save(salonId, { ...entered, authToken: new Secret(wrong) }, ANJALI));
  await refusedBy(ownAccounts.save(salonId, { ...entered, accountSid: wrong }, ANJALI));
  await refusedBy(ownAccounts.rotate(salonId, { method: "rotate_for_me" }, ANJALI));
  await ownAccounts.save(salonId, entered, ANJALI);
  await refusedBy(ownAccounts.rotate(salonId, { method: "pasted", authToken: new Secret(wrong) }, ANJALI));
  for (const fault of [
    { kind: "timeout" },
    { kind: "reset" },
    { kind: "http_error", status: 500, message: salon.authToken },
    { kind: "http_error", status: 401, code: 20003, message: `${salon.accountSid}:${salon.authToken}` },
  ]) {
    await bench.twilio.fault({ ...fault, match: { account_sid: salon.accountSid }, times: 3 });
    await refusedBy(ownAccounts.rotate(salonId, { method: "rotate_for_me" }, ANJALI));
    await bench.twilio.calm();
  }
  await ownAccounts.rotate(salonId, { method: "rotate_for_me" }, ANJALI);
  await note();
  await refusedBy(ownAccounts.rollback(salonId, ANJALI));
  await ownAccounts.save(salonId, bench.entered(other), ANJALI);
  await note();
  await ownAccounts.rollback(salonId, ANJALI);
  await ownAccounts.use(salonId, "platform", ANJALI);
  await ownAccounts.use(salonId, "own_account", ANJALI);
  await ownAccounts.repairWebhooks(salonId, ANJALI);
  const replacement = await pasted(salon);
  const token = replacement.authToken.reveal();
  canaries.add(token);
  await ownAccounts.rotate(salonId, replacement, ANJALI);
  await ownAccounts.sendTest(salonId, ANJALI);
  const scanned = [await everythingStored()];
  await bench.at(salon.accountSid, token).deleteSecondaryToken();
  await ownAccounts.disconnect(salonId, ANJALI);
  scanned.push(await everythingStored());

  const { logger } = bench.logs;
  for (const error of errors) logger.error("refused", { error });
  const published = [...bench.publisher.published, ...bench.announcing.published];
  const sids = [salon.accountSid, other.accountSid];
  const headers = [...canaries].flatMap((canary) => sids.map((sid) => `${sid}:${canary}`));
  const printed = {
    logs: bench.logs.lines.join("\n"),
    errors: errors.flatMap(everythingIn).join("\n"),
    published: JSON.stringify(published),
    ...Object.fromEntries(scanned.map(({ text }, index) => [`stored ${index}`, text])),
  };
  const found = Object.entries(printed).flatMap(([where, text]) =>
    [...canaries, ...[...canaries, ...headers].map((each) => Buffer.from(each).toString("base64"))]
      .filter((canary) => text.includes(canary))
      .map((canary) => `${where}: ${canary.slice(0, 4)}…`),
  );
  printCount(
    `${canaries.size} canaries, ${errors.length} errors, ${bench.logs.lines.length} log lines, ${published.length} messages, ${scanned[1]?.documents} documents of ${scanned[1]?.collections} collections`,
  );
  expect(found).toEqual([]);
  expect(published.length).toBeGreaterThan(0);
}, 60_000);

async function everythingStored() {
  const lines: string[] = [];
  const visit = async (collections: FirebaseFirestore.CollectionReference[]): Promise<number> => {
    let count = collections.length;
    for (const collection of collections) {
      for (const { ref } of (await collection.get()).docs) {
        lines.push(`${ref.path} ${JSON.stringify((await ref.get()).data())}`);
        if (collection.id === "salons") count += await visit(await ref.listCollections());
      }
    }
    return count;
  };
  const collections = await visit(await bench.database.firestore.listCollections());
  return { text: lines.join("\n"), documents: lines.length, collections };
}

function everythingIn(error: unknown): string[] {
  if (!(error instanceof Error)) throw new Error("expected an error");
  const printed = inspect(error, { depth: null, showHidden: true, getters: true });
  const own = [printed, JSON.stringify(error), String(error), error.stack ?? ""];
  return error.cause === undefined ? own : [...own, ...everythingIn(error.cause)];
}
