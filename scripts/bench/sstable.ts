/*
 * Microseconds per get of a RocksDB database, cold and cached (CPU time too, for machines that do other work):
 *   npx tsc -p tsconfig.json --noEmit false --outDir dist/bench
 *   node dist/bench/scripts/bench/sstable.js FOLDER [cache MiB, default 512] [keys, default 50000]
 * "cold" starts with an empty block cache; the files may be in the system's page cache.
 */
import { openRocksDb, type RocksDbReader } from "../../node/archive/sstable/rocksdb-store.ts";

const [dir, cacheMiB = "512", keyCount = "50000"] = process.argv.slice(2);
if (dir === undefined) {
  console.error("usage: node sstable.js FOLDER [cache MiB] [keys]");
  process.exit(1);
}

const opened = performance.now();
const db = openRocksDb(dir, { cacheBytes: Number(cacheMiB) * 2 ** 20 });
const openMilliseconds = performance.now() - opened;
const { tables, logKeys } = db.describe();
const sample = shuffled(sampleKeys(db, Number(keyCount)));
const absent = sample.map((key) => Uint8Array.of(...key, 0));
console.info(
  `open ${openMilliseconds.toFixed(1)} ms, ${tables.length} tables, ${logKeys} keys in logs, ${sample.length} keys asked`,
);

const fresh = (): RocksDbReader => openRocksDb(dir, { cacheBytes: Number(cacheMiB) * 2 ** 20 });
const verified = fresh();
report("get, cold", sample, (key) => verified.get(key));
report("get, cached", sample, (key) => verified.get(key));
report("get, cached, absent keys", absent, (key) => verified.get(key));
const selfProving = fresh();
report("getSelfProving, cold", sample, (key) => selfProving.getSelfProving(key));
report("getSelfProving, cached", sample, (key) => selfProving.getSelfProving(key));
const uncached = openRocksDb(dir, { cacheBytes: 0 });
report("get, no cache", sample, (key) => uncached.get(key));

/** Up to `most` keys, evenly spread over one scan. */
function sampleKeys(reader: RocksDbReader, most: number): Uint8Array[] {
  const total = tables.reduce((sum, { entries }) => sum + entries, logKeys);
  const step = Math.max(1, Math.floor(total / most));
  const keys: Uint8Array[] = [];
  let at = 0;
  const started = performance.now();
  for (const { key } of reader.entries()) if (at++ % step === 0) keys.push(key);
  console.info(`scan ${(((performance.now() - started) * 1000) / at).toFixed(2)} us/row, ${at} rows`);
  return keys;
}

function shuffled(keys: Uint8Array[]): Uint8Array[] {
  let state = 1;
  for (let i = keys.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [keys[i], keys[j]] = [keys[j], keys[i]];
  }
  return keys;
}

function report(name: string, keys: readonly Uint8Array[], get: (key: Uint8Array) => unknown): void {
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  for (const key of keys) get(key);
  const cpu = process.cpuUsage(cpuBefore);
  const wall = ((performance.now() - started) * 1000) / keys.length;
  const busy = (cpu.user + cpu.system) / keys.length;
  console.info(`${name.padEnd(26)} ${wall.toFixed(2)} us, of which ${busy.toFixed(2)} us CPU`);
}
