import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";
import { readTextFile } from "../report/read-text-file.ts";

const recordSchema = z.strictObject({ rootTip: z.string().regex(/^[0-9a-f]{64}$/) });

/** Up to which root block an import of a shard was to come that was ended; undefined where there was none. */
export function importTarget(datadir: string, fullShardId: number): Hash32 | undefined {
  const path = recordOf(datadir, fullShardId);
  if (!existsSync(path)) return undefined;
  const text = readTextFile(path);
  try {
    return hashFromHex(recordSchema.parse(JSON.parse(text)).rootTip);
  } catch {
    throw new UsageError(
      `${path} does not say where an import was to end: delete it, and start the slave once before the next`,
    );
  }
}

export function noteImportTarget(datadir: string, fullShardId: number, rootTip: Hash32): void {
  const path = recordOf(datadir, fullShardId);
  try {
    makeFolder(datadir);
    writeFileSync(`${path}.new`, `${JSON.stringify({ rootTip: toHex(rootTip) })}\n`);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw systemRefusal(error, path, "write");
  }
}

export function forgetImportTarget(datadir: string, fullShardId: number): void {
  rmSync(recordOf(datadir, fullShardId), { force: true });
}

function recordOf(datadir: string, fullShardId: number): string {
  return join(datadir, `import-${fullShardId}.json`);
}
