import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readFlags, runCommand } from "#scripts/command-line.ts";
import { AppError } from "#shared/core/errors.ts";
import { createPlan } from "./plan.ts";
import { readSettings } from "./settings.ts";

const USAGE = `Usage: npm run --silent deploy:plan -- --project ID --region R [--database-location L] [--settings FILE]
Prints the commands that bring the whole suite into a project; docs/deploying.md says what a person does besides.
  --project ID             of the Google Cloud project
  --region R               where the functions run, as firebase.json has it
  --database-location L    of the Firestore database, where it is another one (such as nam5)
  --settings FILE          a filled copy of .env.example (default .env); values of secrets are not read
  --help                   shows this`;

const FIREBASE = fileURLToPath(new URL("../../firebase.json", import.meta.url));
const place = z.string("is missing").regex(/^[a-z][a-z0-9-]+$/, "must be a place such as asia-south1");
const Flags = z.object({
  project: z.string("is missing").regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, "must be the id of a project"),
  region: place,
  "database-location": place.optional(),
  settings: z.string().min(1, "must name a file").prefault(".env"),
});

const Firebase = z.object({
  hosting: z.object({ rewrites: z.array(z.object({ run: z.object({ region: z.string() }) })) }),
});

/** `npm run deploy:plan`: prints, and changes nothing. */
process.exitCode = await runCommand(readFlags(process.argv.slice(2), Flags), USAGE, async (flags) => {
  const { project, region, settings: path } = flags;
  await checkRegion(region);
  const target = { project, region, databaseLocation: flags["database-location"] ?? region };
  const text = await readFile(path, "utf8").catch(() => {
    throw new AppError("invalid-argument", `--settings ${path} cannot be read; fill a copy of .env.example.`);
  });
  console.log(createPlan(target, readSettings(text, target)));
  return 0;
});

/** Hosting sends what is public to the region that its own file names. */
async function checkRegion(region: string): Promise<void> {
  const { hosting } = Firebase.parse(JSON.parse(await readFile(FIREBASE, "utf8")));
  const other = hosting.rewrites.find(({ run }) => run.region !== region)?.run.region;
  if (other !== undefined)
    throw new AppError(
      "invalid-argument",
      `--region ${region} is not that of firebase.json, which sends what is public to ${other}; change one of them.`,
    );
}
