import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuiltProject } from "../work/built-project.testkit.ts";

export interface ChildEnd {
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** A built script in a process of its own; `ended` resolves when it has ended, however. */
export async function runScript(file: URL, args: readonly string[], fileKiB?: number): Promise<ChildEnd> {
  // The shell counts in blocks of 512 bytes. Node ignores SIGXFSZ: a write past the limit fails, as on a full disk.
  const limit = fileKiB === undefined ? "" : `ulimit -f ${2 * fileKiB} && `;
  const command = [process.execPath, fileURLToPath(file), ...args];
  const child = spawn("/bin/sh", ["-c", `${limit}exec "$@"`, "sh", ...command], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, stderr };
}

/**
 * Replays with a process that kills itself after `eventsOf(n)` events the n-th time, and continues, until a process comes
 * to the end; returns how many were killed. A root block's work, some 80 events, has to fit now and then: it is what is kept.
 */
export async function replayWithKills(
  project: BuiltProject,
  db: string,
  datadir: string,
  to: number,
  eventsOf: (kill: number) => number,
): Promise<number> {
  const script = project.file("replay/replay/replay-child.testkit.ts");
  for (let kills = 0; ; kills++) {
    const resume = existsSync(join(datadir, "replay.json")) ? "resume" : "fresh";
    const { exitCode, stderr } = await runScript(script, [db, datadir, `${to}`, resume, `${eventsOf(kills)}`]);
    if (exitCode === 0) return kills;
    if (exitCode !== null) throw new Error(`the replay ended with exit code ${exitCode}: ${stderr}`);
  }
}

/** A sequence of numbers from 0 to below 1 that a seed fixes (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
