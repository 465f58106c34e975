import { z } from "zod";

/** One step of an operation, as `OwnAccounts` reports it. */
export const StepReport = z.object({
  step: z.enum(["validate", "save", "webhooks", "test_message"]),
  outcome: z.enum(["done", "skipped", "failed"]),
  reason: z.string().nullable().describe("A stable word for why it failed or was skipped"),
  message: z.string().nullable().describe("The same for the salon's owner"),
});
