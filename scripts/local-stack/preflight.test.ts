import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { emulatorRemedy, findEmulatorJar } from "./find-emulators.cjs";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "preflight-"));
});
afterEach(() => rmSync(home, { recursive: true }));

/** Creates an empty file, with its folders, and returns its path. */
function touch(...path: string[]): string {
  const file = join(home, ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "");
  return file;
}

function installJava(version: string): void {
  const java = touch("bin", "java");
  writeFileSync(java, `#!/bin/sh\necho 'openjdk version "${version}" 2025-04-15' >&2\n`);
  chmodSync(java, 0o755);
}

function preflight(env: Record<string, string> = {}) {
  const script = fileURLToPath(new URL("./preflight.cjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script], {
    encoding: "utf8",
    env: { HOME: home, PATH: join(home, "bin"), ...env },
  });
  return { status, stderr };
}

describe("preflight", () => {
  test("is silent when everything is there", () => {
    installJava("21.0.2");
    const jar = touch("emulator.jar");
    expect(preflight({ FIRESTORE_EMULATOR_JAR: jar, PUBSUB_EMULATOR_JAR: jar })).toEqual({
      status: 0,
      stderr: "",
    });
  });

  test.each([
    ["11.0.20", "Java 11 is too old"],
    ["1.8.0_392", "Java 8 is too old"],
  ])("refuses Java %s", (version, problem) => {
    installJava(version);
    const { status, stderr } = preflight();
    expect(status).toBe(1);
    expect(stderr).toContain(problem);
  });

  test("says what to install when there is no Java", () => {
    expect(preflight().stderr).toMatch(
      /^The emulators need Java, .*apt-get install openjdk-17-jre-headless`\.\n$/,
    );
  });

  test("says when the jar that the environment names is not there", () => {
    installJava("17.0.15");
    const jar = touch("emulator.jar");
    const { status, stderr } = preflight({ FIRESTORE_EMULATOR_JAR: jar, PUBSUB_EMULATOR_JAR: "/none.jar" });
    expect(status).toBe(1);
    expect(stderr).toBe(
      "PUBSUB_EMULATOR_JAR names /none.jar, which does not exist: correct it or leave it out.\n",
    );
  });

  test("says in one sentence how to get an emulator that is nowhere", () => {
    expect(emulatorRemedy("pubsub", {})).toMatch(
      /^The Pub\/Sub emulator was not found: run `gcloud components install pubsub-emulator` [^\n]*PUBSUB_EMULATOR_JAR\.$/,
    );
  });
});

test.each(["preflight.cjs", "find-emulators.cjs"])("%s runs on a Node that is far too old", async (file) => {
  const source = readFileSync(new URL(file, import.meta.url), "utf8");
  const old = await transform(source, { target: "node12" });
  expect(old.code).toBe((await transform(source, { target: "esnext" })).code);
  expect(source).not.toMatch(/require\("node:/);
});

describe("finding an emulator", () => {
  const jarOfSdk = ["platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar"];

  test("takes the SDK that gcloud on the PATH belongs to", () => {
    touch("sdk", "bin", "gcloud");
    mkdirSync(join(home, "bin"));
    symlinkSync(join(home, "sdk", "bin", "gcloud"), join(home, "bin", "gcloud"));
    const jar = touch("sdk", ...jarOfSdk);
    expect(findEmulatorJar("firestore", { HOME: home, PATH: join(home, "bin") })).toBe(jar);
  });

  test("prefers CLOUDSDK_ROOT_DIR, and an explicit jar to both", () => {
    const sdk = touch("other", ...jarOfSdk);
    const env = { HOME: home, CLOUDSDK_ROOT_DIR: join(home, "other") };
    expect(findEmulatorJar("firestore", env)).toBe(sdk);
    const explicit = touch("mine.jar");
    expect(findEmulatorJar("firestore", { ...env, FIRESTORE_EMULATOR_JAR: explicit })).toBe(explicit);
  });

  test("does not quietly take another jar when the explicit one is not there", () => {
    touch("other", ...jarOfSdk);
    const env = { HOME: home, CLOUDSDK_ROOT_DIR: join(home, "other"), FIRESTORE_EMULATOR_JAR: "/none.jar" };
    expect(findEmulatorJar("firestore", env)).toBeUndefined();
  });

  test("takes the newest Pub/Sub jar by number, not by letter", () => {
    const lib = ["sdk", "platform", "pubsub-emulator", "lib"];
    touch(...lib, "cloud-pubsub-emulator-0.8.9-all.jar");
    const newest = touch(...lib, "cloud-pubsub-emulator-0.8.20-all.jar");
    expect(findEmulatorJar("pubsub", { HOME: home, CLOUDSDK_ROOT_DIR: join(home, "sdk") })).toBe(newest);
  });
});
