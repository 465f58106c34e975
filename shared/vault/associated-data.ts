/** What the platform's first format binds to. */
export const NOTHING = Buffer.alloc(0);

/** What Cloud KMS binds the data key to: the salon, so that a token may become current, next or previous as it is. */
export function wrappingData(salonId: string): Buffer {
  return Buffer.from(JSON.stringify(["2", salonId]), "utf8");
}

/** What AES-GCM binds the credential to: the salon and the kind. */
export function sealingData(salonId: string, kind: string): Buffer {
  return Buffer.from(JSON.stringify(["2", salonId, kind]), "utf8");
}
