import { CUSTOMER, PARENT_NUMBER, type StoryContext } from "../context.ts";
import { ensure } from "../eventually.ts";

/** The customer calls, hears the greeting, chooses English and asks for the hours. */
export async function call({ twilio }: StoryContext): Promise<string[]> {
  const digits = ["1", "2"];
  const steps = await twilio.call({ to: PARENT_NUMBER, from: CUSTOMER, digits, duration_seconds: 42 });
  const [greeting = "", menu = "", hours = ""] = steps.map(({ said }) => said.join(" "));
  ensure(
    steps.every(({ status }) => status === 200),
    "a step of the call was not answered with 200",
  );
  ensure(
    greeting.startsWith("Thank you for calling Anjali's Salon."),
    "the caller did not hear the greeting",
  );
  ensure(menu.startsWith("To book, press 1 or say book."), "the caller did not hear the menu");
  ensure(hours.includes("Monday from 10 am to 7 pm."), "the caller did not hear the hours");
  return [`heard: "${greeting}"`, `pressed 1, heard: "${menu}"`, `pressed 2, heard: "${hours}"`];
}
