import { z } from "zod";
import { verifyChains } from "#scripts/audit/verify-chains.ts";
import { createAuthUsers } from "#scripts/testing/auth-users.ts";
import { CUSTOMER, OWN_ACCOUNT, OWN_NUMBER, SALON_A, type StoryContext } from "../context.ts";
import { ensure, eventually } from "../eventually.ts";

const Steps = z.object({ steps: z.array(z.object({ step: z.string(), outcome: z.string() })) });
const View = z.object({ own_account: z.object({ account_sid_last4: z.string(), is_active: z.boolean() }) });

/** Salon A brings its own Twilio account, and rotates its token without an outage. */
export async function ownAccount(context: StoryContext): Promise<string[]> {
  const { stack, twilio, read } = context;
  const own = await twilio.newAccount(OWN_ACCOUNT);
  await twilio.giveNumber(own.sid, OWN_NUMBER);
  const users = createAuthUsers(stack.projectId);
  const [owner, stranger] = [await users.add(), await users.add()];
  await stack.database.firestore.doc(`salons/${SALON_A}/members/${owner.uid}`).set({ role: "owner" });
  const authorization = await owner.signIn();

  const ask = async (method: string, path: string, body?: unknown, by = authorization) => {
    const response = await fetch(`${stack.gatewayUrl}/v1/salons/${SALON_A}${path}`, {
      method,
      headers: { authorization: by, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };
  const account = {
    account_sid: own.sid,
    auth_token: own.auth_token,
    phone_number: OWN_NUMBER,
    mode: "production",
  };

  const wrong = await ask("PUT", "/own-account", { ...account, auth_token: "0".repeat(32) });
  ensure(wrong.status === 422 || wrong.status === 400, `a wrong token was answered ${wrong.status}`);
  const saved = await ask("PUT", "/own-account", account);
  ensure(saved.status === 200, `saving the account was answered ${saved.status}`);
  const { steps } = Steps.parse(JSON.parse(saved.text));
  ensure(
    steps.every(({ outcome }) => outcome === "done"),
    `a step was not done: ${JSON.stringify(steps)}`,
  );

  const used = await ask("POST", "/use", { which: "own_account" });
  ensure(used.status === 204, `switching to the own account was answered ${used.status}`);
  // A running instance follows a switch within 30 s, a new one at once; the story does not wait.
  await Promise.all([stack.fn("deliver-message").kill(), stack.fn("deliver-message-critical").kill()]);
  await sendThroughOwn(context, "Your next visit: Tuesday, 10:00.");
  const rotated = await ask("POST", "/own-account/rotate", { method: "rotate_for_me" });
  ensure(rotated.status === 200, `the rotation was answered ${rotated.status}`);
  const [delivery] = await twilio.write({ to: OWN_NUMBER, from: CUSTOMER, body: "See you then!" });
  ensure(delivery?.status === 200, "a webhook signed with the new token was refused");
  await sendThroughOwn(context, "See you on Tuesday.");

  const view = await ask("GET", "/integration");
  const shown = View.parse(JSON.parse(view.text)).own_account;
  ensure(
    shown.account_sid_last4 === own.sid.slice(-4) && shown.is_active,
    "the view does not show the account",
  );
  ensure(
    !view.text.includes(own.sid) && !view.text.includes("ciphertext"),
    "the view shows what it must not",
  );
  const refused = await ask("GET", "/integration", undefined, await stranger.signIn());
  ensure(refused.status === 404, `a stranger was answered ${refused.status}`);
  const stored = JSON.stringify(await read(`salon_integrations/${SALON_A}`));
  ensure(
    !stored.includes(own.sid) && !stored.includes(own.auth_token),
    "the account stands in the clear in Firestore",
  );

  await eventually("the owner's mail about the change", async () =>
    stack.smtp.messages().find(({ to }) => to.includes("anjali@example.com")),
  );
  const chains = await verifyChains(stack.database, { salonId: SALON_A });
  ensure(chains.problems.length === 0 && chains.entries > 0, "the audit chain does not hold");
  return [
    `own account validated, saved, connected and tested; a wrong token was refused with ${wrong.status}`,
    "sent through it, token rotated by us at Twilio, webhook with the new token taken, sent again",
    `view shows …${shown.account_sid_last4}, a stranger gets 404, the owner got a mail, ${chains.entries} audit entries verified`,
  ];
}

async function sendThroughOwn(context: StoryContext, body: string): Promise<void> {
  const accepted = await context.send({ salon_id: SALON_A, channel: "sms", to: CUSTOMER, body });
  const message = await context.reaches(accepted.body.message_id ?? "", "delivered", "failed", "undelivered");
  ensure(message.state === "delivered", `the message ended ${message.state}`);
  ensure(message.attempts.at(-1)?.source === "salon_own", "it did not go through the salon's own account");
}
