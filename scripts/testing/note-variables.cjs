"use strict";

/** For `--require`: prints `reads NAME` the first time that a variable is read from the environment. */
const noted = new Set();
process.env = new Proxy(process.env, {
  get(env, name) {
    if (!noted.has(name)) {
      noted.add(name);
      process.stdout.write(`reads ${String(name)}\n`);
    }
    return Reflect.get(env, name);
  },
});
