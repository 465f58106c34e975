import { DEFAULT_NUMBERS } from "#scripts/local-stack/default-numbers.ts";
import type { Stack } from "#scripts/local-stack/stack.ts";
import { PLATFORM_SEGMENT } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { BOOKING_SERVICE, OWNER_A, PARENT_NUMBER, SALON_A, SALON_B } from "./context.ts";
import { createSimulatorClient } from "./simulator-client.ts";

const HOURS = { monday: { opens: "10:00", closes: "19:00" }, saturday: { opens: "09:00", closes: "17:00" } };

/** What is there before the story: two salons of the platform's, one number in its pool, and its own to stand in. */
export async function seed({ database: { firestore }, simulator, gatewayUrl }: Stack): Promise<void> {
  const { accountSid, authToken } = simulator.main;
  const twilio = createSimulatorClient(simulator.url);
  const number = await twilio.giveNumber(accountSid, PARENT_NUMBER);
  const parent = createTwilio({ apiBaseUrl: simulator.url }).account({
    accountSid,
    authToken: new Secret(authToken),
  });
  const webhooks = createWebhookUrls(gatewayUrl).ofNumber(PLATFORM_SEGMENT);
  for (const standIn of DEFAULT_NUMBERS) {
    const { sid } = await twilio.giveNumber(accountSid, standIn);
    await parent.configureNumber(sid, webhooks);
  }
  await Promise.all([
    firestore.doc(`salons/${SALON_A}`).set({
      name: "Anjali's Salon",
      status: "open",
      time_zone: "Asia/Kolkata",
      owner: { name: "Anjali", email: "anjali@example.com", phone: OWNER_A },
      hours: HOURS,
      // The story is told at any hour.
      communication: { voice_business_hours_only: false },
    }),
    firestore.doc(`salons/${SALON_B}`).set({
      name: "Bloom",
      status: "open",
      time_zone: "Asia/Kolkata",
      owner: { name: "Bea", email: "bea@example.com", phone: null },
      hours: HOURS,
    }),
    firestore.doc(`callers/${BOOKING_SERVICE}`).set({ salons: "*", may_send_critical: true }),
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
