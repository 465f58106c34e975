import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDashboardBench } from "#scripts/testing/dashboard-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";

type Bench = Awaited<ReturnType<typeof startDashboardBench>>;

const MEBIBYTE = 1024 * 1024;
const DOCUMENTS = 4_000;
/** Together more than the 32 MiB that Cloud Run lets an answer have that is not streamed. */
const BODY = "x".repeat(10 * 1024);

let bench: Bench;
beforeAll(async () => {
  bench = await startDashboardBench();
});
afterAll(() => bench.stop());

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** What is still in use once the garbage is gone. */
function liveMemory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function salonWithMessages() {
  const salonId = await bench.salon();
  const owner = await bench.member(salonId, "owner");
  const { firestore } = bench.database;
  const writer = firestore.bulkWriter();
  for (let index = 0; index < DOCUMENTS; index += 1) {
    const message = { direction: "inbound", salon_id: salonId, body: BODY };
    writer.set(firestore.doc(`messages/${salonId}-${String(index).padStart(5, "0")}`), message);
  }
  await writer.close();
  return { path: `/v1/salons/${salonId}/export`, as: owner.as };
}

test("an export over 32 MiB arrives whole, counted, and is never in memory as a whole", async () => {
  const { path, as } = await salonWithMessages();
  const response = await bench.open(path, as);
  expect(response.status).toBe(200);
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let [bytes, lines, rest, last, measured] = [0, 0, "", "", 0];
  const before = liveMemory();
  const live: number[] = [];
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) break;
    bytes += part.value.length;
    const parts = (rest + decoder.decode(part.value, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    lines += parts.length;
    last = parts.at(-1) ?? last;
    if (bytes - measured < 4 * MEBIBYTE) continue;
    measured = bytes;
    live.push((liveMemory() - before) / MEBIBYTE);
  }
  const inMebibytes = `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
  const above = live.map((each) => each.toFixed(1)).join(", ");
  printCount(
    `export: ${lines} lines, ${inMebibytes}; memory in use every 4 MiB, MiB above the start: ${above}`,
  );
  expect(rest).toBe("");
  expect(bytes).toBeGreaterThan(32 * MEBIBYTE);
  expect(Math.max(...live) - Math.min(...live)).toBeLessThan(32);
  expect(JSON.parse(last)).toEqual({ end: true, documents: lines - 1 });
  expect(lines).toBeGreaterThan(DOCUMENTS);
}, 120_000);
