import { z } from "zod";
import type { OwnAccounts } from "#shared/own-account/own-accounts.ts";
import { answer, body, NO_BODY, nothing } from "#shared/runtime/route-contract.ts";
import type { PlatformRequests } from "./platform-requests.ts";
import { IntegrationView } from "./public-view.ts";
import type { ReadView } from "./read-view.ts";
import { type Route, route } from "./routes.ts";
import { StepReport } from "./step-report.ts";

interface Deps {
  readonly readView: ReadView;
  readonly platform: PlatformRequests;
  readonly ownAccounts: Pick<OwnAccounts, "use" | "sendTest">;
}

/** What there is whosever Twilio carries the messages. */
export function integrationRoutes({ readView, platform, ownAccounts }: Deps): Route[] {
  return [
    route({
      method: "GET",
      path: "/integration",
      operation: "readIntegration",
      summary: "How the salon's messaging is set up, and how it fares",
      atLeast: "staff",
      takes: NO_BODY,
      gives: answer(IntegrationView),
      work: ({ salonId, actor }) => readView(salonId, actor.role),
    }),
    route({
      method: "POST",
      path: "/platform",
      operation: "enablePlatform",
      summary: "Switch messaging through the platform on, or try again after its set-up has failed",
      atLeast: "manager",
      takes: NO_BODY,
      gives: nothing("begun"),
      work: ({ salonId, by }) => platform.request(salonId, by),
    }),
    route({
      method: "POST",
      path: "/use",
      operation: "useAccount",
      summary: "Send through the salon's own Twilio account, or through the platform",
      atLeast: "manager",
      takes: body(z.strictObject({ which: z.enum(["own_account", "platform"]) })),
      gives: nothing("done"),
      work: ({ salonId, by }, { which }) => ownAccounts.use(salonId, which, by),
    }),
    route({
      method: "POST",
      path: "/test-message",
      operation: "sendTestMessage",
      summary: "Send the salon's owner a test message",
      atLeast: "manager",
      takes: NO_BODY,
      gives: answer(StepReport),
      work: ({ salonId, by }) => ownAccounts.sendTest(salonId, by),
    }),
  ];
}
