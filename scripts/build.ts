/** Bundles the command and its worker threads into dist/. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundleInto, COMMAND } from "./bundle.ts";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
await bundleInto(dist, [COMMAND]);
writeFileSync(join(dist, "build.json"), `${JSON.stringify(provenance())}\n`);

/** What `qkc --version` says of the source. */
function provenance(): { readonly commit: string | null; readonly isModified: boolean } {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    // A package that is built within another project's checkout is not of that one.
    if (git("rev-parse", "--show-toplevel") !== root) return { commit: null, isModified: false };
    return { commit: git("rev-parse", "HEAD"), isModified: git("status", "--porcelain") !== "" };
  } catch {
    return { commit: null, isModified: false };
  }
}
