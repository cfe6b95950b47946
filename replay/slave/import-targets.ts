import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";
import { readTextFile } from "../report/read-text-file.ts";

/** In the data directory while an import is not over: up to which root block it comes, for each shard that it has begun. */
const RECORD = "import.json";
const recordSchema = z.record(z.string().regex(/^[0-9]+$/), z.string().regex(/^[0-9a-f]{64}$/));

/** By full shard id. */
export type ImportTargets = ReadonlyMap<number, Hash32>;

/** Of an import that was ended; none where there was no such. */
export function readTargets(datadir: string): Map<number, Hash32> {
  const path = join(datadir, RECORD);
  if (!existsSync(path)) return new Map();
  const text = readTextFile(path);
  try {
    const targets = Object.entries(recordSchema.parse(JSON.parse(text)));
    return new Map(targets.map(([fullShardId, hash]) => [Number(fullShardId), hashFromHex(hash)]));
  } catch {
    throw new UsageError(
      `${path} does not say where an import was to end: delete it, and start the slave once before the next`,
    );
  }
}

export function writeTargets(datadir: string, targets: ImportTargets): void {
  const path = join(datadir, RECORD);
  const record = Object.fromEntries([...targets].map(([fullShardId, hash]) => [fullShardId, toHex(hash)]));
  try {
    mkdirSync(datadir, { recursive: true });
    writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw systemRefusal(error, path, "write");
  }
}

export function forgetTargets(datadir: string): void {
  rmSync(join(datadir, RECORD), { force: true });
}
