import { AppError } from "#shared/core/errors.ts";
import { MessageId, type SalonId } from "#shared/core/ids.ts";
import type { CallerEmail, CallerPolicies } from "#shared/identity/caller-policies.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import type { Throttle } from "#shared/pacing/throttle.ts";
import type { Salons } from "#shared/salons/salons.ts";

interface Deps {
  readonly policies: CallerPolicies;
  readonly salons: Salons;
  readonly throttle: Throttle;
  readonly messages: Pick<OutboundMessages, "get">;
}

/** What a service may do, by its policy and the salon's limit. Nothing is stored before. */
export interface Admission {
  /** Act for an open salon whose data is not being erased. To others it looks like one that does not exist. */
  toSalon(caller: CallerEmail, salonId: SalonId, what?: { readonly critical?: boolean }): Promise<void>;
  /** Send so many messages of the salon, now. */
  toSend(
    caller: CallerEmail,
    salonId: SalonId,
    messages: { readonly count: number; readonly critical: boolean },
  ): Promise<void>;
  /** The message of this id; one of a salon that the service may not act for looks like none. */
  toMessage(caller: CallerEmail, id: string | undefined): Promise<OutboundMessage>;
}

export function createAdmission({ policies, salons, throttle, messages }: Deps): Admission {
  const toSalon: Admission["toSalon"] = async (caller, salonId, { critical = false } = {}) => {
    await policies.authorizeCaller(caller, salonId, { critical });
    await salons.openForMessages(salonId);
  };
  return {
    toSalon,
    async toSend(caller, salonId, { count, critical }) {
      await toSalon(caller, salonId, { critical });
      await throttle(salonId, { count, critical });
    },
    async toMessage(caller, id) {
      const messageId = MessageId.safeParse(id).data;
      const message = messageId === undefined ? undefined : await messages.get(messageId);
      if (message !== undefined && (await policies.actsFor(caller, message.salon_id))) return message;
      throw new AppError("not-found", "There is no message with this id.");
    },
  };
}
