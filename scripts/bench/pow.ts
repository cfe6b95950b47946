/*
 * What verifying seals costs, one line for each algorithm and cache, and at the end the keccak that Ethash's caches are
 * made of. npx tsx scripts/bench/pow.ts
 */
import { performance } from "node:perf_hooks";
import { createKeccak } from "hash-wasm";
import { doubleSha256 } from "../../node/cl/pow/double-sha256.ts";
import { type EthashCache, ethashCacheOver, ethashProof, fillEthashCache } from "../../node/cl/pow/ethash.ts";
import { cacheBytes } from "../../node/cl/pow/ethash-size.ts";
import { createQkchashCache, qkchashProof } from "../../node/cl/pow/qkchash.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { createKeccakPermutation } from "../../node/codec/keccak-f.ts";

/** The root chain's and the shards' places in 2026, and the first. */
const ETHASH_EPOCHS = [0, 110, 700];
const MINING_HASH = keccak256(new Uint8Array(0));

/** Median of five batches, in microseconds for each call. */
function measure(calls: number, call: (i: number) => void): number {
  const batches = Array.from({ length: 5 }, (_, batch) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call(batch * calls + i);
    return ((performance.now() - start) * 1000) / calls;
  });
  return batches.sort((a, b) => a - b)[2];
}

function print(what: string, microseconds: number): void {
  const text = microseconds < 1000 ? `${microseconds.toFixed(2)} us` : `${(microseconds / 1000).toFixed(2)} ms`;
  console.log(`${what.padEnd(52)} ${text.padStart(12)}`);
}

function timedCache(epoch: number): EthashCache {
  const words = new Int32Array(new SharedArrayBuffer(cacheBytes(epoch)));
  const start = performance.now();
  fillEthashCache(epoch, words);
  const megabytes = Math.round(words.byteLength / 1e6);
  print(`ethash, cache of epoch ${epoch} (${megabytes} MB)`, (performance.now() - start) * 1000);
  return ethashCacheOver(epoch, words);
}

print(
  "double SHA-256, seal",
  measure(20_000, (i) => doubleSha256(MINING_HASH, BigInt(i))),
);
print(
  "qkchash, cache",
  measure(3, () => createQkchashCache(49)),
);
const qkchashCache = createQkchashCache(49);
for (const x of [false, true]) {
  print(
    x ? "qkchashX, seal" : "qkchash, seal",
    measure(200, (i) => qkchashProof(qkchashCache, MINING_HASH, BigInt(i), x)),
  );
}
for (const epoch of ETHASH_EPOCHS) {
  const cache = timedCache(epoch);
  print(
    `ethash, seal of epoch ${epoch}`,
    measure(60, (i) => ethashProof(cache, MINING_HASH, BigInt(i))),
  );
}

const hasher = await createKeccak(512);
let block: Uint8Array = new Uint8Array(64);
print(
  "keccak-512 of 64 bytes, hash-wasm",
  measure(200_000, () => {
    block = hasher.init().update(block).digest("binary");
  }),
);
const { permute } = createKeccakPermutation();
print("keccak-f, node/cl/pow", measure(200_000, permute));
