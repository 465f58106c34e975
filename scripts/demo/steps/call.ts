import { CUSTOMER, PARENT_NUMBER, type StoryContext } from "../context.ts";
import { ensure } from "../eventually.ts";

/** The customer calls, hears the greeting and asks for the hours. */
export async function call({ twilio }: StoryContext): Promise<string[]> {
  const steps = await twilio.call({ to: PARENT_NUMBER, from: CUSTOMER, digits: ["2"], duration_seconds: 42 });
  const said = steps.flatMap((step) => step.said);
  const [greeting = "", hours = ""] = said;
  ensure(
    steps.every(({ status }) => status === 200),
    "a step of the call was not answered with 200",
  );
  ensure(
    greeting.startsWith("Thank you for calling Anjali's Salon."),
    "the caller did not hear the greeting",
  );
  ensure(hours.includes("On monday we are open from 10:00 to 19:00."), "the caller did not hear the hours");
  return [`heard: "${greeting}"`, `pressed 2, heard: "${hours}"`];
}
