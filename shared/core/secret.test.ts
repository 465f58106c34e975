import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "./secret.ts";

const CANARY = "canary-7f3a9c";

describe("Secret", () => {
  it.each([
    ["String()", (secret: Secret) => String(secret)],
    ["a template", (secret: Secret) => `${secret}`],
    ["JSON", (secret: Secret) => JSON.stringify({ secret })],
    [
      "util.inspect with everything shown",
      (secret: Secret) => inspect({ secret }, { showHidden: true, depth: 9 }),
    ],
    ["console's format", (secret: Secret) => format("%s %o %j", secret, secret, secret)],
    ["its own keys", (secret: Secret) => JSON.stringify(Object.getOwnPropertyNames(secret))],
  ])("does not leak through %s", (_, print) => {
    expect(print(new Secret(CANARY))).not.toContain(CANARY);
  });

  it("gives its value to who says reveal", () => {
    expect(new Secret(CANARY).reveal()).toBe(CANARY);
  });
});
