import { type Child, startChild } from "./child-process.ts";
import { emulatorRemedy, findEmulatorJar } from "./find-emulators.cjs";

interface JavaEmulator {
  readonly emulator: "firestore" | "pubsub";
  /** Arguments after the JVM's own, given the jar's path. */
  readonly args: (jar: string) => readonly string[];
  /** What it prints once it serves. */
  readonly ready: RegExp;
}

/** Runs one of Google's emulators, which are Java programs. Up in one to two seconds. */
export async function startJavaEmulator({ emulator, args, ready }: JavaEmulator): Promise<Child> {
  const jar = findEmulatorJar(emulator);
  if (jar === undefined) throw new Error(emulatorRemedy(emulator));
  const { PATH, HOME, JAVA_HOME, JAVA_TOOL_OPTIONS } = process.env;
  return startChild({
    name: `The ${emulator} emulator`,
    command: JAVA_HOME === undefined ? "java" : `${JAVA_HOME}/bin/java`,
    // The serial collector starts faster and leaves the other cores to the functions.
    args: ["-XX:+UseSerialGC", "-Duser.language=en", ...args(jar)],
    env: { PATH, HOME, JAVA_TOOL_OPTIONS },
    ready: { line: ready },
    remedy: "Install a Java runtime, 17 or newer: `apt-get install default-jre-headless`.",
  });
}
