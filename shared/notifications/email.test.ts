import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, test } from "vitest";
import { startSmtpSink } from "#scripts/local-stack/smtp-sink.ts";
import { notificationOf, toldOf } from "#scripts/testing/example-notification.ts";
import { Secret } from "#shared/core/secret.ts";
import { createEmail } from "./email.ts";

const FROM = "Salon Flow <messaging@salonflow.example>";
const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function startSink() {
  const sink = await startSmtpSink();
  stops.push(() => sink.stop());
  return { sink, email: createEmail({ smtpUrl: new Secret(sink.url), from: FROM }) };
}

/** The headers, each on one line. */
function headOf(raw = ""): string {
  const [head = ""] = raw.split("\r\n\r\n");
  return head.replace(/\r\n[ \t]+/g, " ").replaceAll("\r\n", "\n");
}

/** A mail server that refuses every recipient. */
async function startRefusing(responseCode: number) {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    closeTimeout: 100,
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error("canary-7f3a9c"), { responseCode })),
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return createEmail({ smtpUrl: new Secret(`smtp://127.0.0.1:${port}`), from: FROM });
}

describe("a mail", () => {
  test("reaches the owner alone, as text and as HTML, from us, and says that it is automatic", async () => {
    const { sink, email } = await startSink();
    expect(await email(toldOf())).toEqual({ state: "sent" });
    const [mail] = sink.messages();
    expect(mail).toMatchObject({ from: "messaging@salonflow.example", to: ["anjali@example.com"] });
    expect(mail?.subject).toBe("Anjali's Salon: Twilio credentials were changed");
    expect(mail?.raw).toMatch(/^Content-Type: multipart\/alternative/im);
    expect(mail?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  });

  test("is the same mail when it is sent again: its id and date are the notification's", async () => {
    const { sink, email } = await startSink();
    await email(toldOf());
    await email(toldOf());
    const heads = sink.messages().map(({ raw }) =>
      headOf(raw)
        .match(/^(Message-ID|Date): .*$/gm)
        ?.toSorted(),
    );
    expect(heads[0]).toEqual([
      "Date: Sun, 22 Nov 2026 14:30:00 +0000",
      `Message-ID: <notification-${notificationOf().id}@salonflow.example>`,
    ]);
    expect(heads[1]).toEqual(heads[0]);
  });

  test("header injection: a salon's name adds no header and no recipient", async () => {
    const { sink, email } = await startSink();
    await email(toldOf(undefined, { salonName: "Anjali\r\nBcc: victim@example.com\r\n\r\nbody" }));
    const [mail] = sink.messages();
    expect(mail?.to).toEqual(["anjali@example.com"]);
    expect(headOf(mail?.raw)).not.toMatch(/^Bcc:/m);
  });

  test.each([
    ["no address", null],
    ["two addresses in one", "anjali@example.com, victim@example.com"],
    ["a header in the address", "anjali@example.com\r\nBcc: victim@example.com"],
    ["a name around it", "Anjali <anjali@example.com>"],
  ])("is skipped where the owner has %s", async (_what, ownerEmail) => {
    const { sink, email } = await startSink();
    expect(await email(toldOf(undefined, { ownerEmail }))).toMatchObject({ state: "skipped" });
    expect(sink.messages()).toEqual([]);
  });
});

describe("a mail server", () => {
  test("that is down may be up again later", async () => {
    const { sink, email } = await startSink();
    await sink.stop();
    await expect(email(toldOf())).rejects.toMatchObject({
      retry: true,
      message: "The mail server did not take the mail (ESOCKET).",
    });
  });

  test("that puts us off is tried again, and one that refuses the mailbox is not", async () => {
    await expect((await startRefusing(451))(toldOf())).rejects.toMatchObject({ retry: true });
    const refusal = (await startRefusing(550))(toldOf());
    await expect(refusal).rejects.toMatchObject({
      retry: false,
      message: "The mail server did not take the mail (EENVELOPE 550).",
    });
  });

  test("eavesdropping: without TLS gets neither password nor mail, unless it is on loopback", async () => {
    const { sink } = await startSink();
    const port = new URL(sink.url).port;
    // A spelling of 127.0.0.1 that is not taken for loopback stands for a server elsewhere.
    const email = createEmail({ smtpUrl: new Secret(`smtp://user:password@127.1:${port}`), from: FROM });
    await expect(email(toldOf())).rejects.toThrow("(ETLS");
    expect(sink.messages()).toEqual([]);
  });
});
