import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { TwilioFailure } from "./errors.ts";
import { createHttpClient } from "./http-client.ts";

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push({ close: () => server.close() && server.closeAllConnections() });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a port");
  return `http://127.0.0.1:${address.port}`;
}

const REQUEST = {
  method: "post",
  uri: "https://messaging.twilio.com/v1/Services?PageSize=2",
  username: "AC1",
  password: "a-secret-token",
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  data: { Body: "Hello Priya" },
} as const;

async function failureOf(work: Promise<unknown>): Promise<TwilioFailure> {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  if (error instanceof TwilioFailure) return error;
  throw new Error("expected a TwilioFailure");
}

describe("with a simulator's address", () => {
  test.each(["api", "messaging", "content", "accounts"])(
    "sends what is meant for %s.twilio.com there",
    async (name) => {
      const seen: (string | undefined)[] = [];
      const apiBaseUrl = await serve((request, response) => {
        seen.push(request.url, request.headers.authorization);
        response.end("{}");
      });
      const uri = `https://${name}.twilio.com/v1/Services?PageSize=2`;
      const answer = await createHttpClient({ apiBaseUrl }).request({ ...REQUEST, uri });
      expect(answer.statusCode).toBe(200);
      expect(seen).toEqual(["/v1/Services?PageSize=2", `Basic ${btoa("AC1:a-secret-token")}`]);
    },
  );

  test.each([
    "https://127.0.0.1:1",
    "http://192.168.1.4:1",
    "http://127.0.0.1.example.com",
    "127.0.0.1:1",
    "",
  ])("refuses %j, which is not on this machine or not plain http", (apiBaseUrl) => {
    expect(() => createHttpClient({ apiBaseUrl })).toThrow(/TWILIO_API_BASE_URL may only name/);
  });
});

test.each(["https://twilio.com.example.com/x", "http://api.twilio.com/x", "https://eviltwilio.com/x"])(
  "sends credentials to no other host, such as %s",
  async (uri) => {
    await expect(createHttpClient().request({ ...REQUEST, uri })).rejects.toThrow(/another host/);
  },
);

test("remembers nothing of a request or its answer", async () => {
  const apiBaseUrl = await serve((_, response) => response.end('{"auth_token":"of-a-subaccount"}'));
  const client = createHttpClient({ apiBaseUrl });
  await client.request(REQUEST);
  expect(inspect(client, { depth: 6, showHidden: true })).not.toMatch(/a-secret-token|Priya|of-a-subaccount/);
});

test("uses one connection again and again", async () => {
  const ports = new Set<number | undefined>();
  const apiBaseUrl = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    response.end("{}");
  });
  const client = createHttpClient({ apiBaseUrl });
  for (let count = 0; count < 5; count += 1) await client.request(REQUEST);
  expect(ports.size).toBe(1);
});

describe("a request that fails on its way", () => {
  test("surely did nothing when the connection is refused", async () => {
    const client = createHttpClient({ apiBaseUrl: "http://127.0.0.1:1" });
    expect((await failureOf(client.request(REQUEST))).info.certainty).toBe("not_processed");
  });

  test("may have been processed when the connection breaks", async () => {
    const apiBaseUrl = await serve((request) => request.socket.destroy());
    const failure = await failureOf(createHttpClient({ apiBaseUrl }).request(REQUEST));
    expect(failure.info.certainty).toBe("unclear");
  });

  test("is given up after its time and hung up on, even while bytes still trickle in", async () => {
    const hungUp = Promise.withResolvers<void>();
    const apiBaseUrl = await serve((_, response) => {
      response.write("{");
      const trickle = setInterval(() => response.write(" "), 20);
      response.on("close", () => {
        clearInterval(trickle);
        hungUp.resolve();
      });
    });
    // The answer never ends by itself: without a limit of the client's this waits until the test's own.
    const failure = await failureOf(createHttpClient({ apiBaseUrl, timeoutMs: 150 }).request(REQUEST));
    expect(failure.info.certainty).toBe("unclear");
    await hungUp.promise;
  });
});
