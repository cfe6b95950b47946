import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseTwin } from "../../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { blockChecksum, checksumModifier } from "../../../node/archive/sstable/checksum.ts";
import { decodeFooter, FOOTER_BYTES } from "../../../node/archive/sstable/footer.ts";
import { LogReader } from "../../../node/archive/sstable/log-reader.ts";
import { writeLog } from "../../../node/archive/sstable/log-writer.testkit.ts";
import { openRocksDb } from "../../../node/archive/sstable/rocksdb-store.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";

export type Random = () => number;

/** Mulberry32: one seed, one run. */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Alters a copy of a pyquarkchain database in one way; answers with what was done. */
export function mutateDatabase(twin: DatabaseTwin, random: Random): string {
  return pick(MUTATIONS, random)(twin, random);
}

type Mutation = (twin: DatabaseTwin, random: Random) => string;

/** Bytes of any file turned over, cut off, doubled, or replaced by zeros. */
const anyFile: Mutation = ({ dir }, random) => {
  const path = pick(filesBelow(dir), random);
  const bytes = readFileSync(path);
  if (random() < 0.25) {
    const size = Math.floor(random() * bytes.length);
    truncateSync(path, size);
    return `${path} cut to ${size} bytes`;
  }
  writeFileSync(path, altered(bytes, random));
  return `bytes of ${path} altered`;
};

/** A block of a table altered, its checksum made right again. */
const tableBlock: Mutation = ({ dir }, random) => {
  const path = pick(
    filesBelow(dir).filter((file) => file.endsWith(".sst")),
    random,
  );
  const bytes = Uint8Array.from(readFileSync(path));
  const at = bytes.length - FOOTER_BYTES;
  const { checksum, baseContext, index, metaindex } = decodeFooter(bytes.subarray(at), path, at);
  const offset = 0;
  const first = { offset, size: firstBlockBytes(bytes, checksum, baseContext) };
  const block = pick([first, index ?? metaindex, metaindex], random);
  const covered = bytes.subarray(block.offset, block.offset + block.size + 1);
  covered.set(altered(covered, random).subarray(0, covered.length));
  const sum = (blockChecksum(checksum, covered) + checksumModifier(baseContext, block.offset)) >>> 0;
  new DataView(bytes.buffer).setUint32(block.offset + block.size + 1, sum, true);
  writeFileSync(path, bytes);
  return `block at ${block.offset} of ${path} altered under a right checksum`;
};

/** Where the checksum behind a block that begins a table fits. */
function firstBlockBytes(bytes: Uint8Array, kind: Parameters<typeof blockChecksum>[0], baseContext: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let size = 16; size < 1 << 16; size++) {
    const sum = (blockChecksum(kind, bytes.subarray(0, size + 1)) + checksumModifier(baseContext, 0)) >>> 0;
    if (sum === view.getUint32(size + 1, true)) return size;
  }
  return 16;
}

/** A record of a MANIFEST altered, repeated or dropped, all checksums right. */
const manifest: Mutation = ({ dir }, random) => {
  const path = pick(
    filesBelow(dir).filter((file) => /MANIFEST-\d+$/.test(file)),
    random,
  );
  const reader = new LogReader(readFileSync(path), path, 5);
  const records: Uint8Array[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(record.payload);
  const at = Math.floor(random() * records.length);
  const kind = random();
  if (kind < 0.2) records.splice(at, 1);
  else if (kind < 0.4) records.splice(at, 0, records[at]);
  else records[at] = altered(records[at], random);
  writeFileSync(path, writeLog(records));
  return `record ${at} of ${path} altered`;
};

/** A log of random batches, records and lengths. */
const log: Mutation = ({ dir }, random) => {
  const path = pick(
    filesBelow(dir).filter((file) => file.endsWith(".log")),
    random,
  );
  const records = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
    const bytes = randomBytes(random() < 0.1 ? 100_000 : 60, random);
    // Mostly what begins like a batch: a sequence number, then a small count.
    if (random() < 0.8 && bytes.length > 12) bytes.set([1, 2, 0, 0, 0, 0, 0, 0, Math.floor(random() * 4), 0, 0, 0]);
    return bytes;
  });
  writeFileSync(path, writeLog(records));
  return `${path} with ${records.length} random records`;
};

/** The value of a row altered under its key, or the row gone. */
const row: Mutation = (twin, random) => {
  const folder = pick(databasesOf(twin.dir), random);
  const { key, value } = pickRow(join(twin.dir, folder), random);
  if (random() < 0.2) twin.delete(folder, key).write();
  else twin.put(folder, key, altered(value, random)).write();
  return `row ${Buffer.from(key).toString("hex")} of ${folder} altered`;
};

/** An altered value where its keccak says, and a row that names it. */
const provedRow: Mutation = (twin, random) => {
  const folder = pick(databasesOf(twin.dir), random);
  const { key, value } = pickRow(join(twin.dir, folder), random);
  const changed = altered(value, random);
  const hash = keccak256(changed);
  const other = pickRow(join(twin.dir, folder), random);
  const at = Buffer.from(other.value).indexOf(key.length === 32 ? key : key.subarray(-32));
  const naming = Uint8Array.from(other.value);
  if (at >= 0) naming.set(hash, at);
  else if (naming.length >= 32) naming.set(hash, Math.floor(random() * (naming.length - 31)));
  twin.put(folder, hash, changed).put(folder, other.key, naming).write();
  return `an altered row under its own hash in ${folder}, named by ${Buffer.from(other.key).toString("hex")}`;
};

/** One value of the configuration replaced. */
const configuration: Mutation = ({ dir }, random) => {
  const path = join(dir, "cluster_config.json");
  const lines = readFileSync(path, "utf8").split("\n");
  const at = Math.floor(random() * lines.length);
  const values = ["null", "-1", "1e400", '"x"', "[]", "{}", "0", "99999999999999999999999", '"\\u001b[2J"', "true"];
  lines[at] = lines[at].replace(/(:\s*)?[^:,]+(,?)$/, `$1${pick(values, random)}$2`);
  writeFileSync(path, lines.join("\n"));
  return `line ${at + 1} of the configuration: ${JSON.stringify(lines[at])}`;
};

const MUTATIONS: readonly Mutation[] = [anyFile, tableBlock, manifest, log, row, row, provedRow, configuration];

function altered(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = Uint8Array.from(bytes);
  if (changed.length === 0) return randomBytes(40, random);
  const at = Math.floor(random() * changed.length);
  switch (Math.floor(random() * 5)) {
    case 0:
      for (let i = 0; i < 4; i++) changed[Math.floor(random() * changed.length)] ^= 1 << (random() * 8);
      return changed;
    case 1:
      return changed.fill(random() < 0.5 ? 0xff : 0, at, at + 1 + Math.floor(random() * 16));
    case 2:
      return changed.subarray(0, at);
    case 3:
      return Buffer.concat([changed, changed.subarray(at)]);
    default:
      // What length fields like least.
      changed.set([0xff, 0xff, 0xff, 0xff].slice(0, changed.length - at), at);
      return changed;
  }
}

function pickRow(dir: string, random: Random): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const db = openRocksDb(dir);
  try {
    const gte = random() < 0.3 ? randomBytes(2, random) : withPrefix(pick(PREFIXES, random), random);
    for (const entry of db.entries({ gte })) return entry;
    for (const entry of db.entries()) return entry;
    throw new Error(`${dir} has no rows`);
  } finally {
    db.close();
  }
}

/** What rows are read by (node/archive/pyquarkchain/keys.ts); blocks, of which there are most, more often than others. */
const PREFIXES = [
  ...["mblock_", "mblock_", "mblock_", "rblock_", "rblock_", "mi_", "ri_", "xr_", "xd_"],
  ...["r_last_m", "txindex_", "tx_count_", "commit_", "genesis_", "tipHash"],
];

function withPrefix(prefix: string, random: Random): Uint8Array {
  const isIndex = prefix === "mi_" || prefix === "ri_";
  const rest = isIndex ? Buffer.from(`${Math.floor(random() * 60)}`) : randomBytes(2, random);
  return Buffer.concat([Buffer.from(prefix), rest]);
}

function databasesOf(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.endsWith(".db"));
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}

function randomBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)];
}
