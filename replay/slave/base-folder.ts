import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { openArchive } from "../../node/archive/open-archive.ts";
import { NotADatabaseError, UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";
import { readTextFile } from "../report/read-text-file.ts";

/** In the data directory: which database its stores stand on. */
const RECORD = "base.json";
const recordSchema = z.strictObject({ base: z.string() });

export interface BaseQuestion {
  /** --base */
  readonly named: string | undefined;
  readonly datadir: string;
  readonly dbPathRoot: string;
  /** Of this slave. */
  readonly fullShardIds: readonly number[];
  /** CLEAN: begins with empty stores, as pyquarkchain would with an empty database. */
  readonly isClean: boolean;
}

/**
 * Folder of the old client's database below a slave's stores: the one that is named, or that the stores were begun on, or for
 * stores that are not begun yet the one in DB_PATH_ROOT. Undefined where there is none. The stores need it ever after, so
 * it is written down beside them.
 */
export function baseFolder({ named, datadir, dbPathRoot, fullShardIds, isClean }: BaseQuestion): string | undefined {
  if (isClean && named === undefined) return undefined;
  if (named === undefined && fullShardIds.every((id) => existsSync(formerRecord(datadir, id)))) return undefined;
  const recorded = named === undefined ? recordedBase(datadir) : undefined;
  if (recorded !== undefined) return recorded;
  const folder = named ?? (isBegun(datadir, fullShardIds) ? undefined : oldDatabaseIn(dbPathRoot, fullShardIds));
  if (folder === undefined) return undefined;
  if (named !== undefined && !holdsAny(named, fullShardIds)) {
    throw new UsageError(`--base ${named} has none of the slave's shards (${fullShardIds.join(", ")})`);
  }
  record(join(datadir, RECORD), resolve(folder));
  for (const id of fullShardIds) rmSync(formerRecord(datadir, id), { force: true });
  return resolve(folder);
}

/** These shards' stores do without the database from now on; those of other slaves may lie in the same folder and stand on it. */
export function putBaseAway(datadir: string, fullShardIds: readonly number[], base: string): void {
  for (const id of fullShardIds) record(formerRecord(datadir, id), base);
}

/** The database that stores of these shards did away with: they lack what lies below their ground. */
export function formerBase(datadir: string, fullShardIds: readonly number[]): string | undefined {
  const path = fullShardIds.map((id) => formerRecord(datadir, id)).find((each) => existsSync(each));
  return path && readRecord(path);
}

function formerRecord(datadir: string, fullShardId: number): string {
  return join(datadir, `former-base-${fullShardId}.json`);
}

function recordedBase(datadir: string): string | undefined {
  const path = join(datadir, RECORD);
  if (!existsSync(path)) return undefined;
  const base = readRecord(path);
  if (existsSync(base)) return base;
  throw new UsageError(
    `the stores in ${datadir} stand on the database in ${base}, which is not there: name it with --base where it is now`,
  );
}

function readRecord(path: string): string {
  const text = readTextFile(path);
  try {
    return recordSchema.parse(JSON.parse(text)).base;
  } catch {
    throw new UsageError(`${path} does not name a database: give --base DIR, and it is written anew`);
  }
}

function record(path: string, base: string): void {
  // Slaves of one machine share the folder, and start at once.
  const written = `${path}.${process.pid}`;
  try {
    makeFolder(dirname(path));
    writeFileSync(written, `${JSON.stringify({ base })}\n`);
    renameSync(written, path);
  } catch (error) {
    throw systemRefusal(error, path, "write");
  }
}

function isBegun(datadir: string, fullShardIds: readonly number[]): boolean {
  return fullShardIds.some((id) => existsSync(join(datadir, `cl-${id}`)));
}

function oldDatabaseIn(folder: string, fullShardIds: readonly number[]): string | undefined {
  if (folder === "" || !existsSync(folder)) return undefined;
  try {
    return holdsAny(folder, fullShardIds) ? folder : undefined;
  } catch (error) {
    if (error instanceof NotADatabaseError) return undefined;
    throw error;
  }
}

function holdsAny(folder: string, fullShardIds: readonly number[]): boolean {
  const source = openArchive(folder);
  try {
    return source.fullShardIds.some((id) => fullShardIds.includes(id));
  } finally {
    source.close();
  }
}
