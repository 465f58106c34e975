"use strict";
// Serves the Firebase CLI's Auth emulator and nothing else of the CLI, whose own start asks the network for news
// and keeps notes in the home folder. Arguments: the port and the project that API keys belong to.

const { default: spec } = require("firebase-tools/lib/emulator/auth/apiSpec");
const { authOperations } = require("firebase-tools/lib/emulator/auth/operations");
const { createApp } = require("firebase-tools/lib/emulator/auth/server");

const METHODS = ["get", "post", "patch", "put", "delete"];
const [port, projectId] = process.argv.slice(2);

// Starting means compiling the schemas of every operation; two in five are not implemented and only cost time.
for (const [path, item] of Object.entries(spec.paths)) {
  for (const method of METHODS)
    if (item[method] && !isImplemented(item[method].operationId)) delete item[method];
  if (!METHODS.some((method) => item[method])) delete spec.paths[path];
}

function isImplemented(operationId) {
  return operationId.split(".").reduce((group, name) => group?.[name], authOperations) !== undefined;
}

createApp(projectId).then((app) => {
  app.listen(Number(port), "127.0.0.1", () => console.log("Auth emulator is listening"));
});
