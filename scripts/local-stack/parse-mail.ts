/** Subject and body of a mail as a person would read them. Mails of several parts keep their raw body. */
export function parseMail(raw: string): { subject: string; body: string } {
  const [head = "", ...rest] = raw.split("\r\n\r\n");
  const headers = head.replace(/\r\n[ \t]+/g, " ").split("\r\n"); // a line that begins with a blank continues the last
  const header = (name: string) =>
    headers
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim() ?? "";
  return {
    subject: decodeWords(header("subject")),
    body: decodeBody(rest.join("\r\n\r\n"), header("content-transfer-encoding").toLowerCase()),
  };
}

function decodeBody(body: string, encoding: string): string {
  if (encoding === "base64") return Buffer.from(body, "base64").toString();
  if (encoding === "quoted-printable") return decodeQuoted(body.replace(/=\r\n/g, ""));
  return body;
}

/** RFC 2047: =?UTF-8?B?…?= and =?UTF-8?Q?…?=; blanks between two such words are not part of the text. */
function decodeWords(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?[^?]+\?([BQ])\?([^?]*)\?=/gi, (_word, encoding: string, encoded: string) =>
      encoding.toUpperCase() === "B"
        ? Buffer.from(encoded, "base64").toString()
        : decodeQuoted(encoded.replaceAll("_", " ")),
    );
}

function decodeQuoted(value: string): string {
  const bytes = value.replace(/=([0-9A-F]{2})/gi, (_code, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
}
