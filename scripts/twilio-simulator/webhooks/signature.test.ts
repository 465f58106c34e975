import fc from "fast-check";
import twilio from "twilio";
import { expect, test } from "vitest";
import { signatureOf } from "./signature.ts";

test("signs Twilio's published example as published", () => {
  const parameters = {
    Digits: "1234",
    To: "+18005551212",
    From: "+14158675310",
    Caller: "+14158675310",
    CallSid: "CA1234567890ABCDE",
  };
  const signature = signatureOf("12345", "https://example.com/myapp.php?foo=1&bar=2", parameters);
  expect(signature).toBe("L/OH5YylLD5NRKLltdqwSvS0BnU=");
});

test("satisfies Twilio's own validator for whatever an application is sent", () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,12}$/);
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.string({ unit: "grapheme" })),
      fc.string({ minLength: 1 }),
      (parameters, token) => {
        const url = "http://127.0.0.1:8080/hook?salon=7&message=x";
        const plain = { ...parameters };
        return twilio.validateRequest(token, signatureOf(token, url, plain), url, plain);
      },
    ),
  );
});

test("sorts names by their bytes: capitals before small letters", () => {
  const signature = signatureOf("secret", "https://example.com/", { b: "1", B: "2", a: "3" });
  expect(
    twilio.validateRequest("secret", signature, "https://example.com/", { a: "3", b: "1", B: "2" }),
  ).toBe(true);
});
