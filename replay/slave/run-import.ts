import { readClusterConfig } from "../../node/chain/config-file.ts";
import { hashFromHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { onStopSignals } from "../terminal/stop-signals.ts";
import { grouped } from "../text/grouped.ts";
import { type ImportedBase, importBase } from "./import-base.ts";
import { lastingDatadir, slaveOf } from "./slave-place.ts";

/** A checked command line of `qkc slave import`. */
export interface ImportCommand {
  readonly configPath: string;
  readonly nodeId: string;
  /** The folder qkc in DB_PATH_ROOT where it is left out. */
  readonly datadir: string | undefined;
  readonly base: string | undefined;
  readonly rootBlocks: number | undefined;
  readonly rootTip: string | undefined;
  readonly cacheBytes: number;
}

class InterruptedError extends Error {}

/** `qkc slave import`: a slave's stores do without the old database below them. Throws what keeps them from it. */
export async function runImport(command: ImportCommand): Promise<ExitCode> {
  const { configPath, nodeId, base, rootBlocks, rootTip, cacheBytes } = command;
  const cluster = readClusterConfig(configPath, process.env);
  const self = slaveOf(cluster, nodeId);
  const datadir = lastingDatadir(command.datadir, cluster);
  if (datadir === undefined) throw new UsageError("DB_PATH_ROOT is empty: say with --datadir where the stores are");
  const status = new StatusLine(process.stderr, process.env);
  let isStopped = false;
  const release = onStopSignals(
    () => {
      isStopped = true;
    },
    () => process.exit(EXIT.interrupted),
  );
  try {
    const imported = await importBase({
      ...{ cluster, self, datadir, base, rootBlocks, cacheBytes },
      rootTip: rootTip === undefined ? undefined : hashFromHex(rootTip),
      onProgress: (fullShardId, text) => {
        if (isStopped) throw new InterruptedError();
        status.update(() => `shard ${fullShardId}: ${text}`);
      },
    });
    status.stop();
    print(importedText(imported));
    return EXIT.clean;
  } catch (error) {
    if (error instanceof InterruptedError) return EXIT.interrupted;
    throw error;
  } finally {
    status.stop();
    release();
  }
}

function importedText({ base, shards }: ImportedBase): string {
  const lines = [...shards].map(
    ([fullShardId, { head, firstHeight, rootHeight }]) =>
      `shard ${fullShardId}: blocks ${grouped(firstHeight)} to ${grouped(head.height)}, root block ${grouped(rootHeight)}`,
  );
  return [...lines, `The slave's stores do without ${base} from now on.`, ""].join("\n");
}
