import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** SHA-256 over names and contents of a folder's files: equal exactly when nothing in it has changed. */
export function folderDigest(dir: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(dir).sort()) {
    const bytes = readFileSync(join(dir, name));
    hash.update(`${name.length} ${name} ${bytes.length} `).update(bytes);
  }
  return hash.digest("hex");
}
