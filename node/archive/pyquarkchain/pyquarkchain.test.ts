import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { encodeMinorBlock } from "../../chain/minor-block.ts";
import { encodeRootBlock } from "../../chain/root-block.ts";
import { hashFromHex, toHex } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { openPyquarkchainDatabase } from "./database.ts";
import { DatabaseTwin } from "./database-twin.testkit.ts";
import { describeKey, heightKey, PREFIX, prefixedKey } from "./keys.ts";

const FIXTURE = "fixtures/pyqkc-small";

interface BlockExport {
  branch: number;
  height: number;
  hash: string;
  prevMinor: string;
  prevRoot: string;
  time: number;
  difficulty: string;
  coinbase: string;
  coinbaseAmounts: Record<string, string>;
  stateRoot: string;
  receiptRoot: string;
  metaHash: string;
  txRoot: string;
  gasUsed: number;
  xshardGasUsed: number;
  cursor: [number, number, number];
  bloomKeccak: string;
  txCount: number;
  canonical: boolean;
}

interface RootExport {
  height: number;
  hash: string;
  prev: string;
  time: number;
  totalDifficulty: string;
  minor: unknown[];
  canonical: boolean;
}

function exported<T>(name: string): T[] {
  const text = gunzipSync(readFileSync(`fixtures/pyqkc-small-exports/${name}.jsonl.gz`)).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

const db = openPyquarkchainDatabase(FIXTURE);
afterAll(() => db.close());

describe("against what pyquarkchain exported", () => {
  test.each(exported<BlockExport>("blocks"))("minor block $branch/$height $hash", (row) => {
    const shard = db.shard(row.branch);
    const hash = hashFromHex(row.hash);
    const block = shard.minorBlock(hash);
    const { header, meta } = block;
    expect({
      branch: header.branch,
      height: header.height,
      prevMinor: toHex(header.prevMinorBlockHash),
      prevRoot: toHex(header.prevRootBlockHash),
      time: header.createTime,
      difficulty: `${header.difficulty}`,
      coinbaseAmounts: Object.fromEntries([...header.coinbaseAmounts].map(([id, amount]) => [`${id}`, `${amount}`])),
      stateRoot: toHex(meta.stateRoot),
      receiptRoot: toHex(meta.receiptRoot),
      metaHash: toHex(header.metaHash),
      txRoot: toHex(meta.merkleRoot),
      gasUsed: Number(meta.gasUsed),
      xshardGasUsed: Number(meta.xshardReceiveGasUsed),
      cursor: Object.values(meta.xshardCursor),
      bloomKeccak: toHex(keccak256(header.bloom)),
      txCount: block.transactions.length,
    }).toEqual({
      branch: row.branch,
      height: row.height,
      prevMinor: row.prevMinor,
      prevRoot: row.prevRoot,
      time: row.time,
      difficulty: row.difficulty,
      coinbaseAmounts: row.coinbaseAmounts,
      stateRoot: row.stateRoot,
      receiptRoot: row.receiptRoot,
      metaHash: row.metaHash,
      txRoot: row.txRoot,
      gasUsed: row.gasUsed,
      xshardGasUsed: row.xshardGasUsed,
      cursor: row.cursor,
      bloomKeccak: row.bloomKeccak,
      txCount: row.txCount,
    });
    expect(toHex(encodeMinorBlock(block))).toBe(toHex(shard.rows.get(prefixedKey(PREFIX.minorBlock, hash))!));
    if (row.canonical) expect(toHex(shard.canonicalHashAt(row.height)!)).toBe(row.hash);
  });

  test("root blocks, forks included", () => {
    const root = db.rootArchive()!;
    for (const row of exported<RootExport>("roots")) {
      const hash = hashFromHex(row.hash);
      const block = root.rootBlock(hash);
      expect(block.header.height).toBe(row.height);
      expect(toHex(block.header.prevBlockHash)).toBe(row.prev);
      expect(block.header.createTime).toBe(row.time);
      expect(`${block.header.totalDifficulty}`).toBe(row.totalDifficulty);
      expect(block.minorHeaders.length).toBe(row.minor.length);
      expect(root.rootHeader(hash)).toEqual(block.header);
      expect(toHex(encodeRootBlock(block)).length).toBeGreaterThan(0);
      if (row.canonical) expect(toHex(root.canonicalHashAt(row.height)!)).toBe(row.hash);
    }
  });

  test("derived rows: indexes, counts, deposit lists", () => {
    const shard = db.shard(1);
    const root = db.rootArchive()!;
    const tip = root.tipHash()!;
    const lastOfShard1 = root.lastMinorHeaders(tip)!.find((header) => header.branch === 1)!;
    expect(lastOfShard1.height).toBeGreaterThan(10);
    expect(toHex(shard.canonicalHashAt(lastOfShard1.height)!)).toBe(toHex(shard.lastConfirmedMinorHash(tip)!));
    const hash = shard.canonicalHashAt(20)!;
    const block = shard.minorBlock(hash);
    expect(root.minorCoinbase(hash)).toEqual(block.header.coinbaseAmounts);
    expect(shard.transactionCount(hash)).toBe(
      shard.transactionCount(block.header.prevMinorBlockHash)! + block.transactions.length,
    );
    expect(shard.consumedDepositHashes(hash)).toBeDefined();
    for (const [index, transaction] of block.transactions.entries()) {
      expect(shard.transactionPlace(transaction.hash)).toEqual({ height: 20, index });
    }
    const rootHash = block.header.prevRootBlockHash;
    expect(shard.rootBlock(rootHash)).toEqual(root.rootBlock(rootHash));
    expect(shard.hasMinorBlock(tip)).toBe(false);
    expect(shard.depositList(tip)).toBeUndefined();
    const received = [...shard.rows.entries({ gte: PREFIX.receivedDeposits, lt: keyAfter(PREFIX.receivedDeposits) })];
    const lists = received.map(({ key }) => shard.depositList(hashFromHex(toHex(key.subarray(7))))!);
    expect(lists.some((list) => list.deposits.length > 0)).toBe(true);
    expect(lists.every((list) => list.version === 1 || list.deposits.length === 0)).toBe(true);
  });
});

function keyAfter(prefix: Uint8Array): Uint8Array {
  const next = prefix.slice();
  next[next.length - 1]++;
  return next;
}

describe("what is not as it should be is named", () => {
  const temporary: string[] = [];
  const folder = () => {
    const dir = mkdtempSync(join(tmpdir(), "qkc-archive-"));
    temporary.push(dir);
    return dir;
  };
  afterAll(() => {
    for (const dir of temporary) rmSync(dir, { recursive: true, force: true });
  });

  test("a folder that does not exist, a file, an empty folder, a foreign folder", () => {
    expect(() => openPyquarkchainDatabase("/nonexistent")).toThrow(/does not exist/);
    expect(() => openPyquarkchainDatabase("package.json")).toThrow(/is a file/);
    expect(() => openPyquarkchainDatabase(folder())).toThrow(/the folder is empty/);
    expect(() => openPyquarkchainDatabase("docs")).toThrow(/not a pyquarkchain data directory.*it holds/);
  });

  test("exchanged shard folders", () => {
    const dir = folder();
    cpSync(FIXTURE, dir, { recursive: true });
    renameSync(join(dir, "shard-1.db"), join(dir, "x"));
    renameSync(join(dir, "shard-65538.db"), join(dir, "shard-1.db"));
    renameSync(join(dir, "x"), join(dir, "shard-65538.db"));
    expect(() => openPyquarkchainDatabase(dir).shard(1)).toThrow(
      /exchanged.*shard-1.db holds the chain of shard 65538/,
    );
  });

  test("a missing shard database", () => {
    expect(() => db.shard(4)).toThrow(/shard-4.db is not there \(found: 1, 65538/);
  });

  test("one shard folder alone opens", () => {
    const single = openPyquarkchainDatabase(join(FIXTURE, "shard-65539.db"));
    expect(single.fullShardIds).toEqual([65539]);
    expect(single.rootTipHash()).toBeUndefined();
    const tip = db.rootTipHash()!;
    expect(single.rootBlocks().rootBlock(tip)).toEqual(db.rootBlocks().rootBlock(tip));
    single.close();
  });

  test("missing and altered rows", () => {
    const shard = db.shard(1);
    const hash = shard.canonicalHashAt(7)!;
    const key = prefixedKey(PREFIX.minorBlock, hash);
    const row = shard.rows.get(key)!.slice();
    row[row.length - 300] ^= 1;
    const header = shard.rows.get(key)!.slice();
    header[10] ^= 1;
    const gone = shard.canonicalHashAt(8)!;
    const short = shard.canonicalHashAt(9)!;
    const twin = new DatabaseTwin(FIXTURE)
      .put("shard-1.db", key, header)
      .delete("shard-1.db", prefixedKey(PREFIX.minorBlock, gone))
      .put("shard-1.db", prefixedKey(PREFIX.minorBlock, short), row.subarray(0, 100))
      .put("shard-1.db", heightKey(PREFIX.minorHeightIndex, 10), Uint8Array.of(1, 2))
      .write();
    const broken = openPyquarkchainDatabase(twin.dir);
    expect(() => broken.shard(1).minorBlock(hash)).toThrow(/altered row in shard-1.db: the minor block.*mblock_/);
    expect(() => broken.shard(1).minorBlock(gone)).toThrow(/missing row in shard-1.db: minor block not found/);
    expect(() => broken.shard(1).minorBlock(short)).toThrow(/altered row in shard-1.db: .*only \d+ left/);
    expect(() => broken.shard(1).canonicalHashAt(10)).toThrow(/32 bytes, got 2.*mi_10/);
    expect(broken.shard(1).minorBlock(shard.canonicalHashAt(11)!).header.height).toBe(11);
    broken.close();
    twin.remove();
    expect(existsSync(twin.dir)).toBe(false);
  });

  test("keys are shown as people write them", () => {
    expect(describeKey(heightKey("mi_", 120))).toBe("mi_120");
    expect(describeKey(prefixedKey(PREFIX.lastConfirmedMinor, Uint8Array.of(0xab)))).toBe("r_last_mab");
  });
});
