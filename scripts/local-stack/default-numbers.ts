/** In the platform's own Twilio account: they stand in where a salon's number cannot send. */
export const DEFAULT_NUMBERS = ["+14155550190", "+14155550191"] as const;
