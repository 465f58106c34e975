import { afterAll, describe, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { changed, now } from "#scripts/testing/example-notification.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createNotification, type NewNotification } from "./create-notification.ts";
import { Notification } from "./notification.ts";

const database = createDatabase(uniqueProjectId());
afterAll(() => database.firestore.terminate());

const create = (notification: NewNotification) =>
  database.transact((transaction, firestore) => createNotification(transaction, firestore, notification));
const newSalon = () => SalonId.parse(uniqueSalonId());
const stored = async (id: string) =>
  Notification.parse((await database.firestore.doc(`notifications/${id}`).get()).data());
const countOf = async (salonId: string) =>
  (await database.firestore.collection("notifications").where("salon_id", "==", salonId).get()).size;

describe("a notification", () => {
  test("is there once, although what it tells of repeats ten times at once", async () => {
    const salonId = newSalon();
    const ids = await atOnce(10, () => create({ ...changed, salonId, key: "revision 7", now }));
    expect(new Set(ids).size).toBe(1);
    expect(await countOf(salonId)).toBe(1);
  });

  test("is another one for another salon, kind or key", async () => {
    const [salonId, other] = [newSalon(), newSalon()];
    const back = { kind: "credentials_rolled_back", facts: { by: "Anjali", at: now } } as const;
    await create({ ...changed, salonId, key: "revision 7", now });
    await create({ ...changed, salonId, key: "revision 8", now });
    await create({ ...back, salonId, key: "revision 7", now });
    await create({ ...changed, salonId: other, key: "revision 7", now });
    expect([await countOf(salonId), await countOf(other)]).toEqual([3, 1]);
  });

  test("is not there without what it tells of", async () => {
    const salonId = newSalon();
    const cause = database.firestore.doc(`salon_integrations/${salonId}`);
    await cause.set({ revision: 1 });
    const both = database.transact(async (transaction, firestore) => {
      await createNotification(transaction, firestore, { ...changed, salonId, key: "revision 7", now });
      transaction.create(cause, { revision: 7 });
    });
    await expect(both).rejects.toMatchObject({ code: "unavailable" });
    expect(await countOf(salonId)).toBe(0);
  });

  test("is due at once, by e-mail to the owner and to security", async () => {
    const id = await create({ ...changed, salonId: newSalon(), key: "revision 7", now });
    const { channels, due_at, audience } = await stored(id);
    expect(audience).toEqual(["owner", "security"]);
    expect(due_at).toEqual(now);
    expect([channels.email.state, channels.slack.state, channels.webhook.state]).toEqual([
      "pending",
      "pending",
      "pending",
    ]);
  });

  test("about a failure is for the owner alone, and one about the platform for security alone", async () => {
    const failed = { kind: "integration_failed", facts: { reason: "Twilio refuses it.", at: now } } as const;
    const rotated = { kind: "platform_credentials_rotated", facts: { account: "default", at: now } } as const;
    const toOwner = await stored(await create({ ...failed, salonId: newSalon(), key: "1", now }));
    const toSecurity = await stored(await create({ ...rotated, salonId: null, key: "1", now }));
    expect([toOwner.channels.email.state, toOwner.channels.slack.state]).toEqual(["pending", "skipped"]);
    expect([toSecurity.channels.email.state, toSecurity.channels.slack.state]).toEqual([
      "skipped",
      "pending",
    ]);
  });

  test("a credential that slips into a fact is not stored", async () => {
    const token = "0123456789abcdef".repeat(2);
    const facts = { reason: `Twilio refuses ${token}\r\nfor now.`, at: now };
    const id = await create({ kind: "integration_failed", facts, salonId: newSalon(), key: "1", now });
    expect((await stored(id)).facts).toEqual({ reason: "Twilio refuses … for now.", at: now });
  });
});
