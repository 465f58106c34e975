import { signatureOf } from "#scripts/twilio-simulator/webhooks/signature.ts";
import { CUSTOMER, MessageView, PARENT_NUMBER, SALON_A, SALON_B, type StoryContext } from "../context.ts";
import { ensure } from "../eventually.ts";

const NOT_SIGNED = "This request is not signed by a Twilio account of this salon.";

/** What must not get in does not, and leaves no trace. */
export async function refusals(context: StoryContext): Promise<string[]> {
  const own = await context.twilio.accountCalled(SALON_A);
  const other = await context.twilio.accountCalled(SALON_B);
  ensure(own !== undefined && other !== undefined, "a salon has no subaccount");
  const before = await traces(context);
  const path = `/webhooks/twilio/sms/${SALON_A}`;
  const form = {
    AccountSid: own.sid,
    MessageSid: `SM${"0".repeat(32)}`,
    From: CUSTOMER,
    To: PARENT_NUMBER,
    Body: "Hi",
  };

  const forged = await post(context, path, form, "not-the-token");
  expectRefusal("a forged webhook", forged, 403, NOT_SIGNED);
  const unknown = await post(context, "/webhooks/twilio/sms/salon-nobody", form, own.auth_token);
  expectRefusal("a webhook for an unknown salon", unknown, 403, NOT_SIGNED);
  const foreign = await post(context, path, { ...form, AccountSid: other.sid }, other.auth_token);
  expectRefusal("another account's valid signature", foreign, 403, NOT_SIGNED);
  const large = await post(context, path, { ...form, Body: "x".repeat(70_000) }, own.auth_token);
  expectRefusal("a body over the limit", large, 413, "The body is over the limit of 65536 bytes; send less.");
  const malformed = await context.send({ salon_id: SALON_A, channel: "sms", to: "12345", body: "Hi" });
  ensure(
    malformed.status === 400 && malformed.body.error?.field === "to",
    "a malformed send was not refused for its to",
  );

  const after = await traces(context);
  ensure(JSON.stringify(after) === JSON.stringify(before), "a refused request has changed something");
  return [
    "forged, unknown salon, another account's signature: 403, the same words",
    `body over the limit: 413; malformed send: 400, "${malformed.body.error?.message}"`,
    `nothing changed: ${after.messages} messages, ${after.rows} ledger rows, as before`,
  ];
}

interface Answer {
  readonly status: number;
  readonly body: MessageView;
}

function expectRefusal(what: string, { status, body }: Answer, wantedStatus: number, words: string): void {
  const refused = status === wantedStatus && body.error?.message === words;
  ensure(refused, `${what} was answered ${status} ${JSON.stringify(body.error)}`);
}

async function post(
  { stack }: StoryContext,
  path: string,
  form: Record<string, string>,
  token: string,
): Promise<Answer> {
  const url = `${stack.gatewayUrl}${path}`;
  const response = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(form),
    headers: { "x-twilio-signature": signatureOf(token, url, form) },
  });
  return { status: response.status, body: MessageView.parse(await response.json()) };
}

async function traces({ stack, inboundMessages }: StoryContext) {
  const { firestore } = stack.database;
  const [messages, rows, contacts] = await Promise.all([
    firestore.collection("messages").count().get(),
    firestore.collectionGroup("usage_ledger").count().get(),
    firestore.collection("contacts").count().get(),
  ]);
  return {
    messages: messages.data().count,
    rows: rows.data().count,
    contacts: contacts.data().count,
    published: inboundMessages.events().length,
  };
}
