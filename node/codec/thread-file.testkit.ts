import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** The program of one thread, built as the package has it. */
export interface ThreadFile {
  readonly file: URL;
  /** Where nothing was built. */
  readonly absent: URL;
  remove(): void;
}

/** `entry`: the thread's source, from the project's folder. */
export async function buildThread(entry: string): Promise<ThreadFile> {
  const parent = join(PROJECT, ".tmp");
  mkdirSync(parent, { recursive: true });
  // In the project, where the packages are found.
  const folder = mkdtempSync(join(parent, "thread-"));
  const outfile = join(folder, "thread.mjs");
  await build({
    entryPoints: [join(PROJECT, entry)],
    outfile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
  });
  return {
    file: pathToFileURL(outfile),
    absent: pathToFileURL(join(folder, "absent.mjs")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
