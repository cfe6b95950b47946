import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Writes the files of a `.files.gz` into a folder: a line of JSON, `[[path, bytes], …]`, and then the files one after the other. */
export function unpack(packedFile: string, dir: string): void {
  const packed = gunzipSync(readFileSync(packedFile));
  let at = packed.indexOf("\n") + 1;
  const files: [path: string, bytes: number][] = JSON.parse(packed.toString("utf8", 0, at));
  for (const [path, bytes] of files) {
    const target = join(dir, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, packed.subarray(at, at + bytes));
    at += bytes;
  }
}
