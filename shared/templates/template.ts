import { AppError } from "#shared/core/errors.ts";
import type { Language } from "#shared/salons/communication-settings.ts";

/** One text in every language. Its placeholders are its variables' names, each once: `{{customer_name}}`. */
export interface Template {
  /** Marketing needs the customer's consent, and says how to end it. */
  readonly category: "transactional" | "marketing";
  readonly variables: Readonly<Record<string, TemplateVariable>>;
  readonly texts: Readonly<Record<Language, string>>;
}

export interface TemplateVariable {
  readonly maxCharacters: number;
  /** What WhatsApp's reviewers see in its place. */
  readonly sample: string;
}

/** Text in Twilio's words: placeholders are numbers, from 1, in the order in which they stand in the text. */
export interface NumberedText {
  readonly body: string;
  /** The variables' names: the first is `{{1}}`. */
  readonly names: readonly string[];
}

/** What Twilio takes as a message's body. */
const MAX_CHARACTERS = 1_600;
const PLACEHOLDER = /\{\{(\w+)\}\}/g;
/** WhatsApp takes no line breaks, tabs or long gaps in a variable; Twilio answers them with 21656. */
const UNPRINTABLE = /\p{Cc}|\p{Zl}|\p{Zp}/u;
const LONG_GAP = / {4,}/;

/** The text with its variables in place. Throws invalid-argument, naming the field, for what cannot be sent. */
export function renderText(
  template: Template,
  language: Language,
  values: Readonly<Record<string, string>>,
): string {
  checkVariables(template, values);
  // A function, because in a replacement text `$&` has a meaning of its own.
  const text = template.texts[language].replace(PLACEHOLDER, (_, name: string) => values[name] ?? "");
  if (text.length <= MAX_CHARACTERS) return text;
  throw invalid("template.variables", `make the text longer than ${MAX_CHARACTERS} characters; shorten them`);
}

export function numberedText(text: string): NumberedText {
  const names: string[] = [];
  const body = text.replace(PLACEHOLDER, (_, name: string) => `{{${names.push(name)}}}`);
  return { body, names };
}

function checkVariables({ variables }: Template, values: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(variables, name)) continue;
    // Only what looks like a name is repeated: anything else may be a customer's data in the wrong place.
    const field = /^[a-z][a-z_]{0,39}$/.test(name) ? `template.variables.${name}` : "template.variables";
    throw invalid(field, `the template only knows ${Object.keys(variables).join(", ")}`);
  }
  for (const [name, { maxCharacters }] of Object.entries(variables)) {
    const problem = problemOf(Object.hasOwn(values, name) ? values[name] : undefined, maxCharacters);
    if (problem !== undefined) throw invalid(`template.variables.${name}`, problem);
  }
}

function problemOf(value: string | undefined, maxCharacters: number): string | undefined {
  if (value === undefined) return "is missing";
  if (value.trim() === "") return "must not be empty";
  if (value.length > maxCharacters) return `must have at most ${maxCharacters} characters`;
  if (UNPRINTABLE.test(value)) return "must not hold line breaks, tabs or other control characters";
  if (LONG_GAP.test(value)) return "must not hold four or more spaces in a row";
  if (value.includes("{{") || value.includes("}}")) return "must not hold {{ or }}";
  return undefined;
}

/** Throw what this makes: it names the field and the remedy, never the value. */
export function invalid(field: string, remedy: string): AppError {
  return new AppError("invalid-argument", `${field}: ${remedy}.`, { context: { field } });
}
