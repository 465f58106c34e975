import type { SalonId } from "#shared/core/ids.ts";
import type { Changes } from "./changes.ts";
import type { Connection } from "./connection.ts";

export interface RestoreDeps {
  readonly changes: Pick<Changes, "read">;
  readonly connection: Pick<Connection, "restore">;
}

/** For who still needs the credentials afterwards; `createDisconnect` forgets them. Changes nothing of ours. */
export function createRestore({ changes, connection }: RestoreDeps) {
  return async (salonId: SalonId): Promise<boolean> => {
    const { twilio } = await changes.read(salonId);
    const isConnected = twilio.account_sid !== null && twilio.auth_token !== null;
    if (!isConnected || (twilio.phone_number_sid === null && twilio.whatsapp_number === null)) return false;
    await connection.restore(salonId, twilio);
    return true;
  };
}
