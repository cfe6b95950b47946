import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { UsageError } from "../../node/codec/errors.ts";

/** A report of as many findings as a run may have is far smaller. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * The text of a file. Throws UsageError for what is no file, a pipe or a device of which the end would be waited for, and
 * for one too large; otherwise what the system says.
 */
export function readTextFile(path: string): string {
  // Without this flag a pipe is waited for before it can be looked at.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new UsageError(`${path} is a folder, not a file`);
    if (!stats.isFile()) throw new UsageError(`${path} is a pipe or a device, not a file`);
    if (stats.size > MAX_BYTES) throw new UsageError(`${path} has ${stats.size} bytes: more than ${MAX_BYTES}`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
