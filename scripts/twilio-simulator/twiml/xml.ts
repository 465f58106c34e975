export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly inside, trimmed. */
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<!DOCTYPE[^>]*>|<(\/?)([A-Za-z_][\w.:-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/gy;

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** Reads as much of XML as TwiML needs; throws a sentence on anything that is not well formed. */
export function parseXml(source: string): XmlElement {
  const document: Open = { name: "", attributes: new Map(), children: [], text: "" };
  const open: Open[] = [document];
  const text = source.replace(/^\uFEFF/, "").trim();
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    end = token.index + token[0].length;
    const [, cdata, closing, name, attributes = "", selfClosing, characters] = token;
    const current = open.at(-1) ?? document;
    if (characters !== undefined) current.text += decodeEntities(characters);
    else if (cdata !== undefined) current.text += cdata;
    else if (name !== undefined && closing === "/") close(open, name);
    else if (name !== undefined) {
      const element: Open = { name, attributes: readAttributes(attributes), children: [], text: "" };
      if (selfClosing === "/") current.children.push(element);
      else open.push(element);
    }
  }
  const [root, ...others] = document.children;
  if (end < text.length) throw new Error(`Not well formed at character ${end}.`);
  if (open.length > 1) throw new Error(`<${open.at(-1)?.name}> is never closed.`);
  if (root === undefined || others.length > 0 || document.text.trim() !== "")
    throw new Error("There must be one root.");
  return root;
}

function close(open: Open[], name: string) {
  const element = open.length > 1 ? open.pop() : undefined;
  if (element?.name !== name) throw new Error(`</${name}> does not close <${element?.name ?? ""}>.`);
  open.at(-1)?.children.push({ ...element, text: element.text.trim() });
}

function readAttributes(source: string): Map<string, string> {
  const attributes = new Map<string, string>();
  let end = 0;
  for (const [whole, name, double, single] of source.matchAll(ATTRIBUTE)) {
    end += whole.length;
    if (name !== undefined) attributes.set(name, decodeEntities(double ?? single ?? ""));
  }
  if (source.slice(end).trim() !== "") throw new Error(`Not an attribute: ${source.trim()}`);
  return attributes;
}

function decodeEntities(text: string): string {
  return text.replace(/&(#x?[0-9a-fA-F]+|\w+)?;?/g, (entity, name: string | undefined) => {
    if (name === undefined || !entity.endsWith(";")) throw new Error("A bare & must be written &amp;.");
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number.parseInt(name.slice(1), 10));
    const character = ENTITIES[name];
    if (character === undefined) throw new Error(`Unknown entity ${entity}`);
    return character;
  });
}
