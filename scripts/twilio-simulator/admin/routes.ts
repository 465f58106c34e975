import { readFileSync } from "node:fs";
import type { Faults } from "../faults/faults.ts";
import { html, json, noContent } from "../http/reply.ts";
import type { Route } from "../http/router.ts";
import type { Courier } from "../messaging/courier.ts";
import type { Receive } from "../messaging/inbound.ts";
import type { RequestCounts } from "../twilio-api/request-counts.ts";
import type { CallPlans } from "../voice/call-plans.ts";
import type { Ring } from "../voice/inbound-call.ts";
import type { WebhookLog } from "../webhooks/log.ts";
import type { World } from "../world/world.ts";
import { createAccountAdmin } from "./accounts.ts";
import type { AdminHandler } from "./admin-request.ts";
import { createContentAdmin } from "./contents.ts";
import { createCustomerAdmin } from "./customer.ts";
import { createFaultAdmin } from "./faults.ts";
import { createInspection } from "./inspection.ts";
import { createNumberAdmin } from "./numbers.ts";

export interface AdminDeps {
  readonly world: World;
  readonly faults: Faults;
  readonly log: WebhookLog;
  readonly counts: RequestCounts;
  readonly courier: Courier;
  readonly receive: Receive;
  readonly ring: Ring;
  readonly plans: CallPlans;
  readonly reset: () => void;
}

const handsetPage = new URL("../handset/handset.html", import.meta.url);

export function adminRoutes(deps: AdminDeps): readonly Route<AdminHandler>[] {
  const accounts = createAccountAdmin(deps.world);
  const numbers = createNumberAdmin(deps.world);
  const contents = createContentAdmin(deps.world);
  const customer = createCustomerAdmin(deps);
  const inspection = createInspection(deps);
  const faults = createFaultAdmin(deps.faults);
  return [
    { method: "GET", path: "/simulator/health", handler: () => json(200, { status: "ok" }) },
    {
      method: "POST",
      path: "/simulator/reset",
      handler: () => {
        deps.reset();
        return noContent;
      },
    },
    { method: "POST", path: "/simulator/accounts", handler: accounts.create },
    { method: "GET", path: "/simulator/accounts", handler: accounts.list },
    { method: "POST", path: "/simulator/accounts/{AccountSid}", handler: accounts.change },
    { method: "POST", path: "/simulator/numbers", handler: numbers.create },
    { method: "GET", path: "/simulator/numbers", handler: numbers.list },
    { method: "POST", path: "/simulator/whatsapp-senders", handler: numbers.createSender },
    { method: "GET", path: "/simulator/whatsapp-senders", handler: numbers.listSenders },
    { method: "GET", path: "/simulator/contents", handler: contents.list },
    { method: "POST", path: "/simulator/contents/{Sid}/approval", handler: contents.decide },
    { method: "POST", path: "/simulator/inbound-messages", handler: customer.write },
    { method: "POST", path: "/simulator/inbound-calls", handler: customer.call },
    { method: "POST", path: "/simulator/call-plans", handler: customer.plan },
    { method: "GET", path: "/simulator/calls", handler: inspection.calls },
    { method: "GET", path: "/simulator/messages", handler: inspection.messages },
    { method: "POST", path: "/simulator/messages/{Sid}/read", handler: inspection.read },
    { method: "GET", path: "/simulator/webhooks", handler: inspection.webhooks },
    { method: "GET", path: "/simulator/requests", handler: inspection.requests },
    { method: "POST", path: "/simulator/faults", handler: faults.create },
    { method: "GET", path: "/simulator/faults", handler: faults.list },
    { method: "DELETE", path: "/simulator/faults", handler: faults.removeAll },
    { method: "DELETE", path: "/simulator/faults/{Id}", handler: faults.remove },
    {
      method: "GET",
      path: "/simulator/handset",
      // Read each time, so that the page can be worked on without a restart.
      handler: () => html(200, readFileSync(handsetPage, "utf8")),
    },
  ];
}
