import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { bytesEqual, compareBytes, toHex } from "../../codec/bytes.ts";
import type { KeyValueEntry, KeyValueReader } from "../key-value-reader.ts";
import { compareScan } from "./compare-scan.testkit.ts";
import { folderDigest } from "./folder-digest.testkit.ts";
import { openLevelDb } from "./leveldb-store.ts";

/** So small that blocks leave the cache all the time, and so large that none does. */
const CACHE_SIZES = [0, 20_000, 1 << 26];
const RANGES = 12;

const ENDINGS = ["closed", "abandoned", "log only", "truncated log", "half-written table", "empty"] as const;
type Ending = (typeof ENDINGS)[number];
type Random = () => number;

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function randomNumbers(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Writes a database with LevelDB itself and compares what this reader finds in it with what LevelDB reads from a copy.
 * Returns how the database was ended. Throws an Error naming the seed.
 */
export async function compareWithLevelDb(seed: number): Promise<Ending> {
  const random = randomNumbers(seed);
  const folder = mkdtempSync(join(tmpdir(), "leveldb-"));
  const ending = ENDINGS[Math.floor(random() * ENDINGS.length)];
  try {
    const dir = join(folder, "db");
    const keys = randomKeys(random);
    await writeDatabase(join(folder, "live"), dir, ending, keys, random);
    const rows = await levelDbRows(dir, join(folder, "copy"));
    const present = new Set(rows.map(({ key }) => toHex(key)));
    checkLevelDb(
      dir,
      rows,
      keys.filter((key) => !present.has(toHex(key))),
      seed,
    );
    return ending;
  } catch (error) {
    throw new Error(`seed ${seed} (${ending}): ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads everything in every way and throws where that is not exactly `rows`, or where the folder has changed. */
export function checkLevelDb(
  dir: string,
  rows: readonly KeyValueEntry[],
  absent: readonly Uint8Array[],
  seed: number,
): void {
  const before = folderDigest(dir);
  const cacheBytes = CACHE_SIZES[seed % CACHE_SIZES.length];
  const db = openLevelDb(dir, { cacheBytes, verifyChecksums: seed % 2 === 0 ? "all" : "default" });
  checkScans(db, rows, absent, randomNumbers(seed));
  for (const { key, value } of rows) {
    for (const found of [db.get(key), db.getSelfProving(key)]) {
      if (found === undefined || !bytesEqual(found, value)) throw new Error(`get ${toHex(key)}: another value`);
    }
    if (!db.has(key)) throw new Error(`has ${toHex(key)}: false`);
  }
  for (const key of absent) {
    if ((db.get(key) ?? db.getSelfProving(key)) !== undefined || db.has(key)) {
      throw new Error(`absent key ${toHex(key)} is found`);
    }
  }
  db.close();
  if (folderDigest(dir) !== before) throw new Error("the folder has changed");
}

function checkScans(
  db: KeyValueReader,
  rows: readonly KeyValueEntry[],
  absent: readonly Uint8Array[],
  random: Random,
): void {
  compareScan(db, {}, rows);
  compareScan(db, { reverse: true }, rows.toReversed());
  const border = (): Uint8Array | undefined => {
    const draw = random();
    if (draw < 0.2) return undefined;
    return draw < 0.6 ? pick(rows, random)?.key : pick(absent, random);
  };
  for (let i = 0; i < RANGES; i++) {
    const gte = border();
    const lt = border();
    const inside = rows.filter(
      ({ key }) =>
        (gte === undefined || compareBytes(key, gte) >= 0) && (lt === undefined || compareBytes(key, lt) < 0),
    );
    compareScan(db, { gte, lt }, inside);
    compareScan(db, { gte, lt, reverse: true }, inside.toReversed());
  }
}

async function writeDatabase(
  live: string,
  target: string,
  ending: Ending,
  keys: readonly Uint8Array[],
  random: Random,
): Promise<void> {
  const options = {
    keyEncoding: "view",
    valueEncoding: "view",
    compression: random() < 0.5,
    blockSize: pick([256, 1024, 4096], random),
    blockRestartInterval: pick([1, 2, 16], random),
    writeBufferSize: ending === "log only" ? 64 << 20 : pick([64 << 10, 4 << 20], random),
    maxFileSize: pick([1 << 20, 2 << 20], random),
  } as const;
  let db = new ClassicLevel<Uint8Array, Uint8Array>(live, options);
  const sessions = ending === "log only" || ending === "empty" ? 1 : 1 + Math.floor(random() * 3);
  await db.open();
  for (let session = 0; session < sessions; session++) {
    if (ending !== "empty") await write(db, keys, random, ending !== "log only");
    if (session + 1 === sessions) break;
    await db.close();
    db = new ClassicLevel(live, options);
    await db.open();
  }
  if (ending === "closed") await db.close();
  // Compactions end by themselves; a copy in the middle of one could name tables that are gone.
  else await new Promise((resolve) => setTimeout(resolve, 150));
  copyDatabase(live, target);
  await db.close();
  spoil(target, ending, random);
}

async function write(
  db: ClassicLevel<Uint8Array, Uint8Array>,
  keys: readonly Uint8Array[],
  random: Random,
  compacts: boolean,
): Promise<void> {
  for (let step = Math.floor(random() * 300); step >= 0; step--) {
    const batch = db.batch();
    for (let n = Math.floor(random() * 4); n >= 0; n--) {
      const key = keys[Math.floor(random() * keys.length)];
      if (random() < 0.25) batch.del(key);
      else batch.put(key, randomValue(random));
    }
    await batch.write();
    if (compacts && random() < 1 / 100) await db.compactRange(new Uint8Array(), new Uint8Array(40).fill(0xff));
  }
}

function randomKeys(random: Random): Uint8Array[] {
  return Array.from({ length: 20 + Math.floor(random() * 400) }, () => {
    const key = Uint8Array.from({ length: pick([1, 5, 33, 33, 33, 300], random) }, () => Math.floor(random() * 256));
    if (random() < 0.5) key[0] = 0x62;
    return key;
  });
}

function randomValue(random: Random): Uint8Array {
  const value = new Uint8Array(pick([0, 8, 32, 200, 200, 3000, 70_000], () => random() * random()));
  return random() < 0.5 ? value : value.map(() => Math.floor(random() * 256));
}

function copyDatabase(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name !== "LOCK" && name !== "LOG") cpSync(join(from, name), join(to, name));
  }
}

function spoil(dir: string, ending: Ending, random: Random): void {
  if (ending === "truncated log") {
    const log = readdirSync(dir)
      .filter((name) => name.endsWith(".log"))
      .sort()
      .at(-1);
    if (log === undefined) throw new Error("there is no log");
    const path = join(dir, log);
    truncateSync(path, Math.floor(random() * (statSync(path).size + 1)));
  }
  if (ending === "half-written table") {
    writeFileSync(join(dir, "900000.ldb"), randomValue(random));
  }
}

/** What LevelDB reads, which replays the log and rewrites the folder: from a copy. */
async function levelDbRows(dir: string, copy: string): Promise<KeyValueEntry[]> {
  copyDatabase(dir, copy);
  const db = new ClassicLevel<Uint8Array, Uint8Array>(copy, { keyEncoding: "view", valueEncoding: "view" });
  const rows: KeyValueEntry[] = [];
  for await (const [key, value] of db.iterator()) rows.push({ key: key.slice(), value: value.slice() });
  await db.close();
  return rows;
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random() * from.length)];
}
