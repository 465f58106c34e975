/** One word for a POSIX shell: nothing in it is expanded, and nothing in it ends it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command of these words; a long one has a line for each flag. */
export function command(...words: readonly string[]): string {
  const line = words.map(quote).join(" ");
  if (line.length <= 110) return line;
  return words.map((word, index) => `${index === 0 ? "" : gapBefore(word)}${quote(word)}`).join("");
}

function gapBefore(word: string): string {
  return word.startsWith("--") ? " \\\n  " : " ";
}

/** Creates what is not there yet, so that a plan may be run again. */
export function unlessThere(look: string, create: string): string {
  return `${look} > /dev/null 2>&1 ||\n  ${create}`;
}
