import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { variables } from "#shared/core/config.ts";
import { Secret } from "#shared/core/secret.ts";
import { FUNCTION_VARIABLES, LOCAL_VARIABLES, SECRET_VARIABLES } from "./function-variables.ts";

test("every variable is read by a function of the table, or is for one machine alone", () => {
  const deployed = new Set(Object.values(FUNCTION_VARIABLES).flat());
  const known = Object.keys(variables.shape);
  expect([...deployed, ...LOCAL_VARIABLES].toSorted()).toEqual(known.toSorted());
});

test("what the code keeps as a Secret comes from Secret Manager, and nothing else does", () => {
  const example = readFileSync(new URL("../.env.example", import.meta.url), "utf8");
  const values = parseEnv(example.replaceAll(/^# (?=[A-Z_]+=)/gm, ""));
  const kept = Object.entries(variables.shape).flatMap(([name, schema]) =>
    schema.parse(values[name]) instanceof Secret ? [name] : [],
  );
  expect(Object.keys(SECRET_VARIABLES).toSorted()).toEqual(kept.toSorted());
});
