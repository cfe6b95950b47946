import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuiltProject } from "../work/built-project.testkit.ts";

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** `qkc checkdb --db <db> …` of the built project in the folder `cwd`. */
export function startCheckdb(project: BuiltProject, cwd: string, db: string, args: readonly string[]): Started {
  return startQkc(project, cwd, ["checkdb", "--db", resolve(db), ...args]);
}

/** `qkc …` of the built project in the folder `cwd`. */
export function startQkc(project: BuiltProject, cwd: string, args: readonly string[]): Started {
  const main = fileURLToPath(project.file("replay/cli/main.ts"));
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((done) => {
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** The report of a run without what depends on time and machine. */
export function reportWithoutTiming(folder: string): unknown {
  const { timing: _, ...rest } = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  return rest;
}
