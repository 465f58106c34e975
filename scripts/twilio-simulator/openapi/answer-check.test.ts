import { expect, test } from "vitest";
import { createAnswerCheck } from "../testing/openapi-answers.ts";

const sid = `AC${"a".repeat(32)}`;
const right = {
  account_sid: sid,
  auth_token: "token",
  date_created: "2015-07-31T04:00:00Z",
  date_updated: "2015-07-31T04:00:00Z",
  url: "https://accounts.twilio.com/v1/AuthTokens/Promote",
};

test("finds nothing wrong with Twilio's own example", () => {
  expect(createAnswerCheck().problems("POST", "/v1/AuthTokens/Promote", 200, right)).toEqual([]);
});

test.each([
  ["a wrong status", 201, right],
  ["a missing property", 200, { ...right, auth_token: undefined }],
  ["a property of our own", 200, { ...right, secret: "x" }],
  ["a wrong type", 200, { ...right, auth_token: 12 }],
  ["a SID of another kind", 200, { ...right, account_sid: "SM1" }],
  ["a date in another form", 200, { ...right, date_created: "Fri, 31 Jul 2015 04:00:00 +0000" }],
])("notices %s", (_, status, body) => {
  const sent: unknown = JSON.parse(JSON.stringify(body));
  expect(createAnswerCheck().problems("POST", "/v1/AuthTokens/Promote", status, sent)).not.toEqual([]);
});

test("notices what is wrong inside a list, behind a reference", () => {
  const body = { messages: [{ status: "flying" }], end: 0, start: 0, page: 0, page_size: 50 };
  const problems = createAnswerCheck().problems(
    "GET",
    `/2010-04-01/Accounts/${sid}/Messages.json`,
    200,
    body,
  );
  expect(problems.some((problem) => problem.startsWith("/messages/0/status"))).toBe(true);
});

test("notices an operation that Twilio does not describe", () => {
  expect(createAnswerCheck().problems("GET", "/v1/Weather", 200, {})).not.toEqual([]);
});
