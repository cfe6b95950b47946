/** Bundles the command and its worker threads into dist/. */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundleInto, COMMAND } from "./bundle.ts";

const dist = join(resolve(import.meta.dirname, ".."), "dist");

rmSync(dist, { recursive: true, force: true });
await bundleInto(dist, [COMMAND]);
