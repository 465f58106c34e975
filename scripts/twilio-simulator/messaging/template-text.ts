import { z } from "zod";
import { TwilioError } from "../twilio-api/error.ts";
import type { Content } from "../world/content.ts";

const Variables = z.record(z.string(), z.string());
const LONGEST_VALUE = 1600;
/** What WhatsApp does not take in a variable: line breaks, tabs, more than four spaces in a row. */
const UNWANTED = /[\n\r\t]| {5,}/;

/** The text of a template with its variables in place; the template's own stand in for those that are not sent. */
export function templateText({ body, variables }: Content, json: string | undefined): string {
  const given = json === undefined ? {} : parsed(json);
  const all: Readonly<Record<string, string>> = { ...variables, ...given };
  for (const value of Object.values(given)) {
    if (value.length > LONGEST_VALUE) throw new TwilioError(21658);
    if (value.trim() === "" || UNWANTED.test(value)) throw new TwilioError(21656);
  }
  return body.replace(/\{\{([^{}]*)\}\}/g, (_, name: string) => {
    const value = all[name];
    if (value === undefined) throw new TwilioError(21656);
    return value;
  });
}

function parsed(json: string): Readonly<Record<string, string>> {
  try {
    return Variables.parse(JSON.parse(json));
  } catch {
    throw new TwilioError(21656);
  }
}
