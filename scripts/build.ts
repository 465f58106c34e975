import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { z } from "zod";
import { readFlags, runCommand } from "./command-line.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const USAGE = `Usage: npm run build
Bundles every function alone into dist/<function>/.
  --help   shows this`;
/** What the buildpack installs beside a bundle. Everything else is inside: one file loads faster than a thousand. */
const INSTALLED = ["@google-cloud/functions-framework"];

const Manifest = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });

/** Bundles every function alone into `{outFolder}/{name}/`: `index.cjs` and a `package.json` of what that imports. */
export async function buildFunctions(root = ROOT, outFolder = `${root}/dist`): Promise<string[]> {
  const manifest = Manifest.parse(JSON.parse(await readFile(`${root}/package.json`, "utf8")));
  const entries = await readdir(`${root}/functions`, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  await rm(outFolder, { recursive: true, force: true });
  await Promise.all(names.map((name) => buildFunction(root, `${outFolder}/${name}`, name, manifest)));
  return names;
}

async function buildFunction(
  root: string,
  folder: string,
  name: string,
  manifest: z.infer<typeof Manifest>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`functions/${name}/index.ts`],
    outfile: `${folder}/index.cjs`,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    minify: true,
    // Google's clients look methods up by class name.
    keepNames: true,
    legalComments: "none",
    external: INSTALLED,
    metafile: true,
    logLevel: "error",
  });
  const imported = new Set(
    Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter(({ external }) => external === true)
      .map(({ path }) => path),
  );
  const listed = Object.entries(manifest.dependencies).filter(([dependency]) => imported.has(dependency));
  const described = {
    name,
    version: manifest.version,
    private: true,
    main: "index.cjs",
    engines: { node: "24" },
    dependencies: Object.fromEntries(listed),
  };
  await writeFile(`${folder}/package.json`, `${JSON.stringify(described, null, 2)}\n`);
}

if (import.meta.main) {
  process.exitCode = await runCommand(readFlags(process.argv.slice(2), z.object({})), USAGE, async () => {
    const names = await buildFunctions();
    console.log(`Built ${names.length} functions into dist/: ${names.join(", ")}.`);
    return 0;
  });
}
