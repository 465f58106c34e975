import { readCommandLine, USAGE } from "./command-line.ts";
import { startTwilioSimulator, type TwilioSimulator } from "./simulator.ts";

const commandLine = readCommandLine(process.argv.slice(2));
if (commandLine.kind === "help") {
  console.log(USAGE);
} else if (commandLine.kind === "wrong") {
  fail(commandLine.sentence);
} else {
  const { options } = commandLine;
  try {
    const simulator = await startTwilioSimulator(options);
    // Before anything is printed: who reads it may stop us at once.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void simulator.close());
    introduce(simulator);
  } catch (error) {
    fail(whyNot(error, options.port));
  }
}

function introduce({ url, main }: TwilioSimulator) {
  console.log(`Twilio simulator: ${url}

  Account SID   ${main.accountSid}
  Auth token    ${main.authToken}

  Handset       ${url}/simulator/handset
  Accounts      GET, POST ${url}/simulator/accounts
  Numbers       GET, POST ${url}/simulator/numbers
  WhatsApp      GET, POST ${url}/simulator/whatsapp-senders
  Customers     POST ${url}/simulator/inbound-messages, ${url}/simulator/inbound-calls
  Messages      GET ${url}/simulator/messages?to=&from=&account_sid=
  Webhooks      GET ${url}/simulator/webhooks
  Requests      GET ${url}/simulator/requests
  Faults        GET, POST, DELETE ${url}/simulator/faults
  Reset         POST ${url}/simulator/reset
  Health        GET ${url}/simulator/health

Stop with Ctrl+C.`);
}

function whyNot(error: unknown, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE")
    return `Port ${port} is taken; choose another with --port, or --port 0 for any free one.`;
  if (code === "EACCES") return `Port ${port} is not for ordinary users; choose one above 1023 with --port.`;
  return `The simulator could not start: ${error instanceof Error ? error.message : String(error)}`;
}

function fail(sentence: string) {
  console.error(sentence);
  process.exitCode = 1;
}
