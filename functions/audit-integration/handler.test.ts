import { expect, test } from "vitest";
import type { AuditRecord } from "#shared/audit/audit.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";
import { createHandler, type OutsideChange } from "./handler.ts";

const TRUSTED = ["*@salon-flow.iam.gserviceaccount.com"];
const head = { salon_id: SalonId.parse("salon-1"), seq: 4, hash: "a".repeat(64) };

async function handle(trigger: Trigger, recordedBefore = false) {
  const records: AuditRecord[] = [];
  const lines: string[] = [];
  const recordOnce = async (_: string, record: AuditRecord) => {
    records.push(record);
    return recordedBefore ? undefined : head;
  };
  const told: string[] = [];
  const tellSecurity = async (salonId: string, eventId: string, { by, fields }: OutsideChange) => {
    told.push([salonId, eventId, by, ...fields].join(" "));
  };
  const logger = createLogger({ write: (line) => lines.push(line) });
  await createHandler({ audit: { recordOnce }, tellSecurity, trusted: TRUSTED, logger })(trigger);
  return { records, lines, told };
}

const written = (id: string, type = "unknown") => ({
  kind: "document" as const,
  path: "salon_integrations/salon-1",
  eventId: "event-1",
  principal: { type, id },
});

test("leaves the changes of our own functions alone: they have their entries", async () => {
  const { records, lines, told } = await handle(
    written("manage@salon-flow.iam.gserviceaccount.com", "service_account"),
  );
  expect([records, lines, told]).toEqual([[], [], []]);
});

test("records anybody else's change and raises the alarm, without naming them in the log", async () => {
  const { records, lines, told } = await handle(written("someone@example.com"));
  expect(told).toEqual(["salon-1 event-1 someone@example.com"]);
  const actor = { kind: "unknown", id: "someone@example.com" };
  expect(records).toEqual([{ salonId: "salon-1", action: "changed_outside", actor, changes: [] }]);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    severity: "ERROR",
    message: "integration changed from outside",
    salonId: "salon-1",
    eventId: "event-1",
    auditSeq: 4,
  });
  expect(lines.join()).not.toContain("someone@example.com");
});

test.each([["nothing"], [undefined], [Buffer.from([0xff, 0xff])]])(
  "records and tells of a change whose event does not say what changed (%j)",
  async (data) => {
    const { records, told } = await handle({ ...written("someone@example.com"), data });
    expect([records.length, told]).toEqual([1, ["salon-1 event-1 someone@example.com"]]);
  },
);

test("raises no second alarm when the event comes again", async () => {
  expect((await handle(written("someone@example.com"), true)).lines).toEqual([]);
});

test("takes a change by nobody known for one from outside", async () => {
  const nobody: Trigger = { kind: "document", path: "salon_integrations/salon-1", eventId: "event-1" };
  expect((await handle(nobody)).records).toMatchObject([{ actor: { kind: "unknown", id: null } }]);
});

test("records a caller whose name is longer than an entry holds", async () => {
  const { records } = await handle(written("x".repeat(1_000)));
  expect(records[0]?.actor.id).toHaveLength(256);
});

test.each<Trigger>([
  { kind: "document", path: "salons/salon-1", eventId: "1" },
  { kind: "document", path: "salon_integrations/salon-1/notes/1", eventId: "1" },
  { kind: "document", path: "salon_integrations/a", eventId: "1" },
  { kind: "message", data: { salon_id: "salon-1" } },
])("sets aside an event that is about no integration: %j", async (trigger) => {
  await expect(handle(trigger)).rejects.toMatchObject({ code: "invalid-argument", retry: false });
});
