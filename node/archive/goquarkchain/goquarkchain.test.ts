import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { encodeMinorBlock } from "../../chain/minor-block.ts";
import { encodeRootBlock } from "../../chain/root-block.ts";
import { concatBytes, fromHex, hashFromHex, toHex, utf8 } from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError, NotADatabaseError, UsageError } from "../../codec/errors.ts";
import { openArchive } from "../open-archive.ts";
import { exportedBlocks, GoquarkchainDirectory } from "./data-directory.testkit.ts";
import { decodeDepositList } from "./deposit-list.ts";
import { BLOCK_KEYS, describeKey, rootHashKey } from "./keys.ts";

const blocks = exportedBlocks();
const directory = new GoquarkchainDirectory();
const db = openArchive(directory.dir);
afterAll(() => {
  db.close();
  directory.remove();
});

describe("against what the clients exported", () => {
  test("what the database is", () => {
    expect(db.kind).toBe("goquarkchain");
    expect(db.fullShardIds).toEqual([1, 65537]);
    expect(db.hasRootDatabase).toBe(true);
    const roots = blocks.filter(({ kind }) => kind === "root");
    expect(toHex(db.rootGenesisHash()!)).toBe(roots[0].hash);
    expect(toHex(db.rootTipHash()!)).toBe(roots.at(-1)?.hash);
  });

  test("its folders and rows have the names that goquarkchain gives them", () => {
    const shard = db.shard(1);
    expect([db.rootFolderName, db.shardFolderName(1), shard.name]).toEqual(["master/db", "shard-1/db", "shard-1/db"]);
    const hash = hashFromHex(blocks[0].hash);
    expect(shard.minorBlockKey(hash)).toBe(`b${blocks[0].hash}`);
    expect(shard.depositListKey(hash)).toBe(`xSL${blocks[0].hash}`);
    expect(db.tornLogs()).toEqual([]);
  });

  test("root blocks, also the shards' copies", () => {
    for (const { hash, height, parent, size } of blocks.filter(({ kind }) => kind === "root")) {
      const id = hashFromHex(hash);
      const block = db.rootBlocks().rootBlock(id);
      expect([block.header.height, toHex(block.header.prevBlockHash)]).toEqual([height, parent]);
      expect(encodeRootBlock(block)).toHaveLength(size);
      for (const shard of db.fullShardIds) expect(db.shard(shard).rootBlock(id)).toEqual(block);
      expect(db.rootBlocks().rootHeader(id)).toEqual(block.header);
    }
  });

  test("minor blocks and what they send", () => {
    for (const row of blocks.filter(({ kind }) => kind === "minor")) {
      const hash = hashFromHex(row.hash);
      const shard = db.shard(row.branch);
      const block = shard.minorBlock(hash);
      const { header, meta } = block;
      expect({
        height: header.height,
        parent: toHex(header.prevMinorBlockHash),
        prevRoot: toHex(header.prevRootBlockHash),
        stateRoot: toHex(meta.stateRoot),
        receiptRoot: toHex(meta.receiptRoot),
        txRoot: toHex(meta.merkleRoot),
        gasUsed: `${meta.gasUsed}`,
        xshardGasUsed: `${meta.xshardReceiveGasUsed}`,
        cursor: Object.values(meta.xshardCursor),
        txs: block.transactions.length,
        size: encodeMinorBlock(block).length,
      }).toEqual({
        height: row.height,
        parent: row.parent,
        prevRoot: row.prevRoot,
        stateRoot: row.stateRoot,
        receiptRoot: row.receiptRoot,
        txRoot: row.txRoot,
        gasUsed: row.gasUsed,
        xshardGasUsed: row.xshardGasUsed,
        cursor: row.cursor,
        txs: row.txs,
        size: row.size,
      });
      expect(toHex(shard.canonicalHashAt(row.height)!)).toBe(row.hash);
      const other = db.shard(row.branch === 1 ? 65537 : 1);
      expect(other.depositList(hash)?.deposits.length ?? 0).toBe(row.xshardOut);
    }
  });
});

describe("deposit lists", () => {
  const deposit = concatBytes(
    new Uint8Array(32).fill(1),
    new Uint8Array(24).fill(2),
    new Uint8Array(24).fill(3),
    fromHex("05".padStart(64, "0")),
    fromHex("06".padStart(64, "0")),
    fromHex("0000000000008bb0"),
    fromHex("0000000000008bb1"),
    Uint8Array.of(1),
    fromHex("09".padStart(64, "0")),
    fromHex("00000002beef"),
    Uint8Array.of(0),
  );

  test("without a refund rate it is 100", () => {
    const { version, deposits } = decodeDepositList(concatBytes(fromHex("00000001"), deposit));
    expect(version).toBe(0);
    expect(deposits[0]).toMatchObject({
      value: 5n,
      gasPrice: 6n,
      gasTokenId: 0x8bb0n,
      transferTokenId: 0x8bb1n,
      isFromRootChain: true,
      gasRemained: 9n,
      messageData: fromHex("beef"),
      createContract: false,
      refundRate: 100,
    });
  });

  test("with one, several deposits, or none", () => {
    const rated = concatBytes(deposit, Uint8Array.of(77));
    const { version, deposits } = decodeDepositList(concatBytes(fromHex("01000002"), rated, rated));
    expect([version, deposits.map(({ refundRate }) => refundRate)]).toEqual([1, [77, 77]]);
    expect(decodeDepositList(fromHex("01000000"))).toEqual({ version: 1, deposits: [] });
  });

  test.each([
    ["an unknown version", "02000000"],
    ["more deposits than bytes", "01ffffff"],
    ["bytes behind the last", "0100000000"],
    ["nothing", ""],
  ])("refuses %s", (_name, hex) => {
    expect(() => decodeDepositList(fromHex(hex))).toThrow(CodecError);
  });
});

describe("folders", () => {
  const temporary: string[] = [];
  const folder = (): string => {
    const dir = mkdtempSync(join(tmpdir(), "goqkc-test-"));
    temporary.push(dir);
    return dir;
  };
  afterAll(() => {
    for (const dir of temporary) rmSync(dir, { recursive: true, force: true });
  });

  test.each([
    ["one slave's folder", "S1"],
    ["one shard's folder", join("S1", "shard-65537")],
  ])("%s alone opens", (_name, path) => {
    const part = openArchive(join(directory.dir, path));
    expect(part.fullShardIds).toEqual([65537]);
    expect(part.hasRootDatabase).toBe(false);
    expect(part.rootTipHash()).toBeUndefined();
    const tip = db.rootTipHash()!;
    expect(part.rootBlocks().rootBlock(tip)).toEqual(db.rootBlocks().rootBlock(tip));
    part.close();
  });

  test("a pyquarkchain folder", () => {
    const python = openArchive("fixtures/pyqkc-small");
    expect(python.kind).toBe("pyquarkchain");
    python.close();
  });

  test("a missing folder, a file, a foreign folder, both clients in one", () => {
    expect(() => openArchive("/nonexistent")).toThrow(/does not exist/);
    expect(() => openArchive("package.json")).toThrow(/is a file/);
    expect(() => openArchive(folder())).toThrow(NotADatabaseError);
    expect(() => openArchive("docs")).toThrow(/neither pyquarkchain's.*nor goquarkchain's.*it holds/);
    const both = folder();
    mkdirSync(join(both, "master.db"));
    mkdirSync(join(both, "master", "db"), { recursive: true });
    expect(() => openArchive(both)).toThrow(UsageError);
  });

  test("a shard that two slaves hold", () => {
    const dir = folder();
    cpSync(directory.dir, dir, { recursive: true });
    cpSync(join(dir, "S0", "shard-1"), join(dir, "S1", "shard-1"), { recursive: true });
    expect(() => openArchive(dir)).toThrow(/shard 1 has two databases, .*S0.*S1/);
  });

  test("exchanged and missing shard folders", () => {
    const dir = folder();
    cpSync(directory.dir, dir, { recursive: true });
    renameSync(join(dir, "S1", "shard-65537"), join(dir, "S1", "shard-1"));
    rmSync(join(dir, "S0"), { recursive: true });
    const exchanged = openArchive(dir);
    expect(() => exchanged.shard(1)).toThrow(/exchanged shard folders: shard-1\/db holds the chain of shard 65537/);
    expect(() => exchanged.shard(65537)).toThrow(/shard-65537\/db is not there \(found: 1\)/);
  });
});

test("a row that is not there, or not what its key says, is damage", () => {
  const unknown = hashFromHex("11".repeat(32));
  const shard = db.shard(1);
  expect(() => shard.minorBlock(unknown)).toThrow(/missing row in shard-1\/db: minor block not found \(key b1111/);
  expect(() => shard.rootBlock(shard.canonicalHashAt(5)!)).toThrow(DatabaseDamagedError);
  expect(shard.hasMinorBlock(unknown)).toBe(false);
  expect(shard.depositList(unknown)).toBeUndefined();
  expect(shard.canonicalHashAt(100_000)).toBeUndefined();
});

test("keys as people read them", () => {
  const hash = hashFromHex("ab".repeat(32));
  expect(describeKey(utf8("LastBlock"))).toBe("LastBlock");
  expect(describeKey(BLOCK_KEYS.minorHashAt(120))).toBe("mn 120");
  expect(describeKey(rootHashKey(2 ** 33))).toBe(`rn ${2 ** 33}`);
  expect(describeKey(BLOCK_KEYS.minorBlock(hash))).toBe(`b${"ab".repeat(32)}`);
  expect(describeKey(BLOCK_KEYS.receivedDeposits(hash))).toBe(`xSL${"ab".repeat(32)}`);
  expect(describeKey(fromHex("62".repeat(32)))).toBe("62".repeat(32));
});
