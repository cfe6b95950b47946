import { copyFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { KeyValueEntry } from "../../node/archive/key-value-reader.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";
import { openLevel } from "../../node/el/store/open-level.ts";
import { EXCERPT_FILE, type Excerpt } from "../database/excerpt.ts";
import { CONFIG_NAME } from "../database/open-database.ts";
import { writeWhole } from "../report/write-file.ts";
import { jsonText } from "../text/json.ts";

/** More than an excerpt has: what LevelDB keeps in its log alone, LevelDB and RocksDB read alike. */
const LOG_BYTES = 1 << 30;

export interface ExcerptParts {
  /** Data directory that the rows are of. */
  readonly db: string;
  readonly configPath: string;
  /** By the folder of their database. */
  readonly folders: ReadonlyMap<string, ReadonlyMap<string, KeyValueEntry>>;
  readonly excerpt: Excerpt;
}

/** Writes a data directory of the same layout into a folder. */
export async function writeExcerpt(out: string, { db, configPath, folders, excerpt }: ExcerptParts): Promise<void> {
  makeFolder(out);
  for (const [folder, rows] of folders) {
    // The folder of one database may stand for the data directory.
    await writeRows(join(out, relative(db, folder) || basename(folder)), [...rows.values()]);
  }
  try {
    copyFileSync(configPath, join(out, CONFIG_NAME));
  } catch (error) {
    throw systemRefusal(error, out, "write to");
  }
  await writeWhole(out, EXCERPT_FILE, jsonText(excerpt));
}

async function writeRows(folder: string, rows: readonly KeyValueEntry[]): Promise<void> {
  const level = await openLevel(folder, { writeBufferSize: LOG_BYTES, errorIfExists: true });
  try {
    await level.batch(rows.map(({ key, value }) => ({ type: "put", key, value })));
  } finally {
    await level.close();
  }
}
