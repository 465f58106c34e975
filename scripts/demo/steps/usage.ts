import { z } from "zod";
import { dayIn } from "#shared/core/time.ts";
import { SALON_A, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const Month = z.looseObject({
  totals: z.record(z.string(), z.object({ events: z.int(), quantity: z.int(), cost_micros: z.int() })),
  total_cost_micros: z.int(),
});

/** What the story has caused so far: three messages and a greeting out, one message in, a call of 42 seconds. */
const EXPECTED = {
  sms_outbound: { events: 4, quantity: 4, cost_micros: 800_000 },
  sms_inbound: { events: 1, quantity: 1, cost_micros: 0 },
  voice_inbound: { events: 1, quantity: 1, cost_micros: 100_000 },
};
const EXPECTED_MICROS = 900_000;

/** The roll-up runs twice, and every event is counted once. */
export async function usage(context: StoryContext): Promise<string[]> {
  const { stack, read } = context;
  const path = `integration_usage/${SALON_A}_${dayIn("Asia/Kolkata", new Date()).slice(0, 7)}`;
  await eventually("all six events in the ledger", async () => {
    const rows = await stack.database.firestore.collection(`salons/${SALON_A}/usage_ledger`).count().get();
    return rows.data().count === 6 ? true : undefined;
  });
  for (const run of ["first", "second"]) {
    const before = await recordedUntil(context);
    await stack.tick("tick-rollup-usage");
    await eventually(`the ${run} roll-up`, async () =>
      (await recordedUntil(context)) > before ? true : undefined,
    );
  }
  const month = Month.parse(await read(path));
  const same = Object.entries(EXPECTED).every(
    ([kind, sums]) => JSON.stringify(month.totals[kind]) === JSON.stringify(sums),
  );
  ensure(same, `the month holds ${JSON.stringify(month.totals)}`);
  ensure(Object.keys(month.totals).length === 3, "the month holds more kinds than were used");
  ensure(month.total_cost_micros === EXPECTED_MICROS, `the month costs ${month.total_cost_micros} micros`);
  return [`${path}: 6 events, ${month.total_cost_micros} micros (₹0.90), the same after the second run`];
}

const Watermark = z.object({ recorded_until: z.custom<{ toMillis(): number }>() });

async function recordedUntil({ read }: StoryContext): Promise<number> {
  return Watermark.safeParse(await read("usage_rollups/watermark")).data?.recorded_until.toMillis() ?? 0;
}
