import { DateTime } from "luxon";
import type { Told } from "./channel.ts";
import { plainWords } from "./plain-words.ts";

const MAX_NAME_CHARACTERS = 80;

export interface Words {
  readonly title: string;
  /** For the owner, a paragraph each. */
  readonly owner: readonly string[];
  /** For the security team, one line. */
  readonly security: string;
}

const NOT_YOU =
  "If this was neither you nor somebody you trust, change the Auth Token in your Twilio console now and contact Salon Flow support.";

const WEBHOOKS_LEFT =
  "Twilio did not let us put the account's numbers back as they were: what customers write or call still goes to Salon Flow and reaches nobody. Choose in your Twilio Console where it is to go.";

/** What a notification says, to whom it concerns, with dates in the salon's zone. */
export function wordsOf(told: Told): Words {
  const { notification } = told;
  const salon = nameOf(told);
  const at = (instant: Date) => momentIn(told.contact.timeZone, instant);
  const day = (instant: Date) => dayIn(told.contact.timeZone, instant);
  switch (notification.kind) {
    case "credentials_changed": {
      const { by, by_name, rollback_until } = notification.facts;
      const what = (who: string) =>
        `${who} changed the Twilio credentials of ${salon} on ${at(notification.facts.at)}.`;
      const undo =
        rollback_until === null
          ? []
          : [`The earlier credentials can be brought back in the dashboard until ${at(rollback_until)}.`];
      return {
        title: "Twilio credentials were changed",
        owner: [what(by_name ?? by), ...undo, NOT_YOU],
        security: [what(by), ...undo].join(" "),
      };
    }
    case "credentials_rolled_back": {
      const { by, by_name } = notification.facts;
      const what = (who: string) =>
        `${who} brought back the earlier Twilio credentials of ${salon} on ${at(notification.facts.at)}.`;
      return {
        title: "the earlier Twilio credentials are back",
        owner: [what(by_name ?? by), NOT_YOU],
        security: what(by),
      };
    }
    case "integration_disconnected": {
      const { by, by_name, webhooks_left } = notification.facts;
      const what = (who: string) =>
        `${who} disconnected the Twilio account of ${salon} on ${at(notification.facts.at)}.`;
      const effect = "Salon Flow no longer sends or receives messages through it.";
      const left = webhooks_left === true ? [WEBHOOKS_LEFT] : [];
      return {
        title: "the Twilio account was disconnected",
        owner: [
          what(by_name ?? by),
          `${effect} To connect it again, open Messaging in your dashboard.`,
          ...left,
        ],
        security: what(by),
      };
    }
    case "integration_failed": {
      const { reason } = notification.facts;
      const what = `Since ${at(notification.facts.at)}, messages of ${salon} cannot be sent or received.`;
      return {
        title: "messaging needs attention",
        owner: [what, reason, "Open Messaging in your dashboard to put it right."],
        security: `${what} ${reason}`,
      };
    }
    case "integration_recovered": {
      const { since } = notification.facts;
      const what = `Messages of ${salon} can be sent and received again since ${at(notification.facts.at)}.`;
      const waited = `Those that waited since ${at(since)} are on their way; one that had no more time has expired.`;
      return { title: "messaging works again", owner: [what, waited], security: what };
    }
    case "attention_needed": {
      const { reason } = notification.facts;
      const what = `Something about the Twilio account of ${salon} needs you, as of ${at(notification.facts.at)}.`;
      return {
        title: "the Twilio account needs attention",
        owner: [what, reason],
        security: `${what} ${reason}`,
      };
    }
    case "rotation_due": {
      const { last_rotated_at, due_at, threshold_days } = notification.facts;
      const age = `The Twilio credentials of ${salon} were last changed on ${day(last_rotated_at)}.`;
      const late = threshold_days === 90;
      const due = late
        ? `They should have been changed by ${day(due_at)}, after 90 days.`
        : `Please change them by ${day(due_at)}, 90 days later.`;
      const how =
        "Create a new Auth Token in your Twilio console and enter it in your dashboard under Messaging: nothing is interrupted. If you no longer use this account, disconnect it there.";
      const title = late
        ? "Twilio credentials are overdue for a change"
        : "please change the Twilio credentials soon";
      return { title, owner: [age, due, how], security: `${age} ${due}` };
    }
    case "changed_outside": {
      const { by, fields } = notification.facts;
      const what = `${by} changed the messaging settings of ${salon} past Salon Flow's own services on ${at(notification.facts.at)}`;
      const which = fields.length === 0 ? "" : `: ${fields.join(", ")}`;
      return {
        title: "messaging settings were changed from outside",
        owner: [`${what}.`, NOT_YOU],
        security: `${what}${which}.`,
      };
    }
    case "messages_not_delivered": {
      const { reason } = notification.facts;
      const what = `On ${at(notification.facts.at)} a message of ${salon} did not reach its recipient.`;
      const how =
        "Others of that day may have met the same. Messages in your dashboard shows each of them, and sends it again.";
      return {
        title: "messages were not delivered",
        owner: [what, reason, how],
        security: `${what} ${reason}`,
      };
    }
    case "calls_not_made": {
      const { reason } = notification.facts;
      const what = `On ${at(notification.facts.at)} a call of ${salon} to a customer could not be made.`;
      const how = "Others of that day may have met the same; they are not made again by themselves.";
      return { title: "calls were not made", owner: [what, reason, how], security: `${what} ${reason}` };
    }
    case "voicemail_left": {
      const { seconds } = notification.facts;
      const length = seconds === 1 ? "1 second" : `${seconds} seconds`;
      const what = `A caller left a message of ${length} for ${salon} on ${at(notification.facts.at)}.`;
      const where = "The dashboard lists it with the caller's number, and plays it to members of the salon.";
      return { title: "a caller left a message", owner: [what, where], security: what };
    }
    case "delivery_trouble": {
      const { failure_class, twilio_code } = notification.facts;
      const code = twilio_code === null ? "" : ` (https://www.twilio.com/docs/api/errors/${twilio_code})`;
      const what = `Messages or calls of ${salon} fail since ${at(notification.facts.at)}: ${failure_class}${code}.`;
      return { title: "messages fail", owner: [what], security: what };
    }
    case "message_sent_twice": {
      const what = `A message of ${salon} was sent twice, as Twilio said on ${at(notification.facts.at)}: ${notification.facts.message_id}.`;
      return { title: "a message was sent twice", owner: [what], security: what };
    }
    case "data_erased": {
      const { by, by_name } = notification.facts;
      const what = (who: string) =>
        `At the request of ${who}, the messaging data of ${salon} was erased on ${at(notification.facts.at)}.`;
      return {
        title: "messaging data was erased",
        owner: [what(by_name ?? by), "It cannot be brought back."],
        security: what(by),
      };
    }
    case "platform_credentials_rotated": {
      const what = `The Twilio credentials of the platform account “${notification.facts.account}” were rotated on ${at(notification.facts.at)}.`;
      return { title: "platform credentials were rotated", owner: [what], security: what };
    }
    case "platform_rotation_failed": {
      const { account, reason } = notification.facts;
      const what = `The Twilio credentials of the platform account “${account}” could not be rotated on ${at(notification.facts.at)}: ${reason}`;
      return { title: "platform credentials could not be rotated", owner: [what], security: what };
    }
  }
}

/** The salon's name as it may stand in a subject line. */
export function nameOf({ contact }: Told): string {
  return plainWords(contact.salonName, MAX_NAME_CHARACTERS);
}

function momentIn(zone: string, instant: Date): string {
  return DateTime.fromJSDate(instant, { zone }).setLocale("en").toFormat("d LLLL yyyy 'at' HH:mm '('z')'");
}

function dayIn(zone: string, instant: Date): string {
  return DateTime.fromJSDate(instant, { zone }).setLocale("en").toFormat("d LLLL yyyy");
}
