import { expect, test } from "vitest";
import { isKeyword } from "./keywords.ts";

test.each(["STOP", "stop", "  Stop \n", "UNSUBSCRIBE", "Help", "START", "yes"])(
  "%j is a carrier's word",
  (body) => {
    expect(isKeyword(body)).toBe(true);
  },
);

test.each(["", "Please stop by at 10", "stop it", "yes please", "Helping hand"])(
  "%j is a customer's",
  (body) => {
    expect(isKeyword(body)).toBe(false);
  },
);
