const TYPES: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["webp", "image/webp"],
  ["mp4", "video/mp4"],
  ["ogg", "audio/ogg"],
  ["pdf", "application/pdf"],
  ["vcf", "text/vcard"],
]);

/** What a medium is by the end of its address; a picture as phones take them when that says nothing. */
export function contentTypeOf(url: string): string {
  const ending = new URL(url).pathname.split(".").at(-1) ?? "";
  return TYPES.get(ending.toLowerCase()) ?? "image/jpeg";
}
