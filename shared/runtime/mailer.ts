import { createTransport } from "nodemailer";
import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { Secret } from "#shared/core/secret.ts";

export interface MailSettings {
  /** smtps://, or smtp:// whose connection is encrypted before the password is sent (but for loopback). */
  readonly smtpUrl: Secret;
  /** Such as `Salon Flow <messaging@salonflow.example>`. */
  readonly from: string;
}

export interface Mail {
  /** Makes the Message-ID: a mail that has to be sent again is the same mail, which mail servers and people can tell. */
  readonly key: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly date: Date;
}

export interface Mailer {
  readonly from: string;
  /** Throws `failed-precondition` when the server refuses this mail for good, else `unavailable`. */
  send(mail: Mail): Promise<{ readonly messageId: string }>;
}

const SERVICE = "The mail server";
const CONNECT_MS = 8_000;
const DEADLINE_MS = 20_000;
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Mails through one SMTP server. */
export function createMailer({ smtpUrl, from }: MailSettings): Mailer {
  const domain = /@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1] ?? "localhost";
  const transport = createTransport({
    url: smtpUrl.reveal(),
    requireTLS: !LOOPBACK.includes(new URL(smtpUrl.reveal()).hostname),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    from,
    async send({ key, to: address, ...mail }) {
      const messageId = `<${key}@${domain}>`;
      try {
        await transport.sendMail({
          ...mail,
          from,
          to: { name: "", address },
          messageId,
          headers: { "Auto-Submitted": "auto-generated" },
          signal: AbortSignal.timeout(DEADLINE_MS),
        });
        return { messageId };
      } catch (error) {
        throw translate(error);
      }
    },
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
