import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const Indexes = z.object({
  fieldOverrides: z.array(
    z.object({ collectionGroup: z.string(), fieldPath: z.string(), indexes: z.array(z.unknown()) }),
  ),
});

test("no query goes by a field that has no index", () => {
  const { fieldOverrides } = Indexes.parse(
    JSON.parse(readFileSync(`${ROOT}/firestore.indexes.json`, "utf8")),
  );
  const without = fieldOverrides.filter(({ indexes }) => indexes.length === 0);
  const queried = globSync("{shared,functions}/**/*.ts", { cwd: ROOT })
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => [
      ...readFileSync(`${ROOT}/${path}`, "utf8").matchAll(/\.(?:where|orderBy)\(\s*"([\w.]+)"/g),
    ])
    .map(([, field]) => field);
  expect(queried).toContain("due_at");
  expect(without.map(({ fieldPath }) => fieldPath).filter((field) => queried.includes(field))).toEqual([]);
});
