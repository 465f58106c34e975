import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { at, field, startBench } from "#scripts/twilio-simulator/testing/bench.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "./account.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

/** A call of which there are so many recordings at Twilio. */
async function recordedCall(times: number) {
  const bench = await startBench();
  await bench.own(SALON);
  const { accountSid, authToken } = bench.main;
  const calls = `/2010-04-01/Accounts/${accountSid}/Calls`;
  const sink = await bench.sink();
  // What was recorded is told to the same address again.
  sink.reply(() => ({ body: `<Response>${sink.requests.length > times ? "" : "<Record/>"}</Response>` }));
  const wanted = { To: CUSTOMER, From: SALON, Url: `${sink.url}/voice` };
  const placed = await bench.api("POST", `${calls}.json`, wanted);
  const callSid = field(placed.body, "sid");
  const sids = async () => {
    const { body } = await bench.api("GET", `${calls}/${callSid}/Recordings.json`);
    return [...Array(times).keys()].flatMap((index) => at(body, "recordings", index, "sid") ?? []);
  };
  await until(async () => (await sids()).length === times);
  const { account } = createTwilio({ apiBaseUrl: bench.url });
  return { bench, callSid, sids, account: account({ accountSid, authToken: new Secret(authToken) }) };
}

test("a recording is deleted, and no other of its call", async () => {
  const { account, callSid, sids } = await recordedCall(2);
  const [first, second] = await sids();
  await account.deleteRecording({ callSid, sid: String(first) });
  expect(await sids()).toEqual([second]);
});

test("what Twilio does not have is done", async () => {
  const { account, callSid } = await recordedCall(1);
  await expect(account.deleteRecording({ callSid, sid: `RE${"0".repeat(32)}` })).resolves.toBeUndefined();
});

test("another account's recording cannot be deleted", async () => {
  const { bench, callSid, sids } = await recordedCall(1);
  const { body } = await bench.admin("POST", "/accounts", {});
  const [accountSid, token] = [field(body, "sid"), field(body, "auth_token")];
  const other = createTwilio({ apiBaseUrl: bench.url }).account({ accountSid, authToken: new Secret(token) });
  const [sid] = await sids();
  await other.deleteRecording({ callSid, sid: String(sid) });
  expect(await sids()).toEqual([sid]);
});

test("a recording is played to its own account alone", async () => {
  const { bench, account, sids } = await recordedCall(1);
  const sid = String((await sids())[0]);
  const { value } = await account.playRecording(sid).next();
  expect(Buffer.from(value ?? []).toString()).toContain(sid);
  const { body } = await bench.admin("POST", "/accounts", {});
  const [accountSid, token] = [field(body, "sid"), field(body, "auth_token")];
  const other = createTwilio({ apiBaseUrl: bench.url }).account({ accountSid, authToken: new Secret(token) });
  await expect(other.playRecording(sid).next()).rejects.toMatchObject({ info: { httpStatus: 404 } });
});

test("a recording is passed on as it comes, before Twilio has sent the rest", async () => {
  const rest = Promise.withResolvers<void>();
  const server = createServer(async (_, response) => {
    response.write("first");
    await rest.promise;
    response.end("rest");
  });
  const { host, close } = await listen(server, 0, "twilio");
  onTestFinished(close);
  const credentials = { accountSid: `AC${"1".repeat(32)}`, authToken: new Secret("token") };
  const sound = createTwilio({ apiBaseUrl: `http://${host}` })
    .account(credentials)
    .playRecording(`RE${"2".repeat(32)}`);
  const textOf = async () => Buffer.from((await sound.next()).value ?? []).toString();
  expect(await textOf()).toBe("first");
  rest.resolve();
  expect(await textOf()).toBe("rest");
});
