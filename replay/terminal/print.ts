import { fstatSync } from "node:fs";
import { isatty } from "node:tty";
import { QkcError, reasonOf } from "../../node/codec/errors.ts";
import { shown } from "../../node/codec/shown.ts";
import { writeAll } from "../report/write-file.ts";
import { printable } from "../text/printable.ts";
import { logLine } from "./log-format.ts";

const STDOUT = 1;

/**
 * Prints an answer for people on stdout, all of it. Throws a STORAGE error where the system does not take it, for example
 * on a full disk; a reader that has closed its end, such as `head`, is no error.
 */
export function print(text: string): void {
  printAsIs(printable(text));
}

/** A line on stderr, whatever it consists of. */
export function note(line: string): void {
  process.stderr.write(logLine("info", shown(line)));
}

/** As print, for what another program reads: bytes of a row, a page, commands to a CI system. */
export function printAsIs(content: string | Uint8Array): void {
  if (!isFile(STDOUT)) {
    process.stdout.write(content);
    return;
  }
  try {
    writeAll(STDOUT, content);
  } catch (error) {
    const reason = reasonOf(error);
    throw new QkcError("STORAGE", `stdout takes no more (${reason})`, { cause: error });
  }
}

/** A file or a device, for which Node writes what fits and says nothing of the rest. */
function isFile(descriptor: number): boolean {
  const stats = fstatSync(descriptor);
  return stats.isFile() || (stats.isCharacterDevice() && !isatty(descriptor));
}
