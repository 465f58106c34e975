import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

/**
 * A shell that notes "+pid" and "-pid" lines and, once its input ends, kills the process groups still noted.
 * Its input ends however we end, SIGKILL included: no exit handler of ours could promise that.
 */
const SCRIPT = `
pids=" "
while read -r sign pid; do
  case "$sign" in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "-$pid" 2>/dev/null; done
`;

let notes: Writable | undefined;

/** Makes sure that the process group `pid` does not outlive this process. Returns how to let go of it. */
export function reapWithUs(pid: number): () => void {
  const reaper = notes ?? startReaper();
  notes = reaper;
  reaper.write(`+ ${pid}\n`);
  return () => {
    reaper.write(`- ${pid}\n`);
  };
}

function startReaper(): Writable {
  // Its own process group, so that Ctrl-C in a terminal does not end it before us.
  const shell = spawn("/bin/sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.unref();
  shell.stdin.on("error", () => undefined);
  if ("unref" in shell.stdin && typeof shell.stdin.unref === "function") shell.stdin.unref();
  return shell.stdin;
}
