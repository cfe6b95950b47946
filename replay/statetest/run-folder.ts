import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { QkcError, UsageError } from "../../node/codec/errors.ts";
import type { CaseOutcome } from "./run-file.ts";
import type { FilesTask } from "./worker.ts";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));

/**
 * Runs every JSON file below `folder` in `jobs` child processes. The outcomes are in the order of their ids. Throws
 * UsageError when there is no file.
 */
export async function runFolder(folder: string, jobs: number, forks: readonly string[]): Promise<CaseOutcome[]> {
  const files = testFiles(folder);
  if (files.length === 0) throw new UsageError(`${folder} holds no JSON file: name a folder of GeneralStateTests`);
  const shares = Array.from({ length: Math.min(jobs, files.length) }, (_, job) =>
    files.filter((_, index) => index % jobs === job),
  );
  const outcomes = await Promise.all(shares.map((share) => runShare({ folder, files: share, forks })));
  return outcomes.flat().sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
}

async function runShare(task: FilesTask): Promise<CaseOutcome[]> {
  const child = fork(WORKER);
  child.send(task);
  const ended = once(child, "exit").then(([code]) => {
    throw new QkcError("INTERNAL", `a worker of the state tests ended with code ${code} and no answer`);
  });
  const [outcomes] = await Promise.race([once(child, "message"), ended]);
  return outcomes as CaseOutcome[];
}

function testFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.filter((name) => name.endsWith(".json")).sort();
  } catch (error) {
    throw new UsageError(`${folder} cannot be read as a folder of tests`, { cause: error });
  }
}
