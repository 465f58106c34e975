import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import { claimPort } from "./free-port.ts";
import { parseMail } from "./parse-mail.ts";

export interface ReceivedMail {
  /** The envelope: who it was really sent by and to. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** Decoded, if the mail has one part; else all parts as they came. */
  readonly body: string;
  readonly raw: string;
}

export interface SmtpSink {
  readonly url: string;
  /** Oldest first. */
  messages(): ReceivedMail[];
  stop(): Promise<void>;
}

/** Takes every mail, from and to anyone, with any user and password or none, and delivers none. */
export async function startSmtpSink(options: { port?: number } = {}): Promise<SmtpSink> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    closeTimeout: 100,
    onAuth: (auth, _session, done) => done(null, { user: auth.username }),
    onData: (stream, { envelope }, done) => {
      text(stream)
        .then((raw) => {
          const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
          mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), ...parseMail(raw), raw });
          done();
        })
        .catch(done);
    },
  });
  server.on("error", () => undefined); // a client that hangs up is none of our worries
  const port = await claimPort(options.port ?? 0, "the SMTP sink");
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `smtp://127.0.0.1:${port}`,
    messages: () => [...mails],
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
