import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localCallerToken } from "#scripts/local-stack/caller-token.ts";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import type { BenchSalon } from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import {
  SERVICE,
  type SendMessageBench,
  startSendMessageBench,
} from "#scripts/testing/send-message-bench.ts";

const OTHER_SERVICE = "reminders@salon-flow.iam.gserviceaccount.com";

let bench: SendMessageBench;
let salon: BenchSalon;
let other: BenchSalon;
beforeAll(async () => {
  bench = await startSendMessageBench();
  salon = await bench.salon();
  other = await bench.salon();
  await bench.allow(OTHER_SERVICE, { salons: [other.id], may_send_critical: false });
});
afterAll(() => bench.stop());

const accepted = (changes: Parameters<typeof bench.accept>[1] = { to: bench.customer() }) =>
  bench.accept(salon, changes);
const cancel = (id: string, service = SERVICE) =>
  bench.ask({ path: `/v1/messages/${id}:cancel`, authorization: localCallerToken(service) });
const resend = (id: string, service = SERVICE) =>
  bench.ask({ path: `/v1/messages/${id}:resend`, authorization: localCallerToken(service) });
const failed = async () => {
  const to = bench.customer();
  await bench.fault({ kind: "recipient", to, error_code: 21614, surface: "sync", times: 1 });
  const { id } = await accepted({ to });
  await bench.worker().deliver(id);
  expect((await bench.messages.get(id))?.state).toBe("failed");
  return { id, to };
};

describe("cancel", () => {
  test("calls back what has not gone out, and again says the same", async () => {
    const { id, to } = await accepted();
    expect(await cancel(id)).toMatchObject({ status: 200, body: { message_id: id, state: "canceled" } });
    expect(await cancel(id)).toMatchObject({ status: 200, body: { state: "canceled" } });
    await bench.worker().deliver(id);
    expect(await bench.atTwilio(to)).toEqual([]);
  });

  test("is refused for what has gone out", async () => {
    const { id, to } = await accepted();
    await bench.worker().deliver(id);
    expect(await cancel(id)).toMatchObject({ status: 409, body: { error: { code: "conflict" } } });
    expect(await bench.atTwilio(to)).toHaveLength(1);
  });

  test("and a send at the same moment: the message goes out, or it is canceled", async () => {
    const ends = await atOnce(10, async (index) => {
      const { id, to } = await accepted();
      const canceling = delay(index * 60).then(() => cancel(id));
      const [{ status }] = await Promise.all([canceling, bench.worker().deliver(id)]);
      const sent = (await bench.atTwilio(to)).length;
      expect([sent, status]).toEqual(sent === 1 ? [1, 409] : [0, 200]);
      return sent === 1 ? "sent" : "canceled";
    });
    printCount(`cancel against send: 10 races, ${JSON.stringify(tally(ends))}`);
  });
});

describe("resend", () => {
  test("sends what had failed, by one call", async () => {
    const { id, to } = await failed();
    expect(await resend(id)).toMatchObject({
      status: 202,
      body: { message_id: id, state: "held", failure: null },
    });
    await bench.worker().deliver(id);
    expect((await bench.messages.get(id))?.state).toBe("queued");
    expect(await bench.atTwilio(to)).toHaveLength(1);
  });

  test("ten times at once sends it once", async () => {
    const { id, to } = await failed();
    const answers = await atOnce(10, () => resend(id));
    const statuses = tally(answers.map(({ status }) => String(status)));
    printCount(`resend at once: 10 requests, answers ${JSON.stringify(statuses)}`);
    expect(statuses).toEqual({ "202": 1, "409": 9 });
    await atOnce(3, () => bench.worker().deliver(id));
    expect(await bench.atTwilio(to)).toHaveLength(1);
  });

  test("is refused for what has not ended", async () => {
    const { id } = await accepted();
    const answer = await resend(id);
    expect(answer).toMatchObject({ status: 409, body: { error: { code: "conflict" } } });
  });
});

describe("a service that may not act for the message's salon", () => {
  test.each([
    ["read", (id: string) => ({ method: "GET", path: `/v1/messages/${id}` })],
    ["cancel", (id: string) => ({ path: `/v1/messages/${id}:cancel` })],
    ["resend", (id: string) => ({ path: `/v1/messages/${id}:resend` })],
  ])("cannot %s it, nor tell it from one that is not there", async (_, request) => {
    const message = await accepted();
    const authorization = localCallerToken(OTHER_SERVICE);
    const foreign = await bench.ask({ ...request(message.id), authorization });
    const nothing = await bench.ask({ ...request("0".repeat(40)), authorization });
    expect(foreign.status).toBe(404);
    expect(foreign).toEqual(nothing);
    expect(await bench.messages.get(message.id)).toEqual(message);
  });

  test("cannot send a critical message again, not even where it may send others", async () => {
    const to = bench.customer();
    const { id } = await bench.accept(other, { to, critical: true });
    await bench.messages.cancel(id);
    expect(await resend(id, OTHER_SERVICE)).toMatchObject({
      status: 403,
      body: { error: { field: "critical" } },
    });
    expect((await bench.messages.get(id))?.state).toBe("canceled");
  });
});
