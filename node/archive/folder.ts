import { existsSync, readdirSync, statSync } from "node:fs";
import { NotADatabaseError } from "../codec/errors.ts";

/** Throws NotADatabaseError when there is no folder of that name. */
export function assertFolder(dir: string): void {
  if (!existsSync(dir)) throw new NotADatabaseError(`${dir} does not exist: give the data directory of a node`);
  if (!statSync(dir).isDirectory()) throw new NotADatabaseError(`${dir} is a file: give the data directory of a node`);
}

/** What a folder holds, for the message that it is not what was expected. */
export function contentsOf(dir: string): string {
  const names = readdirSync(dir);
  return names.length === 0 ? "the folder is empty" : `it holds ${names.slice(0, 5).join(", ")}`;
}
