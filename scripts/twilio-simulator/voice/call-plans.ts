/** How somebody's phone takes the next calls of the API. */
export interface CallPlan {
  readonly outcome: "answered" | "busy" | "no-answer" | "failed";
  /** One entry for each Gather that gets an answer. */
  readonly digits: readonly string[];
  readonly durationSeconds: number;
  /** For how many calls; for ever if left out. */
  readonly times?: number | undefined;
}

export interface CallPlans {
  /** Follows the plans that were made for this number earlier. */
  add(to: string, plan: CallPlan): void;
  /** The plan of this call. Without one it is answered, and no key is pressed. */
  next(to: string): CallPlan;
  clear(): void;
}

const USUAL: CallPlan = { outcome: "answered", digits: [], durationSeconds: 30 };

export function createCallPlans(): CallPlans {
  const standing = new Map<string, { plan: CallPlan; used: number }[]>();
  return {
    add: (to, plan) => void standing.set(to, [...(standing.get(to) ?? []), { plan, used: 0 }]),
    next(to) {
      const found = standing.get(to)?.find(({ plan, used }) => plan.times === undefined || used < plan.times);
      if (found === undefined) return USUAL;
      found.used += 1;
      return found.plan;
    },
    clear: () => standing.clear(),
  };
}
