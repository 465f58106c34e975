import { z } from "zod";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import type { NewToken, OwnAccounts } from "#shared/own-account/own-accounts.ts";
import { answer, body, NO_BODY, nothing } from "#shared/runtime/route-contract.ts";
import { type Route, route } from "./routes.ts";
import { StepReport } from "./step-report.ts";

/** Whether it is the right one, only Twilio knows; this is what can be one. What was pasted may have spaces around it. */
const AuthToken = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]{16,128}$/, "must be an Auth Token: 32 letters and digits, from the Twilio Console")
  .meta({ format: "password", writeOnly: true })
  .transform((value) => new Secret(value));
/** Its shape is checked with the rest, where the owner is told in words. */
const AccountSid = z
  .string()
  .trim()
  .min(1, "must hold an Account SID")
  .max(64, "is too long for an Account SID");

const OwnAccountBody = z.strictObject({
  account_sid: AccountSid,
  auth_token: AuthToken,
  phone_number: E164,
  whatsapp_number: E164.nullish(),
  mode: z.enum(["sandbox", "production"]),
});

const RotateBody = z
  .discriminatedUnion("method", [
    z.strictObject({
      method: z.literal("pasted"),
      auth_token: AuthToken,
      account_sid: AccountSid.optional(),
    }),
    z.strictObject({ method: z.literal("rotate_for_me") }),
  ])
  .transform(
    (entered): NewToken =>
      entered.method === "rotate_for_me"
        ? entered
        : { method: "pasted", authToken: entered.auth_token, accountSid: entered.account_sid },
  );

type Operations = Pick<OwnAccounts, "save" | "rotate" | "rollback" | "disconnect">;

/** The salon's own Twilio account and its credentials. */
export function ownAccountRoutes({ ownAccounts }: { readonly ownAccounts: Operations }): Route[] {
  return [
    route({
      method: "PUT",
      path: "/own-account",
      operation: "saveOwnAccount",
      summary: "Check, save and connect the salon's own Twilio account",
      // It may replace the credentials in use, so it takes what a rotation takes.
      atLeast: "owner",
      recentSignIn: true,
      takes: body(OwnAccountBody),
      gives: answer(z.object({ steps: z.array(StepReport) })),
      work: async ({ salonId, by }, entered) => {
        const account = {
          accountSid: entered.account_sid,
          authToken: entered.auth_token,
          phoneNumber: entered.phone_number,
          whatsappNumber: entered.whatsapp_number ?? undefined,
          mode: entered.mode,
        };
        return { steps: await ownAccounts.save(salonId, account, by) };
      },
    }),
    route({
      method: "POST",
      path: "/own-account/rotate",
      operation: "rotateCredentials",
      summary: "Replace the own account's Auth Token, by one that was pasted or by one made for the salon",
      atLeast: "owner",
      recentSignIn: true,
      takes: body(RotateBody),
      gives: answer(z.object({ rollback_until: z.iso.datetime() })),
      work: async ({ salonId, by }, token) => {
        const { rollbackUntil } = await ownAccounts.rotate(salonId, token, by);
        return { rollback_until: rollbackUntil.toISOString() };
      },
    }),
    route({
      method: "POST",
      path: "/own-account/rollback",
      operation: "rollBackCredentials",
      summary: "Put the previous credentials back, within 24 hours and if Twilio still takes them",
      atLeast: "owner",
      recentSignIn: true,
      takes: NO_BODY,
      gives: nothing("done"),
      work: ({ salonId, by }) => ownAccounts.rollback(salonId, by),
    }),
    route({
      method: "DELETE",
      path: "/own-account",
      operation: "disconnectOwnAccount",
      summary: "Restore the number's earlier webhooks and forget the credentials",
      atLeast: "owner",
      alsoClosed: true,
      recentSignIn: true,
      takes: NO_BODY,
      gives: answer(
        z.object({
          webhooks_not_restored: z
            .string()
            .nullable()
            .describe("Why the number and the WhatsApp number still lead to us; null when they do not"),
        }),
      ),
      work: async ({ salonId, by }) => ({ webhooks_not_restored: await ownAccounts.disconnect(salonId, by) }),
    }),
  ];
}
