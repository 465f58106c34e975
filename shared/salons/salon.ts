import { z } from "zod";
import { isZone } from "#shared/core/time.ts";
import { CommunicationSettings } from "./communication-settings.ts";

export const Weekday = z.enum(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]);
export type Weekday = z.infer<typeof Weekday>;

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be HH:MM");

/** The opening hours of one weekday, in the salon's zone. */
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
