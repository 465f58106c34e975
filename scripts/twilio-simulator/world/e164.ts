import { parsePhoneNumberFromString } from "libphonenumber-js/max";

export function isE164(text: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(text) && parsePhoneNumberFromString(text)?.isPossible() === true;
}

/** The ISO 3166 code; empty where the number belongs to no country. */
export function countryOf(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.country ?? "";
}

/** As Twilio shows a number to people: `(415) 555-0123` at home. */
export function nationalFormat(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.formatNational() ?? phoneNumber;
}
