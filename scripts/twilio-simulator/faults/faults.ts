import type { Random } from "../random.ts";
import type { FaultKind, FaultOf, FaultOrder } from "./fault.ts";

/** What a fault may strike: a request, or a message or call as it comes into being. */
export interface Subject {
  readonly method?: string;
  readonly path?: string;
  readonly to?: string | undefined;
  readonly accountSids: readonly string[];
  /** Which `recipient` faults are meant. */
  readonly surface?: "sync" | "async";
}

export interface StandingFault {
  readonly id: string;
  readonly order: FaultOrder;
  /** How often it has struck. */
  struck: number;
}

export interface Faults {
  add(order: FaultOrder): StandingFault;
  all(): readonly StandingFault[];
  remove(id: string): boolean;
  clear(): void;
  /** The oldest fault of these kinds that strikes now, and counts it as struck. */
  strike<Kind extends FaultKind>(kinds: readonly Kind[], subject: Subject): FaultOf<Kind> | undefined;
}

export function createFaults(random: Random): Faults {
  const standing = new Map<string, StandingFault>();
  let serial = 0;

  function strikes({ order, struck }: StandingFault, subject: Subject): boolean {
    if (order.times !== undefined && struck >= order.times) return false;
    if (order.kind === "recipient" && (order.to !== subject.to || order.surface !== subject.surface))
      return false;
    if (!matches(order.match, subject)) return false;
    return order.probability === 1 || random.next() < order.probability;
  }

  return {
    add(order) {
      serial += 1;
      const fault = { id: `fault-${serial}`, order, struck: 0 };
      standing.set(fault.id, fault);
      return fault;
    },
    all: () => [...standing.values()],
    remove: (id) => standing.delete(id),
    clear: () => standing.clear(),
    strike(kinds, subject) {
      for (const fault of standing.values()) {
        const { order } = fault;
        if (!isOneOf(order, kinds) || !strikes(fault, subject)) continue;
        fault.struck += 1;
        return order;
      }
      return undefined;
    },
  };
}

function isOneOf<Kind extends FaultKind>(order: FaultOrder, kinds: readonly Kind[]): order is FaultOf<Kind> {
  return kinds.some((kind) => kind === order.kind);
}

function matches(match: FaultOrder["match"], { method, path, to, accountSids }: Subject): boolean {
  if (match.method !== undefined && match.method !== method) return false;
  if (match.path !== undefined && (path === undefined || !new RegExp(match.path).test(path))) return false;
  if (match.to !== undefined && match.to !== to) return false;
  return match.account_sid === undefined || accountSids.includes(match.account_sid);
}
