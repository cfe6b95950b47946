import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { errnoOf, SystemError, systemRefusal } from "./system-error.ts";

/**
 * Makes a folder and those above it that are not there. In place of mkdir's `recursive`, which never ends where a file
 * system refuses a folder with ENOENT although the one above it is there, as /proc does. Throws SystemError.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  if (missing.length === 0 && !statSync(path).isDirectory()) makeOne(path);
  for (const folder of missing.reverse()) makeOne(folder);
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const errno = errnoOf(error);
    // Somebody else was faster.
    if (errno === "EEXIST" && statSync(folder).isDirectory()) return;
    if (errno !== "ENOENT" || !existsSync(dirname(folder))) throw systemRefusal(error, folder, "make the folder");
    throw new SystemError(
      folder,
      errno,
      `cannot make the folder ${folder}: its file system takes none (${errno}): choose another place`,
      { cause: error },
    );
  }
}
