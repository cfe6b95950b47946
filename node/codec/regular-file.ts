import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { errnoOf, SystemError, systemRefusal } from "./system-error.ts";

/** What stands in a file's place: a pipe would be waited for, a device has no end. */
class NotAFileError extends SystemError {
  constructor(path: string, what: string) {
    super(path, "", `${path} is ${what}, not a file`);
  }
}

/** A file that is longer than anything that belongs there. */
class FileTooLargeError extends SystemError {
  constructor(path: string, size: number, most: number) {
    super(path, "EFBIG", `${path} has ${size} bytes: no file of its kind has more than ${most}`);
  }
}

/**
 * A whole file. Undefined where there is none. Throws SystemError for what the system refuses, NotAFileError for a pipe,
 * a device or a folder, FileTooLargeError above `mostBytes`.
 */
export function readRegularFile(path: string, mostBytes: number): Buffer | undefined {
  let file: number;
  try {
    // Without this flag a pipe is waited for before it can be looked at.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw systemRefusal(error, path, "read");
  }
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new NotAFileError(path, "a folder");
    if (!stats.isFile()) throw new NotAFileError(path, "a pipe or a device");
    if (stats.size > mostBytes) throw new FileTooLargeError(path, stats.size, mostBytes);
    return readFileSync(file);
  } catch (error) {
    throw systemRefusal(error, path, "read");
  } finally {
    closeSync(file);
  }
}
