/** Bundles the command and its worker threads into dist/. */
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundleInto, COMMAND } from "./bundle.ts";
import { sourceProvenance } from "./provenance.ts";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
await bundleInto(dist, [COMMAND]);
writeFileSync(join(dist, "build.json"), `${JSON.stringify(sourceProvenance(root, process.env.QKC_COMMIT))}\n`);
