import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AppError } from "./errors.ts";
import { createLogger } from "./logger.ts";

const Line = z.record(z.string(), z.unknown());

function record() {
  const lines: string[] = [];
  return { lines, logger: createLogger({ write: (line) => lines.push(line) }) };
}

describe("logger", () => {
  it("writes one JSON line in Cloud Logging's shape", () => {
    const { lines, logger } = record();
    logger.warn("message not taken by Twilio", { salonId: "salon-1", attempt: 2 });
    expect(lines).toHaveLength(1);
    expect(Line.parse(JSON.parse(lines[0] ?? ""))).toEqual({
      severity: "WARNING",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      salonId: "salon-1",
      attempt: 2,
      message: "message not taken by Twilio",
    });
  });

  it("repeats our own errors' words, and of foreign ones only name, code and frames", () => {
    const { lines, logger } = record();
    const foreign = Object.assign(new Error("token canary-7f3a9c to +14155550123"), {
      code: "ECONNRESET",
      config: { headers: { Authorization: "Basic canary-7f3a9c" } },
    });
    logger.error("send failed", {
      error: new AppError("unavailable", "Twilio is down.", { cause: foreign }),
    });
    const [line = ""] = lines;
    expect(line).toContain("Twilio is down.");
    expect(line).toContain("ECONNRESET");
    expect(line).not.toContain("canary-7f3a9c");
    expect(line).not.toContain("+14155550123");
  });

  it("describes what is thrown without being an error by its type alone", () => {
    const { lines, logger } = record();
    logger.error("odd", { error: "canary-7f3a9c" });
    expect(lines[0]).not.toContain("canary-7f3a9c");
  });
});
