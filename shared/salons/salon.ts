import { z } from "zod";
import { isZone } from "#shared/core/time.ts";
import { CommunicationSettings, TimeOfDay } from "./communication-settings.ts";

export const Weekday = z.enum(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]);
export type Weekday = z.infer<typeof Weekday>;

/** The opening hours of one weekday, in the salon's zone. One that closes by the time it opens closes on the next day. */
const Opening = z.object({ opens: TimeOfDay, closes: TimeOfDay });

/**
 * `salons/{salonId}`: the platform's own document, of which these fields concern messaging. Other fields are the
 * platform's and pass unread.
 */
export const Salon = z.object({
  name: z.string().min(1),
  status: z.enum(["open", "closed"]).default("open"),
  time_zone: z.string().refine(isZone, "must be an IANA time zone").default("Asia/Kolkata"),
  owner: z
    .object({
      name: z.string().nullable().default(null),
      email: z.string().nullable().default(null),
      phone: z.string().nullable().default(null),
    })
    .prefault({}),
  hours: z.partialRecord(Weekday, Opening).default({}),
  communication: CommunicationSettings.prefault({}),
});
export type Salon = z.infer<typeof Salon>;
