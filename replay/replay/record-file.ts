import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where a replay notes whose its data folder is. */
export function recordFileOf(datadir: string): string {
  return join(datadir, "replay.json");
}

/** Whether a replay was begun in a folder. */
export function isBegun(datadir: string): boolean {
  return existsSync(recordFileOf(datadir));
}
