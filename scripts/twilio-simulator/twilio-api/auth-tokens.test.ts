import { expect, test } from "vitest";
import { startBench } from "../testing/bench.ts";

const LIST = "/2010-04-01/Accounts.json";

test("authenticates with both tokens until the promotion, and then only with the new one", async () => {
  const bench = await startBench();
  const { accountSid } = bench.main;
  const { secondaryAuthToken } = await bench.client().accounts.v1.secondaryAuthToken().create();
  const next = { accountSid, authToken: secondaryAuthToken };
  const statuses = async () => [
    (await bench.api("GET", LIST)).status,
    (await bench.api("GET", LIST, undefined, next)).status,
  ];
  expect(await statuses()).toEqual([200, 200]);
  const promoted = await bench.client(next).accounts.v1.authTokenPromotion().update();
  expect(promoted.authToken).toBe(secondaryAuthToken);
  expect(await statuses()).toEqual([401, 200]);
});

test("forgets a secondary token that is deleted", async () => {
  const bench = await startBench();
  const { secondaryAuthToken } = await bench.client().accounts.v1.secondaryAuthToken().create();
  expect(await bench.client().accounts.v1.secondaryAuthToken().remove()).toBe(true);
  const gone = { ...bench.main, authToken: secondaryAuthToken };
  expect((await bench.api("GET", LIST, undefined, gone)).status).toBe(401);
});

test("replaces an unpromoted secondary token with a newer one", async () => {
  const bench = await startBench();
  const create = async () =>
    (await bench.client().accounts.v1.secondaryAuthToken().create()).secondaryAuthToken;
  const [first, second] = [await create(), await create()];
  expect((await bench.api("GET", LIST, undefined, { ...bench.main, authToken: first })).status).toBe(401);
  expect((await bench.api("GET", LIST, undefined, { ...bench.main, authToken: second })).status).toBe(200);
});

test.each([
  ["POST", "/v1/AuthTokens/Promote"],
  ["DELETE", "/v1/AuthTokens/Secondary"],
])("answers %s %s with 20404 when there is no secondary token", async (method, path) => {
  const bench = await startBench();
  expect(await bench.api(method, path)).toMatchObject({ status: 404, body: { code: 20404 } });
});
