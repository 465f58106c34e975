import { FaultOrder } from "../faults/fault.ts";
import type { Faults, StandingFault } from "../faults/faults.ts";
import { json, noContent } from "../http/reply.ts";
import { AdminError, type AdminHandler, readBody } from "./admin-request.ts";

export function createFaultAdmin(
  faults: Faults,
): Record<"create" | "list" | "remove" | "removeAll", AdminHandler> {
  return {
    create: (request) => json(201, present(faults.add(readBody(FaultOrder, request)))),
    list: () => json(200, { faults: faults.all().map(present) }),
    remove({ pathParameters }) {
      if (!faults.remove(pathParameters.get("Id") ?? ""))
        throw new AdminError("id", "id: no such fault", 404);
      return noContent;
    },
    removeAll() {
      faults.clear();
      return noContent;
    },
  };
}

function present({ id, order, struck }: StandingFault) {
  return { id, ...order, struck };
}
