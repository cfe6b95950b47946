/**
 * Bundles entries and the threads that they start: a few files load in a third of the time of some hundreds, and every
 * thread loads them anew. Code that is loaded on demand, and what several entries share, become chunks.
 */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

export const COMMAND = "replay/cli/main.ts";

/** What is started as a thread: one file each, because a thread shares no module with others. */
const THREADS = [
  "replay/checkdb/worker.ts",
  "replay/whatif/worker.ts",
  "replay/replay/host-worker.ts",
  "replay/verify-state/walk-worker.ts",
  "node/execution-node/calls/call-thread.ts",
  "node/slave/shard-thread.ts",
  "node/slave/seal-check-thread.ts",
  "replay/slave/verify/verify-thread.ts",
  "node/miner/seal-thread.ts",
];
/** Read at run time from beside the code that names them. */
const ASSETS = ["replay/reporters/html/page.css", "replay/reporters/html/page.js"];
/** Packages that are plain modules; the others bring binaries, threads or CommonJS, and stay where npm puts them. */
const BUNDLED = ["zod", "hash-wasm", "@noble/hashes", "@noble/curves", "zstddec", "@ethereumjs/rlp"];
/** Every chunk lies as deep as the command, so that a path from the one is a path from the other. */
const CHUNK_FOLDER = "replay/cli";

const root = resolve(import.meta.dirname, "..");

/** @param outdir each file lies in it where its source lies in the project */
export async function bundleInto(outdir: string, entries: readonly string[]): Promise<void> {
  await bundle(outdir, entries, true);
  for (const thread of THREADS) await bundle(outdir, [thread], false);
  for (const asset of ASSETS) {
    mkdirSync(dirname(join(outdir, asset)), { recursive: true });
    copyFileSync(join(root, asset), join(outdir, asset));
  }
}

async function bundle(outdir: string, entryPoints: readonly string[], splitting: boolean): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    outdir,
    outbase: root,
    chunkNames: `${CHUNK_FOLDER}/[name]-[hash]`,
    bundle: true,
    splitting,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
    plugins: [ownPlaces(), withoutFetch(), externalPackages()],
  });
}

/** `import.meta.url` goes on to name the module's own place, be its code in whatever chunk. */
function ownPlaces(): Plugin {
  return {
    name: "own-places",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        if (path.includes("node_modules") || !source.includes("import.meta.url")) return undefined;
        const place = relative(join(root, CHUNK_FOLDER), path).replace(/\.ts$/, ".js");
        const own = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
        return { contents: source.replaceAll("import.meta.url", own), loader: "ts" };
      });
    },
  };
}

/** zstddec fetches its own bytes where there is a fetch, and that takes 50 ms to load in every thread. */
function withoutFetch(): Plugin {
  return {
    name: "without-fetch",
    setup({ onLoad }) {
      onLoad({ filter: /node_modules[\\/]zstddec[\\/].*js$/ }, ({ path }) => ({
        contents: `const fetch = undefined;\n${readFileSync(path, "utf8")}`,
      }));
    },
  };
}

function externalPackages(): Plugin {
  return {
    name: "external-packages",
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === "entry-point" || BUNDLED.some((name) => path === name || path.startsWith(`${name}/`)))
          return undefined;
        return { path, external: true };
      });
    },
  };
}
