import { expect, test } from "vitest";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { answers, claimPort } from "./free-port.ts";
import { startGateway } from "./gateway.ts";
import { startKmsServer } from "./kms-server.ts";
import { startSmtpSink } from "./smtp-sink.ts";

test("a free port is one that nobody answers on", async () => {
  const port = await claimPort(0, "a test");
  expect(port).toBeGreaterThan(0);
  expect(await answers(port)).toBe(false);
});

test("a busy port is refused in one sentence with the port, who wanted it and the remedy", async () => {
  const busy = await startRecordingServer();
  const port = Number(new URL(busy.url).port);
  expect(await answers(port)).toBe(true);
  await expect(claimPort(port, "the gateway")).rejects.toThrow(
    `Port ${port}, wanted by the gateway, is in use: stop the program that has it (see \`lsof -i :${port}\`) or choose another port.`,
  );
  await expect(startGateway({ port, rewrites: [], targets: {} })).rejects.toThrow(`Port ${port}`);
  await expect(startKmsServer({ port })).rejects.toThrow(`Port ${port}`);
  await expect(startSmtpSink({ port })).rejects.toThrow(`Port ${port}`);
  await busy.stop();
});
