import { withSalonName } from "#shared/salons/communication-settings.ts";
import { type Salon, Weekday } from "#shared/salons/salon.ts";
import { createCallScript } from "#shared/twilio/twiml.ts";
import { SPOKEN } from "./spoken.ts";

const DEFAULT_GREETING = "Thank you for calling {salon_name}.";

/** Where the steps of a call go on. */
export interface VoiceSteps {
  readonly menu: string;
  readonly transferred: string;
}

/** What a caller hears first: the salon's greeting, while a key may be pressed. TwiML. */
export function greetingScript(salon: Salon, steps: VoiceSteps): string {
  const { voice_enabled, voice_greeting, default_language } = salon.communication;
  const script = createCallScript();
  if (!voice_enabled) {
    return script
      .say({ text: `${salon.name} takes no calls on this number. Goodbye.` })
      .hangup()
      .toString();
  }
  const text = withSalonName(voice_greeting ?? DEFAULT_GREETING, salon.name);
  return script
    .gather({ prompt: [{ text, language: SPOKEN[default_language] }], action: steps.menu })
    .say({ text: "We did not get that. Please call again. Goodbye." })
    .hangup()
    .toString();
}

/** What a caller hears after a key: 1 books, 2 tells the hours, anything else starts again. TwiML. */
export function menuScript(salon: Salon, digits: string | undefined, steps: VoiceSteps): string {
  if (digits === "1") return bookingScript(salon, steps);
  if (digits === "2")
    return createCallScript()
      .say({ text: spokenHours(salon) })
      .hangup()
      .toString();
  return greetingScript(salon, steps);
}

/** After a transfer there is nothing left to say. TwiML. */
export function transferredScript(dialStatus: string | undefined): string {
  const script = createCallScript();
  if (dialStatus === "completed") return script.hangup().toString();
  return script
    .say({ text: "Nobody can take your call now. Please try again later. Goodbye." })
    .hangup()
    .toString();
}

/** What is heard by who calls a number that only sends messages. TwiML. */
export function nobodyScript(): string {
  return createCallScript()
    .say({ text: "Nobody is reached at this number. Please call your salon at its own. Goodbye." })
    .hangup()
    .toString();
}

function bookingScript(salon: Salon, steps: VoiceSteps): string {
  const number = salon.communication.voice_transfer_number;
  const script = createCallScript();
  if (number !== null) {
    return script.say({ text: "One moment, please." }).dial({ number, action: steps.transferred }).toString();
  }
  return script.say({ text: "To book, please send a message to this number. Goodbye." }).hangup().toString();
}

/** The opening hours as one sentence a day, in the order of the week, which Firestore does not keep. */
function spokenHours(salon: Salon): string {
  const days = Weekday.options.flatMap((day) => {
    const opening = salon.hours[day];
    return opening === undefined ? [] : [`On ${day} we are open from ${opening.opens} to ${opening.closes}.`];
  });
  return days.length === 0 ? "Our opening hours are not listed. Goodbye." : `${days.join(" ")} Goodbye.`;
}
