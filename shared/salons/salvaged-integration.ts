import { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import { SalonIntegration } from "./integration.ts";

const Fields = z.record(z.string(), z.unknown());

/**
 * A stored integration as far as it can be read, for what must not stop at a malformed one: the salon's erasure and
 * export. What is malformed counts as not there; a map that then lacks what it needs goes as a whole.
 */
export function salvagedIntegration(salonId: SalonId, stored: unknown): SalonIntegration {
  let document: Readonly<Record<string, unknown>> = { ...Fields.parse(stored), salon_id: salonId };
  for (;;) {
    const { data, error } = SalonIntegration.safeParse(document);
    if (error === undefined) return data;
    document = without(document, error.issues[0]?.path ?? []);
  }
}

/** The map without what stands at that path; where nothing stands there, without what should hold it. */
function without(
  map: Readonly<Record<string, unknown>>,
  [key, ...rest]: readonly PropertyKey[],
): Readonly<Record<string, unknown>> {
  const name = String(key);
  const { [name]: value, ...others } = map;
  const inner = Fields.safeParse(value).data;
  const holdsIt = inner !== undefined && rest.length > 0 && String(rest[0]) in inner;
  return holdsIt ? { ...others, [name]: without(inner, rest) } : others;
}
