import { describe, expect, it } from "vitest";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { isTrusted } from "./trusted-principals.ts";

const load = (list: string) =>
  loadConfig(
    variables.pick({ AUDIT_TRUSTED_PRINCIPALS: true }),
    { AUDIT_TRUSTED_PRINCIPALS: list },
    createLogger({ level: "silent" }),
  ).AUDIT_TRUSTED_PRINCIPALS;
const trusted = load("*@salon-flow.iam.gserviceaccount.com, 123-compute@developer.gserviceaccount.com");
const by = (id: string, type = "service_account") => isTrusted(trusted, { id, type });

describe("a change of an integration", () => {
  it.each(["provision@salon-flow.iam.gserviceaccount.com", "123-compute@developer.gserviceaccount.com"])(
    "is ours when %s made it, whatever type Firestore takes it for",
    (id) => {
      expect(by(id)).toBe(true);
      expect(by(id.toUpperCase(), "unknown")).toBe(true);
    },
  );

  it.each([
    ["a person at the console", "owner@salonflow.example"],
    ["another project's service account", "provision@other.iam.gserviceaccount.com"],
    ["a project whose name ends like ours", "provision@my-salon-flow.iam.gserviceaccount.com"],
    ["a domain that begins like ours", "provision@salon-flow.iam.gserviceaccount.com.evil.example"],
    ["an id with two addresses in it", "evil@x.example@salon-flow.iam.gserviceaccount.com"],
    ["the pattern itself", "*@salon-flow.iam.gserviceaccount.com"],
    ["an address without a name", "@salon-flow.iam.gserviceaccount.com"],
    ["nobody", ""],
  ])("is not ours when it was %s", (_, id) => {
    expect(by(id)).toBe(false);
  });

  it("is not ours when a caller without credentials names one of our accounts, or Firestore names nobody", () => {
    expect(by("provision@salon-flow.iam.gserviceaccount.com", "unauthenticated")).toBe(false);
    expect(by("provision@salon-flow.iam.gserviceaccount.com", "api_key")).toBe(false);
    expect(isTrusted(trusted, undefined)).toBe(false);
  });

  it.each([
    "",
    "*",
    "*@gmail.com",
    "*@developer.gserviceaccount.com",
    "*@*.iam.gserviceaccount.com",
    "a@b,,c@d",
  ])("cannot be trusted to %j by configuration", (list) => {
    expect(() => load(list)).toThrow("AUDIT_TRUSTED_PRINCIPALS");
  });
});
