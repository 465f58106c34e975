import { z } from "zod";
import { createMailer, type MailSettings } from "#shared/runtime/mailer.ts";
import type { Channel } from "./channel.ts";
import { emailOf } from "./texts.ts";

const Address = z.email();

/** Mails the salon's owner. The Message-ID and the date come from the notification. */
export function createEmail(settings: MailSettings): Channel {
  const mailer = createMailer(settings);
  return async (told) => {
    const { notification, contact } = told;
    const to = Address.safeParse(contact.ownerEmail).data;
    if (to === undefined) return { state: "skipped", reason: "The salon's owner has no e-mail address." };
    await mailer.send({
      ...emailOf(told),
      key: `notification-${notification.id}`,
      to,
      date: notification.created_at,
    });
    return { state: "sent" };
  };
}
