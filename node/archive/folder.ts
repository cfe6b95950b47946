import { readdirSync, statSync } from "node:fs";
import { NotADatabaseError } from "../codec/errors.ts";
import { shown } from "../codec/shown.ts";
import { systemRefusal } from "../codec/system-error.ts";

/** Throws NotADatabaseError when there is no folder of that name, SystemError when it may not be looked at. */
export function assertFolder(dir: string): void {
  let isFolder: boolean | undefined;
  try {
    isFolder = statSync(dir, { throwIfNoEntry: false })?.isDirectory();
  } catch (error) {
    throw systemRefusal(error, dir, "look at");
  }
  if (isFolder === undefined) throw new NotADatabaseError(`${dir} does not exist: give the data directory of a node`);
  if (!isFolder) throw new NotADatabaseError(`${dir} is a file: give the data directory of a node`);
}

/** Throws SystemError when the folder may not be read. */
export function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    throw systemRefusal(error, dir, "read");
  }
}

/** What a folder holds, for the message that it is not what was expected. */
export function contentsOf(dir: string): string {
  const names = namesIn(dir);
  return names.length === 0 ? "the folder is empty" : `it holds ${names.slice(0, 5).map(shown).join(", ")}`;
}
