import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BuiltProject } from "../work/built-project.testkit.ts";

/** What the ready line says. */
interface ElReady {
  readonly shard: string;
  readonly head: { readonly hash: string; readonly height: number } | null;
  readonly engine: string;
  readonly http: string | null;
}

export interface RunningEl {
  readonly child: ChildProcess;
  readonly ready: ElReady;
  /** Signals the process and answers with its exit code, null where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const CONFIG = "fixtures/pyqkc-small/cluster_config.json";

/** `qkc el` of the built project on ports of its own, once it is ready. Throws what it said where it ends before. */
export async function startEl(
  project: BuiltProject,
  datadir: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningEl> {
  const main = fileURLToPath(project.file("replay/cli/main.ts"));
  const options = ["--datadir", datadir, "--config", CONFIG, "--authrpc.port", "0", "--log-format", "json"];
  const child = spawn(process.execPath, [main, "el", ...options, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...environment },
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  const said: string[] = [];
  const ready = await new Promise<ElReady>((resolve, reject) => {
    createInterface({ input: child.stderr! }).on("line", (line) => {
      said.push(line);
      if (line.includes('"event":"ready"')) resolve(JSON.parse(line));
    });
    void closed.then(([code]) => reject(new Error(`exit ${code}: ${said.join("\n")}`)));
  });
  return {
    child,
    ready,
    end: async (signal) => {
      child.kill(signal);
      return (await closed)[0];
    },
  };
}
