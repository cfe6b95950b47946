import { UsageError } from "../../node/codec/errors.ts";
import { readRegularFile } from "../../node/codec/regular-file.ts";

/** A report of as many findings as a run may have is far smaller. */
const MOST_BYTES = 256 * 1024 * 1024;

/** The text of a file. Throws UsageError where there is none, SystemError for what is no file or cannot be read. */
export function readTextFile(path: string): string {
  const bytes = readRegularFile(path, MOST_BYTES);
  if (bytes === undefined) throw new UsageError(`there is no file ${path}`);
  return bytes.toString("utf8");
}
