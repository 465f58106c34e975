import { expect, test } from "vitest";
import type { Trigger } from "#shared/runtime/event-boundary.ts";
import { createHandler } from "./handler.ts";

const written = (path: string): Trigger => ({ kind: "document", path, eventId: "event-1" });

async function provisionedBy(trigger: Trigger): Promise<string[]> {
  const salons: string[] = [];
  await createHandler({ provision: async (salonId) => void salons.push(salonId) })(trigger);
  return salons;
}

test("sets up the salon whose integration was written", async () => {
  expect(await provisionedBy(written("salon_integrations/salon-1"))).toEqual(["salon-1"]);
});

test("sets up the salon that is due again", async () => {
  expect(await provisionedBy({ kind: "message", data: { salon_id: "salon-1" } })).toEqual(["salon-1"]);
});

test.each<Trigger>([
  written("salons/salon-1"),
  written("salon_integrations/salon-1/notes/1"),
  written("salon_integrations/a"),
  written("salon_integrations"),
  { kind: "message", data: {} },
  { kind: "message", data: { salon_id: "../salons" } },
  { kind: "message", data: null },
])("sets aside an event that names no salon: %j", async (trigger) => {
  await expect(provisionedBy(trigger)).rejects.toMatchObject({ code: "invalid-argument", retry: false });
});

test("a failure of the set-up itself comes back to who delivers the event", async () => {
  const handler = createHandler({ provision: () => Promise.reject(new Error("Firestore is away")) });
  await expect(handler({ kind: "message", data: { salon_id: "salon-1" } })).rejects.toThrow(
    "Firestore is away",
  );
});
