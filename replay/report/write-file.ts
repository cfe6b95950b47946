import { closeSync, lstatSync, openSync, realpathSync, rmSync, statSync, writeSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";

/**
 * Writes a file in one step: whoever reads it finds the old one or the new one. Answers with its path. Throws SystemError
 * for what the system refuses.
 */
export async function writeWhole(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  try {
    makeFolder(folder);
    await replaceFile(path, text);
    return path;
  } catch (error) {
    throw systemRefusal(error, path, "write");
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(text);
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * Writes to what a user names. A file is written in one step, also behind a link; a pipe or a device takes the text, and
 * stays what it is. Throws SystemError for what the system refuses.
 */
export async function writeTarget(target: string, text: string): Promise<void> {
  const path = replaceablePath(target);
  if (path !== undefined) {
    await writeWhole(dirname(path), basename(path), text);
    return;
  }
  try {
    writeInto(target, text);
  } catch (error) {
    throw systemRefusal(error, target, "write");
  }
}

function writeInto(target: string, text: string): void {
  const file = openSync(target, "w");
  try {
    writeAll(file, text);
  } finally {
    closeSync(file);
  }
}

/** Where a file is to be put that may take the place of what is there; undefined for anything else than a file. */
function replaceablePath(target: string): string | undefined {
  const stats = statSync(target, { throwIfNoEntry: false });
  if (stats !== undefined) return stats.isFile() ? realpathSync(target) : undefined;
  const isLinkToNothing = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  return isLinkToNothing ? undefined : resolve(target);
}

/** All of a content into an open file: the system may take it in parts. */
export function writeAll(descriptor: number, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}
