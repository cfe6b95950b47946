import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { bytesKey } from "../../node/codec/bytes.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";
import type { Report } from "../report/schema.ts";
import { exitCodeOfError, exitCodeOfVerdict } from "../terminal/exit-code.ts";
import { startClock } from "../terminal/timing.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { replayDatabase } from "./run-replay.ts";
import type { EngineWrapper } from "./shard-host.ts";

/** What the command would answer. */
export interface ReplayRun {
  readonly exitCode: number;
  /** Undefined where the run did not start. */
  readonly report: Report | undefined;
  /** The sentence of an error that ended the run or kept it from starting. */
  readonly error: string | undefined;
}

/** The replay behind `qkc replay` in this thread, without printing. */
export async function replayInProcess(
  change: Partial<ReplayRequest> & Pick<ReplayRequest, "datadir">,
  wrapEngine?: EngineWrapper,
): Promise<ReplayRun> {
  const request: ReplayRequest = {
    db: SMALL,
    configPath: undefined,
    resume: false,
    to: undefined,
    shards: undefined,
    workers: 1,
    engines: { kind: "embedded" },
    gcMode: "archive",
    withForks: false,
    reportFolder: join(change.datadir, "report"),
    json: true,
    quiet: true,
    ...change,
  };
  try {
    const { report } = await replayDatabase(request, startClock(), wrapEngine);
    return { exitCode: exitCodeOfVerdict(report.verdict), report, error: report.error?.message };
  } catch (error) {
    return { exitCode: exitCodeOfError(error), report: undefined, error: (error as Error).message };
  }
}

/** A report without what belongs to one process and machine. */
export function lasting(report: Report | undefined): unknown {
  const { timing: _, ...rest } = report as Report;
  return rest;
}

/** A fresh folder for new stores. */
export function replayFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "qkc-replay-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Every row of a LevelDB; key and value as bytesKey. */
export async function rowsOf(folder: string): Promise<Map<string, string>> {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
    createIfMissing: false,
    keyEncoding: "view",
    valueEncoding: "view",
  });
  const rows = new Map<string, string>();
  for await (const [key, value] of level.iterator()) rows.set(bytesKey(key), bytesKey(value));
  await level.close();
  return rows;
}

/** Every row of every store that a replay made, by the store's folder. */
export async function storesOf(datadir: string): Promise<Map<string, Map<string, string>>> {
  const stores = new Map<string, Map<string, string>>();
  for (const name of readdirSync(datadir).sort()) {
    if (name.startsWith("cl-")) stores.set(name, await rowsOf(join(datadir, name)));
    if (name.startsWith("el-")) stores.set(name, await rowsOf(join(datadir, name, "execution")));
  }
  return stores;
}
