"use strict";
// Where the emulators are on this machine. CommonJS without modern syntax, because the preflight check runs it on
// whatever Node the host has, to be able to say that it is too old.

// biome-ignore lint/style/useNodejsImportProtocol: old Node does not know it.
const fs = require("fs");
// biome-ignore lint/style/useNodejsImportProtocol: old Node does not know it.
const os = require("os");
// biome-ignore lint/style/useNodejsImportProtocol: old Node does not know it.
const path = require("path");

const JARS = {
  firestore: {
    title: "Firestore emulator",
    package: "google-cloud-cli-firestore-emulator",
    component: "cloud-firestore-emulator",
    variable: "FIRESTORE_EMULATOR_JAR",
    folder: "platform/cloud-firestore-emulator",
    name: /^cloud-firestore-emulator\.jar$/,
    cached: /^cloud-firestore-emulator-v[\d.]+\.jar$/,
  },
  pubsub: {
    title: "Pub/Sub emulator",
    package: "google-cloud-cli-pubsub-emulator",
    component: "pubsub-emulator",
    variable: "PUBSUB_EMULATOR_JAR",
    folder: "platform/pubsub-emulator/lib",
    name: /^cloud-pubsub-emulator-.*-all\.jar$/,
    cached: undefined, // the Firebase CLI caches it unpacked: pubsub-emulator-x.y.z/pubsub-emulator/lib
  },
};

/**
 * The jar of an emulator, or undefined: an explicit path in the environment, else the installed Google Cloud SDK,
 * else what the Firebase CLI has downloaded before (its newest).
 * @param {"firestore" | "pubsub"} emulator
 * @param {Record<string, string | undefined>} [env]
 * @returns {string | undefined}
 */
function findEmulatorJar(emulator, env) {
  const environment = env || process.env;
  const jar = JARS[emulator];
  const explicit = environment[jar.variable];
  if (explicit) return fs.existsSync(explicit) ? explicit : undefined;
  const folders = sdkRoots(environment).map((root) => path.join(root, jar.folder));
  for (const folder of folders) {
    const found = newestIn(folder, jar.name);
    if (found) return found;
  }
  return findInFirebaseCache(emulator, environment);
}

function findInFirebaseCache(emulator, env) {
  const cache = path.join(env.HOME || os.homedir(), ".cache/firebase/emulators");
  if (emulator === "firestore") return newestIn(cache, JARS.firestore.cached);
  const unpacked = newestIn(cache, /^pubsub-emulator-[\d.]+$/);
  return unpacked && newestIn(path.join(unpacked, "pubsub-emulator/lib"), JARS.pubsub.name);
}

/** Every folder that may be a Google Cloud SDK, the surest first. */
function sdkRoots(env) {
  const home = env.HOME || os.homedir();
  return [
    env.CLOUDSDK_ROOT_DIR,
    sdkOfGcloud(env),
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    path.join(home, "google-cloud-sdk"),
    "/opt/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
    "/snap/google-cloud-sdk/current",
  ].filter(Boolean);
}

/** Follows `gcloud` on the PATH to <root>/bin/gcloud. A wrapper elsewhere gives a root without `platform`: harmless. */
function sdkOfGcloud(env) {
  for (const folder of (env.PATH || "").split(path.delimiter)) {
    const gcloud = path.join(folder, "gcloud");
    if (folder && fs.existsSync(gcloud)) return path.resolve(fs.realpathSync(gcloud), "../..");
  }
  return undefined;
}

function newestIn(folder, name) {
  if (!fs.existsSync(folder)) return undefined;
  const numeric = (a, b) => a.localeCompare(b, undefined, { numeric: true });
  const last = fs
    .readdirSync(folder)
    .filter((entry) => name.test(entry))
    .sort(numeric)
    .pop();
  return last && path.join(folder, last);
}

/**
 * One sentence for a person who does not have the emulator: what to run.
 * @param {"firestore" | "pubsub"} emulator
 * @param {Record<string, string | undefined>} [env]
 * @returns {string}
 */
function emulatorRemedy(emulator, env) {
  const jar = JARS[emulator];
  const explicit = (env || process.env)[jar.variable];
  if (explicit) return `${jar.variable} names ${explicit}, which does not exist: correct it or leave it out.`;
  return (
    `The ${jar.title} was not found: run \`gcloud components install ${jar.component}\` ` +
    `(or \`apt-get install ${jar.package}\` where gcloud came from apt), ` +
    `or put the path of its jar into ${jar.variable}.`
  );
}

module.exports = { emulatorRemedy, findEmulatorJar };
