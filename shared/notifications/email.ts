import { createTransport } from "nodemailer";
import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { Channel } from "./channel.ts";
import { emailOf } from "./texts.ts";

export interface EmailSettings {
  /** smtps://, or smtp:// whose connection is encrypted before the password is sent (but for loopback). */
  readonly smtpUrl: Secret;
  /** Such as `Salon Flow <messaging@salonflow.example>`. */
  readonly from: string;
}

const SERVICE = "The mail server";
const CONNECT_MS = 8_000;
const DEADLINE_MS = 20_000;
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const Address = z.email();

/**
 * Mails the salon's owner. The Message-ID and the date come from the notification: a mail that has to be sent again is the
 * same mail, which mail servers and people can tell.
 */
export function createEmail({ smtpUrl, from }: EmailSettings): Channel {
  const domain = /@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1] ?? "localhost";
  const transport = createTransport({
    url: smtpUrl.reveal(),
    requireTLS: !LOOPBACK.includes(new URL(smtpUrl.reveal()).hostname),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

  return async (told) => {
    const { notification, contact } = told;
    const address = Address.safeParse(contact.ownerEmail).data;
    if (address === undefined)
      return { state: "skipped", reason: "The salon's owner has no e-mail address." };
    try {
      await transport.sendMail({
        ...emailOf(told),
        from,
        to: { name: "", address },
        messageId: `<notification-${notification.id}@${domain}>`,
        date: notification.created_at,
        headers: { "Auto-Submitted": "auto-generated" },
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      return { state: "sent" };
    } catch (error) {
      throw translate(error);
    }
  };
}

const MailError = z.object({
  code: z.string().optional(),
  responseCode: z.number().optional(),
  permanent: z.boolean().optional(),
});
/** The server refused this recipient or this mail, rather than us. */
const ABOUT_THE_MAIL = ["EENVELOPE", "EMESSAGE"];

function translate(cause: unknown): AppError {
  const { code = "", responseCode, permanent = false } = MailError.safeParse(cause).data ?? {};
  const forGood = permanent && ABOUT_THE_MAIL.includes(code);
  const how = [code, responseCode].filter((part) => part !== "" && part !== undefined).join(" ");
  const message = `${SERVICE} did not take the mail${how === "" ? "" : ` (${how})`}.`;
  return new AppError(forGood ? "failed-precondition" : "unavailable", message, {
    cause,
    context: { service: "SMTP" },
  });
}
