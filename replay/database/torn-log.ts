import type { LogStop } from "../../node/archive/sstable/wal.ts";

/** A sentence for a log that breaks off. */
export function tornLogText({ file, offset, reason }: LogStop): string {
  return `the log ${file} is torn at offset ${offset} (${reason}): what was written behind is lost, as after a crash`;
}
