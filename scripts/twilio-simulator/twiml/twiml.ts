import { parseXml, type XmlElement } from "./xml.ts";

export type Twiml =
  | { readonly ok: true; readonly verbs: readonly XmlElement[] }
  /** 12300: wrong content type; 12100: not XML, or not a <Response>. */
  | { readonly ok: false; readonly errorCode: 12300 | 12100; readonly reason: string };

const CONTENT_TYPES = ["text/xml", "application/xml", "text/html"];

/** Reads what an application answered; an empty body is an empty response, as Twilio takes it. */
export function readTwiml(contentType: string, body: string): Twiml {
  if (body.trim() === "") return { ok: true, verbs: [] };
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (!CONTENT_TYPES.includes(type)) {
    return {
      ok: false,
      errorCode: 12300,
      reason: `The content type is ${type || "missing"}; TwiML is text/xml.`,
    };
  }
  try {
    const root = parseXml(body);
    if (root.name !== "Response") throw new Error(`The root is <${root.name}>, not <Response>.`);
    return { ok: true, verbs: root.children };
  } catch (error) {
    return { ok: false, errorCode: 12100, reason: error instanceof Error ? error.message : String(error) };
  }
}
