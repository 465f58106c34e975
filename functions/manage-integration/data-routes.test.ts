import { describe, expect, test } from "vitest";
import { SalonId } from "#shared/core/ids.ts";
import { dataRoutes } from "./data-routes.ts";

const MEBIBYTE = 1024 * 1024;
const salonId = SalonId.parse("salon-1");
const request = { method: "GET", path: "", rawQuery: "", rawBody: Buffer.alloc(0), header: () => undefined };
const caller = {
  salonId,
  actor: { uid: "u", role: "owner" },
  by: { actor: { kind: "member", id: "u" }, origin: {} },
} as const;
const nobody = async () => {
  throw new Error("not asked for here");
};

/** An export of this many lines of half a mebibyte each. */
function exporting(lines: number) {
  const given = { count: 0 };
  const [route] = dataRoutes({
    async *exportSalon() {
      const data = { text: "é".repeat(MEBIBYTE / 4) };
      for (; given.count < lines; given.count += 1)
        yield `${JSON.stringify({ collection: "messages", id: `m${given.count}`, data })}\n`;
    },
    erasures: { request: nobody, get: nobody },
  });
  if (route === undefined) throw new Error("There is no route.");
  return { serve: () => route.serve(request, caller), given };
}

describe("an export", () => {
  test("of nothing is a document without documents", async () => {
    expect((await exporting(0).serve()).body).toBe('{"documents":[]}');
  });

  test("of many lines is one document of them", async () => {
    const { body = "" } = await exporting(3).serve();
    expect(JSON.parse(body).documents.map(({ id }: { id: string }) => id)).toEqual(["m0", "m1", "m2"]);
  });

  test("that is too large for one answer is refused by its bytes, without reading on", async () => {
    const { serve, given } = exporting(1_000);
    await expect(serve()).rejects.toMatchObject({
      code: "failed-precondition",
      context: { reason: "export_too_large" },
    });
    expect(given.count).toBe(61);
  });
});
