import type { Stack } from "#scripts/local-stack/stack.ts";
import { OWNER_A, PARENT_NUMBER, SALON_A, SALON_B } from "./context.ts";
import { createSimulatorClient } from "./simulator-client.ts";

const HOURS = { monday: { opens: "10:00", closes: "19:00" }, saturday: { opens: "09:00", closes: "17:00" } };

/** What is there before the story: two salons of the platform's, and one number in its pool. */
export async function seed({ database: { firestore }, simulator }: Stack): Promise<void> {
  const twilio = createSimulatorClient(simulator.url);
  const number = await twilio.giveNumber(simulator.main.accountSid, PARENT_NUMBER);
  await Promise.all([
    firestore.doc(`salons/${SALON_A}`).set({
      name: "Anjali's Salon",
      status: "open",
      time_zone: "Asia/Kolkata",
      owner: { name: "Anjali", email: "anjali@example.com", phone: OWNER_A },
      hours: HOURS,
    }),
    firestore.doc(`salons/${SALON_B}`).set({
      name: "Bloom",
      status: "open",
      time_zone: "Asia/Kolkata",
      owner: { name: "Bea", email: "bea@example.com", phone: null },
      hours: HOURS,
    }),
    firestore.doc(`phone_numbers/${number.sid}`).set({
      sid: number.sid,
      phone_number: PARENT_NUMBER,
      country: "US",
      parent: "default",
      state: "free",
      salon_id: null,
      pick: 0.5,
    }),
  ]);
}
