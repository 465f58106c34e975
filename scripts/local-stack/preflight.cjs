"use strict";
// Says in one sentence what is missing before anything starts. It runs on whatever Node the host has, so: CommonJS,
// no dependencies, nothing newer than Node 12.

// biome-ignore lint/style/useNodejsImportProtocol: old Node does not know it.
const { spawnSync } = require("child_process");
// biome-ignore lint/style/useNodejsImportProtocol: old Node does not know it.
const fs = require("fs");
// biome-ignore lint/style/useNodejsImportProtocol: old Node does not know it.
const path = require("path");
const { emulatorRemedy, findEmulatorJar } = require("./find-emulators.cjs");

const HOST_NODE = 20;
const PROJECT_NODE = 24;
const JAVA = 17;

/** What is missing and the command that fixes it, or undefined when everything is there. */
function findProblem() {
  const node = Number(process.versions.node.split(".")[0]);
  if (node < HOST_NODE) {
    return `Node ${process.versions.node} is too old: install Node ${HOST_NODE} or newer from https://nodejs.org, then run \`npm ci\`.`;
  }
  if (node < PROJECT_NODE) {
    return `This runs on Node ${PROJECT_NODE}, which comes with the project's packages: run \`npm ci\`, then start it through npm (\`npm start\`, \`npm test\`).`;
  }
  if (!fs.existsSync(path.join(__dirname, "../../node_modules/.bin"))) {
    return "The project's packages are not installed: run `npm ci`.";
  }
  return findJavaProblem() || findEmulatorProblem();
}

function findJavaProblem() {
  const home = process.env.JAVA_HOME;
  const result = spawnSync(home ? path.join(home, "bin/java") : "java", ["-version"], { encoding: "utf8" });
  const remedy = `install Java ${JAVA} or newer, for example with \`apt-get install openjdk-17-jre-headless\`.`;
  // The version goes to stderr: `openjdk version "17.0.15" …`; up to Java 8 it begins with "1.".
  const found = /version "(?:1\.)?(\d+)/.exec(result.stderr || "");
  if (!found) return `The emulators need Java, which was not found: ${remedy}`;
  return Number(found[1]) < JAVA ? `Java ${found[1]} is too old for the emulators: ${remedy}` : undefined;
}

function findEmulatorProblem() {
  const missing = ["firestore", "pubsub"].find((emulator) => !findEmulatorJar(emulator));
  return missing && emulatorRemedy(missing);
}

const problem = findProblem();
if (problem) {
  console.error(problem);
  process.exit(1);
}
