import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { startChild } from "#scripts/local-stack/child-process.ts";
import { claimPort } from "#scripts/local-stack/free-port.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LOOPBACK_ONLY = fileURLToPath(new URL("../local-stack/loopback-only.cjs", import.meta.url));
const FRAMEWORK = "node_modules/@google-cloud/functions-framework/build/src/main.js";
const Names = z.record(z.string(), z.string()).default({});
const Lock = z.object({
  packages: z.record(z.string(), z.object({ dependencies: Names, optionalDependencies: Names })),
});
const Manifest = z.object({ dependencies: Names });

/** Puts what a bundle's package.json lists, and what that needs, into `folder/node_modules`; nothing else. */
export function installFor(bundle: string, folder: string): void {
  const { dependencies } = Manifest.parse(JSON.parse(readFileSync(`${bundle}/package.json`, "utf8")));
  for (const path of closureOf(Object.keys(dependencies))) {
    if (existsSync(join(ROOT, path))) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
}

/** The packages that npm installs for these, by their paths in the lock file. */
function closureOf(names: readonly string[]): Set<string> {
  const { packages } = Lock.parse(JSON.parse(readFileSync(`${ROOT}/package-lock.json`, "utf8")));
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    const path = placesSeenFrom(from)
      .map((place) => `${place}node_modules/${name}`)
      .find((candidate) => candidate in packages);
    const entry = path === undefined ? undefined : packages[path];
    if (path === undefined || entry === undefined || found.has(path)) return;
    found.add(path);
    for (const next of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }))
      visit(next, path);
  };
  for (const name of names) visit(name, "");
  return found;
}

/** Where Node looks for a package, nearest first: beside the one that asks, then one folder up, and so on. */
function placesSeenFrom(path: string): string[] {
  if (path === "") return [""];
  const above = path.slice(0, Math.max(0, path.lastIndexOf("node_modules/")));
  return [`${path}/`, ...placesSeenFrom(above.replace(/\/$/, ""))];
}

export interface AloneOptions {
  /** Name of the bundle's folder, and of the function it registers. */
  readonly target: string;
  readonly signatureType?: "http" | "cloudevent";
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets what it prints, also when it ends while starting. */
  readonly lines?: string[];
}

/** Starts `folder/{target}` by the functions-framework in `folder/node_modules`; rejects when it ends instead. */
export async function startAlone(
  folder: string,
  { target, signatureType = "http", env, lines = [] }: AloneOptions,
): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await claimPort(0, target);
  const child = await startChild({
    name: `The function ${target}`,
    command: process.execPath,
    args: [
      "--require",
      LOOPBACK_ONLY,
      FRAMEWORK,
      `--source=${folder}/${target}`,
      `--target=${target}`,
      `--signature-type=${signatureType}`,
      `--port=${port}`,
    ],
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...env },
    ready: { port },
    onLine: (line) => lines.push(line),
  });
  return { url: `http://127.0.0.1:${port}`, stop: child.stop };
}
