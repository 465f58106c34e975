import { connect } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SmtpSink, startSmtpSink } from "./smtp-sink.ts";

let sink: SmtpSink;

beforeAll(async () => {
  sink = await startSmtpSink();
});
afterAll(() => sink.stop());

/** Speaks SMTP by hand: each line waits for the answer to the one before. */
async function send(recipients: string[], mail: string[]): Promise<string[]> {
  const { hostname, port } = new URL(sink.url);
  const socket = connect(Number(port), hostname);
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  const seen: string[] = [];
  const to = recipients.map((recipient) => `RCPT TO:<${recipient}>`);
  const commands = [
    "HELO test",
    "MAIL FROM:<salons@example.com>",
    ...to,
    "DATA",
    [...mail, "."].join("\r\n"),
    "QUIT",
  ];
  for (const command of commands) {
    seen.push((await answers.next()).value ?? "");
    socket.write(`${command}\r\n`);
  }
  seen.push((await answers.next()).value ?? "");
  socket.end();
  return seen;
}

test("keeps every mail with its envelope and readable subject and body", async () => {
  const answers = await send(
    ["owner@example.com", "second@example.com"],
    [
      "From: Salon Flow <salons@example.com>",
      "Subject: =?UTF-8?Q?Rotate_your?= =?UTF-8?B?IOKCuSB0b2tlbg==?=",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "Your caf=C3=A9 pays =E2=82=B9500, so please =",
      "rotate.",
    ],
  );
  expect(answers.every((answer) => /^[23]/.test(answer))).toBe(true);
  expect(sink.messages()).toMatchObject([
    {
      from: "salons@example.com",
      to: ["owner@example.com", "second@example.com"],
      subject: "Rotate your ₹ token",
      body: "Your café pays ₹500, so please rotate.\r\n",
    },
  ]);
});
