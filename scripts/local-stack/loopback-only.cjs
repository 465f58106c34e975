"use strict";
// Preloaded into every function: functions-framework listens on all interfaces and has no option against it,
// but what runs on a developer's machine is nobody else's business.

const { Server } = require("node:net");

const listen = Server.prototype.listen;
Server.prototype.listen = function listenOnLoopback(port, ...rest) {
  return ["number", "string"].includes(typeof port) && typeof rest[0] !== "string"
    ? listen.call(this, Number(port), "127.0.0.1", ...rest)
    : listen.call(this, port, ...rest);
};
