import { expect, test } from "vitest";
import { type Credentials, startBench } from "../testing/bench.ts";

const REFUSED = {
  status: 401,
  body: {
    code: 20003,
    message: "Authenticate",
    more_info: "https://www.twilio.com/docs/errors/20003",
    status: 401,
  },
};

async function family() {
  const bench = await startBench();
  const create = async (): Promise<Credentials> => {
    const { sid, authToken } = await bench.client().api.v2010.accounts.create({});
    return { accountSid: sid, authToken };
  };
  const [sub, sibling] = [await create(), await create()];
  const numbersOf = ({ accountSid }: Credentials, as: Credentials) =>
    bench.api("GET", `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`, undefined, as);
  return { bench, sub, sibling, numbersOf };
}

test("lets a parent act on its subaccounts, and a subaccount on itself", async () => {
  const { bench, sub, numbersOf } = await family();
  expect((await numbersOf(sub, bench.main)).status).toBe(200);
  expect((await numbersOf(sub, sub)).status).toBe(200);
});

test("refuses a subaccount that reaches for its parent or a sibling", async () => {
  const { bench, sub, sibling, numbersOf } = await family();
  expect(await numbersOf(bench.main, sub)).toMatchObject(REFUSED);
  expect(await numbersOf(sibling, sub)).toMatchObject(REFUSED);
});

test("refuses one main account that reaches for another's subaccount", async () => {
  const { bench, sub, numbersOf } = await family();
  const stranger = { accountSid: `AC${"b".repeat(32)}`, authToken: "token" };
  await bench.admin("POST", "/accounts", {
    account_sid: stranger.accountSid,
    auth_token: stranger.authToken,
  });
  expect(await numbersOf(sub, stranger)).toMatchObject(REFUSED);
});

test.each([
  ["a wrong token", (main: Credentials) => ({ ...main, authToken: "wrong" })],
  ["an empty token", (main: Credentials) => ({ ...main, authToken: "" })],
  ["an unknown account", (main: Credentials) => ({ ...main, accountSid: `AC${"c".repeat(32)}` })],
])("refuses %s", async (_, spoil) => {
  const { bench, numbersOf } = await family();
  expect(await numbersOf(bench.main, spoil(bench.main))).toMatchObject(REFUSED);
});

test("refuses a request without credentials", async () => {
  const { bench } = await family();
  const response = await fetch(`${bench.url}/2010-04-01/Accounts.json`);
  expect(await response.json()).toEqual(REFUSED.body);
});

test("answers a wrong account in the path with 20404, not as a wrong token", async () => {
  const { bench, numbersOf } = await family();
  const nobody = { accountSid: `AC${"c".repeat(32)}`, authToken: "" };
  expect(await numbersOf(nobody, bench.main)).toMatchObject({ status: 404, body: { code: 20404 } });
});

test("locks a suspended subaccount out of itself, while the parent still sees it", async () => {
  const { bench, sub, numbersOf } = await family();
  await bench.client().api.v2010.accounts(sub.accountSid).update({ status: "suspended" });
  expect(await numbersOf(sub, sub)).toMatchObject(REFUSED);
  expect((await numbersOf(sub, bench.main)).status).toBe(200);
  await bench.client().api.v2010.accounts(sub.accountSid).update({ status: "active" });
  expect((await numbersOf(sub, sub)).status).toBe(200);
});

test("takes the subaccounts down with a suspended parent", async () => {
  const { bench, sub, numbersOf } = await family();
  await bench.admin("POST", `/accounts/${bench.main.accountSid}`, { status: "suspended" });
  expect(await numbersOf(sub, sub)).toMatchObject(REFUSED);
});

test("acts on the account that authenticates where the path names none", async () => {
  const { bench, sub } = await family();
  const asSub = await bench.client(sub).accounts.v1.secondaryAuthToken().create();
  expect(asSub.accountSid).toBe(sub.accountSid);
});

test("answers an unknown path and a wrong method as Twilio does, and gives each request its id", async () => {
  const { bench } = await family();
  const unknown = await bench.api("GET", "/2010-04-01/Nothing.json");
  expect(unknown).toMatchObject({
    status: 404,
    body: { code: 20404, message: "The requested resource /2010-04-01/Nothing.json was not found" },
  });
  expect(unknown.headers.get("Twilio-Request-Id")).toMatch(/^RQ[0-9a-f]{32}$/);
  expect(unknown.headers.get("Twilio-Concurrent-Requests")).toBe("1");
  expect(await bench.api("DELETE", "/2010-04-01/Accounts.json")).toMatchObject({
    status: 405,
    body: { code: 20004 },
  });
});

test("says how many requests of an account are under way", async () => {
  const bench = await startBench({ latencyMs: 100 });
  const answers = await Promise.all([1, 2, 3].map(() => bench.api("GET", "/2010-04-01/Accounts.json")));
  const concurrent = answers.map(({ headers }) => headers.get("Twilio-Concurrent-Requests"));
  expect(concurrent.sort()).toEqual(["1", "2", "3"]);
});
