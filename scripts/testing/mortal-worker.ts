import type { OutboundMessages } from "#shared/messages/outbound-store.ts";

/** Where a worker dies: before or after it has written down a claim, Twilio's answer, or its verdict on a failure. */
export const DEATHS = [
  "before claim",
  "after claim",
  "before report",
  "after report",
  "before judge",
  "after judge",
] as const;
export type Death = (typeof DEATHS)[number];

export class WorkerDied extends Error {}

/** The store as a worker has it that dies at one point: from then on it does nothing any more. */
export function mortal(messages: OutboundMessages, death: Death | undefined): OutboundMessages {
  let isDead = false;
  const at =
    <Given extends unknown[], Result>(step: string, act: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      if (isDead || death === `before ${step}`) die();
      const result = await act(...given);
      if (death === `after ${step}`) die();
      return result;
    };
  const die = () => {
    isDead = true;
    throw new WorkerDied("the worker died");
  };
  return {
    ...messages,
    get: at("get", messages.get),
    claim: at("claim", messages.claim),
    report: at("report", messages.report),
    judge: at("judge", messages.judge),
    hold: at("hold", messages.hold),
    fallBack: at("fallBack", messages.fallBack),
    fail: at("fail", messages.fail),
    expire: at("expire", messages.expire),
  };
}
