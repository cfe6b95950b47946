import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { heightKey, PREFIX, prefixedKey, ROOT_TIP_KEY } from "../../node/archive/pyquarkchain/keys.ts";
import { openRocksDb } from "../../node/archive/sstable/rocksdb-store.ts";
import { type CrossShardDeposit, encodeDepositList } from "../../node/chain/deposit.ts";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import { merkleRoot } from "../../node/chain/merkle-root.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { encodeRootBlock, type RootBlock } from "../../node/chain/root-block.ts";
import { bytesEqual, type Hash32, hashFromHex, toHex, uint32ToBytes, utf8, ZERO_HASH } from "../../node/codec/bytes.ts";
import { KECCAK_EMPTY, keccak256 } from "../../node/codec/keccak.ts";
import { ArchivedNodes } from "../../node/el/archived-nodes.ts";
import { readAccount } from "../../node/el/state/read-account.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  childFromReference,
  childOffset,
  decodeStoredNode,
  UNRESOLVED,
} from "../../node/el/trie/trie-node.ts";
import {
  FIXTURE,
  FixtureChain,
  type Forgery,
  flipByte,
  flipped,
  MASTER,
  shardFolder,
  withHeader,
  withMeta,
  withRootHeader,
} from "./twin-chain.testkit.ts";
import { type CheckAnswer, type CheckOptions, checkInProcess } from "./twin-check.testkit.ts";
import { type BlockExport, exportedRows, type RootExport } from "./twin-exports.testkit.ts";

let chain: FixtureChain;
beforeAll(() => {
  chain = new FixtureChain();
});
afterAll(() => chain.close());

/** The tip root block alone. */
const TIP: CheckOptions = { last: 1 };

async function checkTwin(twin: DatabaseTwin, options: CheckOptions): Promise<CheckAnswer> {
  try {
    return await checkInProcess(twin.dir, options);
  } finally {
    twin.remove();
  }
}

function checkForged(forgery: Forgery, options: CheckOptions = TIP): Promise<CheckAnswer> {
  return checkTwin(chain.forge(forgery), options);
}

function checkRows(edit: (twin: DatabaseTwin) => void, options: CheckOptions = TIP): Promise<CheckAnswer> {
  const twin = new DatabaseTwin(FIXTURE);
  edit(twin);
  return checkTwin(twin.write(), options);
}

/** Fields and rules of each divergence, by place. */
function divergencesOf({ report }: CheckAnswer): Record<string, { fields: string[]; rules: string[] }> {
  const entries = report?.divergences.map(({ fullShardId, height, fields, violations }) => [
    `${fullShardId ?? "root"}/${height}`,
    { fields: fields.map(({ field }) => field), rules: violations.map(({ code }) => code) },
  ]);
  return Object.fromEntries(entries ?? []);
}

/** A damaged database: exit code 4, nothing but damage, and each of the sentences in the report and on the screen. */
function expectDamage({ exitCode, report, text }: CheckAnswer, ...sentences: RegExp[]): void {
  expect(report?.divergences).toEqual([]);
  expect(exitCode).toBe(4);
  const found = report?.damage.map(({ message }) => message).join("\n");
  for (const sentence of sentences) expect(found).toMatch(sentence);
  expect(text).toMatch(sentences[0]);
}

const minorKey = (fullShardId: number, height: number) =>
  prefixedKey(PREFIX.minorBlock, chain.minorHash(fullShardId, height));
const rootKey = (height: number) => prefixedKey(PREFIX.rootBlock, chain.roots[height].hash);
const listKey = (fullShardId: number, height: number) =>
  prefixedKey(PREFIX.receivedDeposits, chain.minorHash(fullShardId, height));

function storedRow(fullShardId: number, key: Uint8Array): Uint8Array {
  const row = chain.db.shard(fullShardId).rows.get(key);
  if (row === undefined) throw new Error(`shard ${fullShardId} has no row ${toHex(key)}`);
  return row.slice();
}

describe("one field of a shard's last block lies, its header and all above it hashed anew", () => {
  type FieldForgery = readonly [field: string, shard: number, change: (block: MinorBlock) => MinorBlock];
  const forgeries: readonly FieldForgery[] = [
    ["stateRoot", 1, (block) => withMeta(block, { stateRoot: flipped(block.meta.stateRoot) })],
    ["receiptRoot", 65538, (block) => withMeta(block, { receiptRoot: flipped(block.meta.receiptRoot) })],
    ["bloom", 65539, (block) => withHeader(block, { bloom: flipped(block.header.bloom, 100) })],
    ["gasUsed", 131073, (block) => withMeta(block, { gasUsed: block.meta.gasUsed + 1n })],
    ["xshardReceiveGasUsed", 1, ({ ...block }) => withMeta(block, { xshardReceiveGasUsed: 9000n })],
    [
      "xshardCursor",
      65538,
      (block) => withMeta(block, { xshardCursor: { ...block.meta.xshardCursor, xshardDepositIndex: 1 } }),
    ],
    [
      "coinbaseAmounts",
      65539,
      (block) =>
        withHeader(block, {
          coinbaseAmounts: new Map([...block.header.coinbaseAmounts].map(([token, amount]) => [token, amount + 1n])),
        }),
    ],
    [
      "coinbaseAmounts",
      131073,
      (block) => withHeader(block, { coinbaseAmounts: new Map([...block.header.coinbaseAmounts, [5n, 7n]]) }),
    ],
  ];

  test.each(forgeries)("%s of shard %i", async (field, fullShardId, change) => {
    const height = chain.tipHeight(fullShardId);
    const answer = await checkForged({ minor: { fullShardId, height, change } });
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)).toEqual({ [`${fullShardId}/${height}`]: { fields: [field], rules: [] } });
    expect(answer.report?.damage).toEqual([]);
    expect(answer.text).toMatch(new RegExp(`shard ${fullShardId} .* block ${height} .*\n +${field}\n.*declared`));
  });

  test.each([
    [
      "metaHash",
      "META_HASH_MISMATCH",
      (block: MinorBlock) => withHeader(block, { metaHash: flipped(block.header.metaHash) }),
    ],
    [
      "merkleRoot",
      "MERKLE_ROOT_MISMATCH",
      (block: MinorBlock) => withMeta(block, { merkleRoot: flipped(block.meta.merkleRoot) }),
    ],
  ])("%s breaks a rule too", async (field, rule, change) => {
    const height = chain.tipHeight(1);
    const answer = await checkForged({ minor: { fullShardId: 1, height, change } });
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)).toEqual({ [`1/${height}`]: { fields: [field], rules: [rule] } });
  });

  test("the declared value is the lie, the computed one the truth", async () => {
    const height = chain.tipHeight(1);
    const { stateRoot } = chain.minorBlock(1, height).meta;
    const change = (block: MinorBlock) => withMeta(block, { stateRoot: flipped(stateRoot) });
    const { report } = await checkForged({ minor: { fullShardId: 1, height, change } });
    expect(report?.divergences[0]).toMatchObject({
      rootHeight: 18,
      fields: [{ declared: toHex(flipped(stateRoot)), computed: toHex(stateRoot) }],
    });
  });

  test("transactions that are left out or exchanged", async () => {
    const height = chain.tipHeight(1);
    const forge = (change: (block: MinorBlock) => MinorBlock) =>
      checkForged({ minor: { fullShardId: 1, height, change } });
    const shorter = await forge((block) => ({ ...block, transactions: block.transactions.slice(1) }));
    expect(divergencesOf(shorter)[`1/${height}`].fields).toEqual(
      expect.arrayContaining(["merkleRoot", "stateRoot", "receiptRoot", "gasUsed", "coinbaseAmounts"]),
    );
    const exchanged = await forge((block) => ({ ...block, transactions: [...block.transactions].reverse() }));
    expect(divergencesOf(exchanged)).toEqual({
      [`1/${height}`]: { fields: ["merkleRoot", "receiptRoot"], rules: ["MERKLE_ROOT_MISMATCH"] },
    });
  });
});

describe("one state root in the middle lies, every later block of all shards hashed anew", () => {
  const lie = (block: MinorBlock) => withMeta(block, { stateRoot: flipped(block.meta.stateRoot) });

  /** No block of root blocks 9..12 keeps an ancestor's hash in its state but for those named in the tests. */
  test.each([undefined, 1, 3])("exactly one divergence with ranges of %s root blocks", async (batch) => {
    const minor = { fullShardId: 65538, height: 40, change: lie };
    const answer = await checkForged({ minor }, { from: 9, to: 12, check_db_rblock_batch: batch });
    expect(divergencesOf(answer)).toEqual({ "65538/40": { fields: ["stateRoot"], rules: [] } });
    expect(answer.report?.damage).toEqual([]);
    expect(answer.exitCode).toBe(2);
  });

  test.each([undefined, 1])("also where the stakes of the next root block are read from it", async (batch) => {
    const minor = { fullShardId: 1, height: 23, change: lie };
    const answer = await checkForged({ minor }, { from: 9, to: 12, check_db_rblock_batch: batch });
    expect(divergencesOf(answer)).toEqual({ "1/23": { fields: ["stateRoot"], rules: [] } });
    expect(answer.report?.damage).toEqual([]);
  });

  test("a check that starts behind it finds nothing wrong", async () => {
    const minor = { fullShardId: 1, height: 23, change: lie };
    const answer = await checkForged({ minor }, { from: 10, to: 12 });
    expect(answer.exitCode).toBe(0);
  });

  test("blocks that keep an ancestor's hash in their state really come to another one", async () => {
    const minor = { fullShardId: 1, height: 3, change: lie };
    const answer = await checkForged({ minor }, { to: 9 });
    expect(divergencesOf(answer)).toEqual(
      Object.fromEntries(
        ["1/3", "65539/14", "1/15", "65539/16"].map((place) => [place, { fields: ["stateRoot"], rules: [] }]),
      ),
    );
  });
});

describe("rules of minor blocks", () => {
  const parentTime = () => chain.minorBlock(1, chain.tipHeight(1) - 1).header.createTime;
  const forgeries: ReadonlyArray<readonly [rule: string, change: (block: MinorBlock) => MinorBlock]> = [
    ["DIFFICULTY_MISMATCH", (block) => withHeader(block, { difficulty: block.header.difficulty + 1n })],
    ["GAS_LIMIT_MISMATCH", (block) => withHeader(block, { gasLimit: block.header.gasLimit + 1n })],
    ["XSHARD_GAS_LIMIT_MISMATCH", (block) => withMeta(block, { xshardGasLimit: 5_999_999n })],
    ["TIME_NOT_INCREASING", (block) => withHeader(block, { createTime: parentTime() })],
    ["VERSION", (block) => withHeader(block, { version: 1 })],
    [
      "COINBASE_NOT_IN_SHARD",
      (block) => withHeader(block, { coinbaseAddress: { ...block.header.coinbaseAddress, fullShardKey: 0x10000 } }),
    ],
    ["EXTRA_DATA_TOO_LARGE", (block) => withHeader(block, { extraData: new Uint8Array(1025) })],
    ["TRACKING_DATA_TOO_LARGE", (block) => ({ ...block, trackingData: new Uint8Array(1025) })],
  ];

  test.each(forgeries)("%s", async (rule, change) => {
    const height = chain.tipHeight(1);
    const answer = await checkForged({ minor: { fullShardId: 1, height, change } });
    expect(answer.exitCode).toBe(2);
    const { [`1/${height}`]: found, ...others } = divergencesOf(answer);
    expect(found.rules).toEqual([rule]);
    expect(others).toEqual({});
    expect(answer.text).toContain(`${rule}: `);
  });

  test("another height", async () => {
    const change = (block: MinorBlock) => withHeader(block, { height: 54 });
    const answer = await checkForged({ minor: { fullShardId: 1, height: 53, change } });
    expect(divergencesOf(answer)).toEqual({ "1/54": { fields: ["height"], rules: ["HEIGHT_MISMATCH"] } });
  });

  test("a parent that is not the block before", async () => {
    const prevMinorBlockHash = chain.minorHash(1, 51);
    const change = (block: MinorBlock) => withHeader(block, { prevMinorBlockHash });
    const answer = await checkForged({ minor: { fullShardId: 1, height: 53, change } });
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)).toMatchObject({
      "root/18": { rules: ["MINOR_BLOCK_NOT_LINKED"] },
      "1/53": { rules: ["HEIGHT_MISMATCH"] },
    });
  });

  test("an older root block than the parent's", async () => {
    const prevRootBlockHash = chain.roots[14].hash;
    const change = (block: MinorBlock) => withHeader(block, { prevRootBlockHash });
    const answer = await checkForged({ minor: { fullShardId: 1, height: 53, change } });
    expect(divergencesOf(answer)).toEqual({
      "1/53": { fields: ["xshardCursor"], rules: ["ROOT_HEIGHT_DECREASING", "ROOT_CHAIN_MISMATCH"] },
    });
  });

  test("a root block of an abandoned fork", async () => {
    const fork = exportedRows<RootExport>("roots").find(({ canonical, height }) => !canonical && height === 14);
    const prevRootBlockHash = hashFromHex(fork?.hash ?? "");
    const change = (block: MinorBlock) => withHeader(block, { prevRootBlockHash });
    const answer = await checkForged({ minor: { fullShardId: 1, height: 53, change } });
    expect(divergencesOf(answer)).toMatchObject({
      "root/18": { rules: ["MINOR_BLOCK_ON_OTHER_ROOT_CHAIN"] },
      "1/53": { rules: ["ROOT_HEIGHT_DECREASING", "ROOT_CHAIN_MISMATCH"] },
    });
  });

  test("later than the root block that confirms it", async () => {
    const change = (block: MinorBlock) => withHeader(block, { createTime: block.header.createTime + 100_000 });
    const answer = await checkForged({ minor: { fullShardId: 1, height: 53, change } });
    expect(divergencesOf(answer)).toMatchObject({ "root/18": { rules: ["MINOR_BLOCK_LATER_THAN_ROOT"] } });
  });
});

describe("rules of root blocks", () => {
  const rehashed = (block: RootBlock) =>
    withRootHeader(block, { merkleRoot: merkleRoot(block.minorHeaders.map(minorHeaderHash)) });
  const forgeries: ReadonlyArray<readonly [rules: string[], change: (block: RootBlock) => RootBlock]> = [
    [
      ["DIFFICULTY_MISMATCH"],
      (block) =>
        withRootHeader(block, {
          difficulty: block.header.difficulty + 1n,
          totalDifficulty: block.header.totalDifficulty + 1n,
        }),
    ],
    [
      ["TOTAL_DIFFICULTY_MISMATCH"],
      (block) => withRootHeader(block, { totalDifficulty: block.header.totalDifficulty + 1n }),
    ],
    [
      ["COINBASE_AMOUNT_MISMATCH"],
      (block) =>
        withRootHeader(block, {
          coinbaseAmounts: new Map([...block.header.coinbaseAmounts].map(([token, amount]) => [token, amount + 1n])),
        }),
    ],
    [["MERKLE_ROOT_MISMATCH"], (block) => withRootHeader(block, { merkleRoot: flipped(block.header.merkleRoot) })],
    [["STATE_ROOT_NOT_EMPTY"], (block) => withRootHeader(block, { stateRoot: flipped(block.header.stateRoot) })],
    [["VERSION"], (block) => withRootHeader(block, { version: 1 })],
    [["EXTRA_DATA_TOO_LARGE"], (block) => withRootHeader(block, { extraData: new Uint8Array(1025) })],
    [["TRACKING_DATA_TOO_LARGE"], (block) => ({ ...block, trackingData: new Uint8Array(1025) })],
    [
      ["POSW_COINBASE_NOT_IN_SHARD"],
      (block) => withRootHeader(block, { coinbaseAddress: { ...block.header.coinbaseAddress, fullShardKey: 0x20000 } }),
    ],
    [
      ["COINBASE_AMOUNT_MISMATCH", "MINOR_BLOCK_NOT_LINKED"],
      (block) => rehashed({ ...block, minorHeaders: block.minorHeaders.slice(1) }),
    ],
    [
      ["COINBASE_AMOUNT_MISMATCH", "MINOR_BLOCK_NOT_LINKED"],
      (block) => rehashed({ ...block, minorHeaders: [block.minorHeaders[0], ...block.minorHeaders] }),
    ],
    [
      ["SHARDS_NOT_ORDERED"],
      (block) =>
        rehashed({
          ...block,
          minorHeaders: [...block.minorHeaders].sort((a, b) => b.branch - a.branch || a.height - b.height),
        }),
    ],
  ];

  test.each(forgeries)("%j", async (rules, change) => {
    const answer = await checkForged({ root: { height: 18, change } });
    expect(answer.exitCode).toBe(2);
    const { "root/18": found, ...others } = divergencesOf(answer);
    expect([...new Set(found.rules)]).toEqual(rules);
    expect(others).toEqual({});
    expect(answer.text).toContain(`root block 18`);
  });

  test("earlier than its parent", async () => {
    const { createTime } = chain.roots[17].block.header;
    const answer = await checkForged({
      root: { height: 18, change: (block) => withRootHeader(block, { createTime }) },
    });
    expect(divergencesOf(answer)["root/18"].rules[0]).toBe("TIME_NOT_INCREASING");
  });

  test("a parent that is not the block before breaks the chain", async () => {
    const prevBlockHash = chain.roots[16].hash;
    const change = (block: RootBlock) => withRootHeader(block, { prevBlockHash });
    expectDamage(await checkForged({ root: { height: 18, change } }), /broken root chain: .* at height 17 but says 16/);
  });
});

describe("altered rows", () => {
  const header = "the minor block stored there does not hash to its key";

  test("the header of a minor block", async () => {
    const key = minorKey(1, 53);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, flipped(storedRow(1, key), 20)));
    expectDamage(answer, new RegExp(`altered row in shard-1.db: ${header} \\(key mblock_`));
    expect(answer.report?.damage).toMatchObject([{ fullShardId: 1, height: 53, rootHeight: 18 }]);
  });

  test("a minor block's seal: a nonce that its hash does not know", async () => {
    const key = minorKey(65539, 53);
    const row = storedRow(65539, key);
    const nonce = 4 + 4 + 8 + 24 + 4 + 2 + 32 + 32 + 32 + 32 + 8 + 5 + 7;
    const answer = await checkRows((twin) => twin.put("shard-65539.db", key, flipped(row, nonce + 5)));
    expectDamage(answer, new RegExp(header));
  });

  test("another block under a block's key", async () => {
    const answer = await checkRows((twin) => twin.put("shard-1.db", minorKey(1, 53), storedRow(1, minorKey(1, 52))));
    expectDamage(answer, new RegExp(header));
  });

  test("a transaction of a minor block", async () => {
    const key = minorKey(1, 53);
    const row = storedRow(1, key);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, flipped(row, row.length - 100)));
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)["1/53"]).toMatchObject({ fields: expect.arrayContaining(["merkleRoot"]) });
  });

  test.each([0, 1, 300, 700])("a minor block cut off after %i bytes", async (length) => {
    const key = minorKey(1, 53);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, storedRow(1, key).subarray(0, length)));
    expectDamage(answer, /altered row in shard-1.db: .* only \d+ left \(key mblock_/);
  });

  test("the header of a root block", async () => {
    const row = encodeRootBlock(chain.tip.block);
    const sentence = /altered row in master.db: the root block stored there does not hash to its key \(key rblock_/;
    expectDamage(await checkRows((twin) => twin.put(MASTER, rootKey(18), flipped(row, 10))), sentence);
    const below = encodeRootBlock(chain.roots[17].block);
    expectDamage(await checkRows((twin) => twin.put(MASTER, rootKey(17), flipped(below, 10))), sentence);
  });

  test("the minor headers of a root block", async () => {
    const row = encodeRootBlock(chain.tip.block);
    const answer = await checkRows((twin) => twin.put(MASTER, rootKey(18), flipped(row, row.length - 50)));
    expect(answer.exitCode).toBe(2);
    expect(divergencesOf(answer)["root/18"]).toEqual({ fields: ["merkleRoot"], rules: ["MERKLE_ROOT_MISMATCH"] });
    expect(answer.report?.damage[0].message).toMatch(/missing row in shard-131073.db: minor block 64/);
  });

  test.each([
    ["short", new Uint8Array(31), /altered row in master.db: a hash has 32 bytes, got 31 \(key tipHash\)/],
    ["of no block", ZERO_HASH, /missing row in master.db: root block not found \(key rblock_0000/],
    ["empty", new Uint8Array(0), /names no root tip: .* \(key tipHash\)/],
  ])("a tip hash %s", async (_, hash, sentence) => {
    expectDamage(await checkRows((twin) => twin.put(MASTER, ROOT_TIP_KEY, hash)), sentence);
  });

  describe("a list of what 131073/63 sent to 65539", () => {
    const list = (): readonly CrossShardDeposit[] =>
      chain.db.shard(65539).depositList(chain.minorHash(131073, 63))?.deposits ?? [];

    test.each<readonly [string, number, () => readonly CrossShardDeposit[]]>([
      ["with another value", 65539, () => list().map((deposit) => ({ ...deposit, value: deposit.value + 1n }))],
      ["with other data", 65539, () => list().map((deposit) => ({ ...deposit, messageData: Uint8Array.of(1) }))],
      ["with a deposit too few", 65539, () => []],
      ["with a deposit too many", 65539, () => [...list(), ...list()]],
      ["in the wrong shard", 1, list],
    ])("%s", async (_, fullShardId, deposits) => {
      expect(list()).toHaveLength(1);
      const row = encodeDepositList(deposits());
      const answer = await checkRows((twin) => twin.put(shardFolder(fullShardId), listKey(131073, 63), row));
      expect(answer.exitCode).toBe(2);
      expect(divergencesOf(answer)).toEqual({ "131073/63": { fields: ["xshardSends"], rules: [] } });
      expect(answer.report?.divergences[0].fields[0].declared).toContain(`to ${fullShardId}: `);
    });

    test.each<readonly [string, (row: Uint8Array) => Uint8Array]>([
      ["cut off", (row) => row.subarray(0, 50)],
      ["empty", () => new Uint8Array(0)],
      ["of an unknown version", (row) => flipped(row, row.length - 2)],
    ])("%s", async (_, change) => {
      const row = change(encodeDepositList(list()));
      const answer = await checkRows((twin) => twin.put("shard-65539.db", listKey(131073, 63), row));
      expectDamage(answer, /altered row in shard-65539.db: .*deposit list.* \(key xShard_/);
    });
  });

  test("a list that a later block consumes: the sender is named, and who consumed it", async () => {
    const key = listKey(131073, 60);
    const [deposit] = chain.db.shard(1).depositList(chain.minorHash(131073, 60))?.deposits ?? [];
    const row = encodeDepositList([{ ...deposit, value: deposit.value + 1n }]);
    const answer = await checkRows((twin) => twin.put("shard-1.db", key, row), { last: 2 });
    const { "131073/60": sender, ...others } = divergencesOf(answer);
    expect(sender).toEqual({ fields: ["xshardSends"], rules: [] });
    expect(Object.keys(others)).toHaveLength(1);
    expect(Object.values(others)[0].fields).toContain("stateRoot");
    expect(Object.keys(others)[0]).toMatch(/^1\//);
  });
});

describe("genesis blocks", () => {
  const indexKey = heightKey(PREFIX.minorHeightIndex, 0);

  test("altered, missing, and without the index that names them", async () => {
    const key = minorKey(1, 0);
    const altered = await checkRows((twin) => twin.put("shard-1.db", key, flipped(storedRow(1, key), 10)), { to: 1 });
    expectDamage(altered, /altered row in shard-1.db: the minor block stored there does not hash to its key/);
    const missing = await checkRows((twin) => twin.delete("shard-1.db", key), { to: 1 });
    expectDamage(missing, /missing row in shard-1.db: minor block not found/);
    const both = await checkRows((twin) => twin.delete("shard-1.db", key).delete("shard-1.db", indexKey), { to: 1 });
    expectDamage(both, /missing row in shard-1.db: minor block 0, which this root block confirms, not found/);
    expect((await checkRows((twin) => twin.delete("shard-1.db", indexKey), { to: 1 })).exitCode).toBe(0);
  });

  test.each([
    ["missing", (twin: DatabaseTwin, hash: Hash32) => twin.delete("shard-1.db", hash)],
    ["altered", (twin: DatabaseTwin, hash: Hash32) => twin.put("shard-1.db", hash, utf8("not a node"))],
  ])("the root of their state %s", async (kind, edit) => {
    const { stateRoot } = chain.minorBlock(1, 0).meta;
    expectDamage(
      await checkRows((twin) => edit(twin, stateRoot), { to: 1 }),
      new RegExp(`${kind} row in shard-1.db: `),
    );
  });

  test("another one than the configuration makes, where no index says which", async () => {
    const change = (block: MinorBlock) => withMeta(block, { stateRoot: flipped(block.meta.stateRoot) });
    const rows = (twin: DatabaseTwin) => twin.delete("shard-1.db", indexKey);
    const answer = await checkForged({ minor: { fullShardId: 1, height: 0, change }, rows }, { to: 1 });
    expect(divergencesOf(answer)).toEqual({ "1/0": { fields: ["stateRoot", "headerHash"], rules: [] } });
    expect(answer.report?.damage).toEqual([]);
    const named = await checkForged({ minor: { fullShardId: 1, height: 0, change } }, { to: 1 });
    expect(named.text).toMatch(/is not this database's configuration: its genesis block of shard 1 is/);
    expect(named.exitCode).toBe(1);
  });
});

describe("blocks that no root block confirms yet", () => {
  const below = (): CheckOptions => ({ last: 1, unconfirmed: true });
  const atParent = (twin: DatabaseTwin) => twin.put(MASTER, ROOT_TIP_KEY, chain.roots[17].hash);
  const indexKey = heightKey(PREFIX.minorHeightIndex, 52);

  test("are checked on demand", async () => {
    expect((await checkRows(atParent)).report?.totals.minorBlocks).toBe(14);
    const answer = await checkRows(atParent, below());
    expect(answer.exitCode).toBe(0);
    expect(answer.report?.totals.minorBlocks).toBe(14 + 13);
  });

  test("a lie", async () => {
    const change = (block: MinorBlock) => withMeta(block, { gasUsed: 1n });
    const answer = await checkForged({ minor: { fullShardId: 1, height: 53, change }, rows: atParent }, below());
    expect(answer.report?.divergences).toMatchObject([
      { height: 53, rootHeight: null, fields: [{ field: "gasUsed" }] },
    ]);
    expect(answer.exitCode).toBe(2);
  });

  test.each([
    ["names another block", () => chain.minorHash(1, 51), /height index names a block at 52 that does not follow/],
    ["names no block", () => ZERO_HASH, /missing row in shard-1.db: minor block not found/],
    ["holds no hash", () => new Uint8Array(5), /altered row in shard-1.db: a hash has 32 bytes, got 5 \(key mi_52\)/],
  ])("an index that %s", async (_, value, sentence) => {
    const answer = await checkRows((twin) => atParent(twin).put("shard-1.db", indexKey, value()), below());
    expectDamage(answer, sentence);
  });
});

describe("missing rows", () => {
  test("a minor block, checked or not", async () => {
    const remove = (twin: DatabaseTwin) => twin.delete("shard-1.db", minorKey(1, 53));
    expectDamage(await checkRows(remove), /missing row in shard-1.db: minor block not found \(key mblock_3478/);
    const others = await checkRows(remove, { last: 1, shard: [65538] });
    expectDamage(others, /missing row in shard-1.db: minor block 53, which this root block confirms, not found/);
    expect(others.text).toContain("root block 18: missing row");
  });

  test("the parent of the first block of a range, and the state it leaves", async () => {
    const start = chain.tip.block.minorHeaders.find(({ branch }) => branch === 65538)?.height ?? 0;
    const parent = chain.minorBlock(65538, start - 1);
    const block = await checkRows((twin) => twin.delete("shard-65538.db", minorKey(65538, start - 1)));
    expectDamage(block, /missing row in shard-65538.db: minor block not found/);
    expect(block.report?.damage[0]).toMatchObject({ fullShardId: 65538, height: start });
    const state = await checkRows((twin) => twin.delete("shard-65538.db", parent.meta.stateRoot));
    expectDamage(state, /missing row in shard-65538.db: the root node of the state after block 61/);
    expect(state.report?.damage).toMatchObject([{ height: start, key: toHex(parent.meta.stateRoot) }]);
  });

  test("a root block: the tip, one below it, one far below", async () => {
    const sentence = /missing row in master.db: root block not found \(key rblock_/;
    for (const height of [18, 17]) {
      expectDamage(await checkRows((twin) => twin.delete(MASTER, rootKey(height))), sentence);
    }
    expectDamage(await checkRows((twin) => twin.delete(MASTER, rootKey(3)), {}), sentence);
  });

  test("the tip hash", async () => {
    const answer = await checkRows((twin) => twin.delete(MASTER, ROOT_TIP_KEY));
    expectDamage(answer, /names no root tip: a node never ran on it, or master.db is incomplete \(key tipHash\)/);
    const named = { last: 1, rootTip: toHex(chain.tip.hash) };
    expect((await checkRows((twin) => twin.delete(MASTER, ROOT_TIP_KEY), named)).exitCode).toBe(0);
  });

  test("a list of deposits, sent or due", async () => {
    const sent = await checkRows((twin) => twin.delete("shard-65539.db", listKey(131073, 63)));
    expectDamage(sent, /missing row in shard-65539.db: it has no list of what block [0-9a-f]{64} of shard 131073 sent/);
    const due = await checkRows((twin) => twin.delete("shard-1.db", listKey(131073, 60)));
    expectDamage(due, /missing row in shard 1: no deposit list from minor block [0-9a-f]{64} of shard 131073/);
  });
});

describe("state rows", () => {
  const first = () => chain.tip.block.minorHeaders[0].height;
  /** State that the first block of shard 1 in the range starts from. */
  const parentState = () => chain.minorBlock(1, first() - 1).meta.stateRoot;
  const nodes = () => new ArchivedNodes(chain.db.shard(1).rows, { name: "shard-1.db", cacheBytes: 1 << 20 });

  function childrenOf(hash: Hash32): readonly Hash32[] {
    const node = decodeStoredNode(nodes().get(hash), hash);
    if (node.kind !== BRANCH) throw new Error("the fixture's state is larger than that");
    return Array.from({ length: BRANCH_WIDTH }, (_, i) => childFromReference(node.source, childOffset(node, i)))
      .filter((child) => child?.kind === UNRESOLVED)
      .map(({ hash }: { readonly hash: Hash32 }) => hash);
  }

  /** Node of the parent state on the way to the coinbase of the first block, which is paid at its end. */
  function nodeThatIsRead(): Hash32 {
    const { recipient } = chain.minorBlock(1, first()).header.coinbaseAddress;
    const root = decodeStoredNode(nodes().get(parentState()), parentState());
    if (root.kind !== BRANCH) throw new Error("the fixture's state is larger than that");
    const child = childFromReference(root.source, childOffset(root, keccak256(recipient)[0] >> 4));
    if (child?.kind !== UNRESOLVED) throw new Error("the coinbase is not alone under its nibble");
    return child.hash;
  }

  /** Code of a contract that a block of the range calls. */
  function codeThatIsRun(): Hash32 {
    for (let height = first(); height <= chain.tipHeight(1); height++) {
      for (const { rlp } of chain.minorBlock(1, height).transactions) {
        const { to } = decodeEvmTransaction(rlp);
        if (to === undefined) continue;
        const account = readAccount(nodes(), parentState(), to);
        if (account !== undefined && !bytesEqual(account.codeHash, KECCAK_EMPTY)) return account.codeHash;
      }
    }
    throw new Error("no block of the range calls a contract");
  }

  /** Node that only the last block makes; nothing of the database is executed on it. */
  function nodeThatIsOnlyMade(): Hash32 {
    const [tip, before] = [chain.tipHeight(1), chain.tipHeight(1) - 1].map((height) =>
      childrenOf(chain.minorBlock(1, height).meta.stateRoot).map(toHex),
    );
    const made = tip.find((hash) => !before.includes(hash));
    return hashFromHex(made ?? "");
  }

  const kinds: ReadonlyArray<readonly [string, () => Hash32]> = [
    ["the root of a state", parentState],
    ["a trie node", nodeThatIsRead],
    ["code", codeThatIsRun],
  ];

  test.each(kinds)("%s that is read: altered", async (_, find) => {
    const hash = find();
    const row = storedRow(1, hash);
    const answer = await checkRows((twin) => twin.put("shard-1.db", hash, flipped(row, row.length - 1)));
    expectDamage(answer, /altered row in shard-1.db: the trie node or code stored there does not hash to its key/);
    expect(answer.report?.damage.every(({ key }) => key === toHex(hash))).toBe(true);
  });

  test("a trie node that is read, flipped in its table: its hash tells, or with --verify-checksums all its checksum", async () => {
    const hash = nodeThatIsRead();
    const table = join("shard-1.db", "000009.sst");
    const offset = readFileSync(join(FIXTURE, table)).indexOf(storedRow(1, hash));
    expect(offset).toBeGreaterThan(0);
    const twin = new DatabaseTwin(FIXTURE);
    flipByte(join(twin.dir, table), offset + 40);
    const sentence = /altered row in shard-1.db: the trie node or code stored there does not hash to its key/;
    expectDamage(await checkInProcess(twin.dir, TIP), sentence);
    const all: CheckOptions = { ...TIP, verifyChecksums: "all" };
    expectDamage(await checkTwin(twin, all), /block checksum mismatch \(file .*shard-1.db\/000009.sst, offset \d+\)/);
  });

  test.each(kinds)("%s that is read: missing", async (_, find) => {
    const hash = find();
    const answer = await checkRows((twin) => twin.delete("shard-1.db", hash));
    expectDamage(answer, /missing row in shard-1.db: .*(that the state names is absent|the root node of the state)/);
    expect(answer.report?.damage[0].key).toBe(toHex(hash));
  });

  const nothingReads: ReadonlyArray<readonly [string, () => Hash32, (twin: DatabaseTwin, hash: Hash32) => void]> = [
    ["a node, altered", nodeThatIsOnlyMade, (twin, hash) => twin.put("shard-1.db", hash, utf8("not a node"))],
    ["a node, missing", nodeThatIsOnlyMade, (twin, hash) => twin.delete("shard-1.db", hash)],
    [
      "a state's root, altered",
      () => chain.minorBlock(1, chain.tipHeight(1)).meta.stateRoot,
      (twin, hash) => twin.put("shard-1.db", hash, flipped(storedRow(1, hash))),
    ],
  ];
  test.each(nothingReads)("%s, that execution makes and nothing reads: --check-archive", async (_, find, edit) => {
    const hash = find();
    expect((await checkRows((twin) => edit(twin, hash))).exitCode).toBe(0);
    const answer = await checkRows((twin) => edit(twin, hash), { last: 1, checkArchive: true });
    expectDamage(
      answer,
      /(altered|missing) row in shard-1.db: a trie node or code that this block's execution produced/,
    );
    expect(answer.report?.damage).toMatchObject([{ height: chain.tipHeight(1), key: toHex(hash) }]);
  });

  test("the root of the last state is missed in any case", async () => {
    const { stateRoot } = chain.minorBlock(1, chain.tipHeight(1)).meta;
    const answer = await checkRows((twin) => twin.delete("shard-1.db", stateRoot));
    expectDamage(answer, /missing row in shard-1.db: the root node of the state after this block/);
  });

  test("a node in the middle that memory carries over: seen where a range starts behind it, or with --check-archive", async () => {
    const edit = (twin: DatabaseTwin) => twin.put("shard-1.db", parentState(), utf8("not a node"));
    const whole = { last: 2, check_db_rblock_batch: 2 };
    expect((await checkRows(edit, whole)).exitCode).toBe(0);
    expectDamage(await checkRows(edit, { ...whole, check_db_rblock_batch: 1 }), /altered row in shard-1.db/);
    expectDamage(await checkRows(edit, { ...whole, checkArchive: true }), /altered row in shard-1.db/);
  });
});

describe("rows that nothing reads", () => {
  /** Keys that the check has a use for: canonical blocks, lists of deposits, the tip, genesis hints, state rows. */
  function isRead(key: Uint8Array): boolean {
    const hints = [ROOT_TIP_KEY, heightKey(PREFIX.rootHeightIndex, 0), heightKey(PREFIX.minorHeightIndex, 0)];
    if (hints.some((hint) => bytesEqual(hint, key))) return true;
    const text = Buffer.from(key).toString("latin1");
    const suffix = (prefix: Uint8Array) => toHex(key.subarray(prefix.length));
    if (text.startsWith("rblock_")) return canonical.roots.has(suffix(PREFIX.rootBlock));
    if (text.startsWith("mblock_")) return canonical.minors.has(suffix(PREFIX.minorBlock));
    if (text.startsWith("xShard_")) return canonical.minors.has(suffix(PREFIX.receivedDeposits));
    return key.length === 32;
  }
  const canonical = {
    roots: new Set(exportedRows<RootExport>("roots").flatMap(({ canonical, hash }) => (canonical ? [hash] : []))),
    minors: new Set(exportedRows<BlockExport>("blocks").flatMap(({ canonical, hash }) => (canonical ? [hash] : []))),
  };

  test.each([
    ["garbage", (twin: DatabaseTwin, folder: string, key: Uint8Array) => twin.put(folder, key, uint32ToBytes(0xdead))],
    ["gone", (twin: DatabaseTwin, folder: string, key: Uint8Array) => twin.delete(folder, key)],
  ])("side blocks, abandoned root forks, every index: %s, and still clean", async (_, edit) => {
    const kinds = new Set<string>();
    const answer = await checkRows((twin) => {
      for (const folder of [MASTER, ...chain.shardIds.map(shardFolder)]) {
        const rows = openRocksDb(join(FIXTURE, folder));
        for (const { key } of rows.entries()) {
          if (isRead(key)) continue;
          kinds.add(
            `${folder === MASTER ? "root" : "shard"} ${/^[a-zA-Z_]+_/.exec(Buffer.from(key).toString("latin1"))?.[0]}`,
          );
          edit(twin, folder, key);
        }
        rows.close();
      }
    }, {});
    expect(answer.report?.damage).toEqual([]);
    expect(answer.exitCode).toBe(0);
    expect([...kinds].sort()).toMatchInlineSnapshot(`
      [
        "root count_",
        "root lastlist_",
        "root m_r_",
        "root m_r__",
        "root mheader_",
        "root mheader__",
        "root rblock_",
        "root ri_",
        "shard commit_",
        "shard commit__",
        "shard genesis_",
        "shard index_addr_",
        "shard index_addr__",
        "shard index_alltx_",
        "shard mblock_",
        "shard mi_",
        "shard r_last_",
        "shard rblock_",
        "shard tx_count_",
        "shard tx_count__",
        "shard txindex_",
        "shard txindex__",
        "shard txindex_b_",
        "shard xShard_",
        "shard xd_",
        "shard xd__",
        "shard xr_",
        "shard xr__",
      ]
    `);
  });

  test("root blocks below what the range needs", async () => {
    expect((await checkRows((twin) => twin.delete(MASTER, rootKey(1)))).exitCode).toBe(0);
  });

  test("a shard's own copies of root blocks, while master.db has them", async () => {
    expect((await checkRows((twin) => twin.delete("shard-1.db", rootKey(17)))).exitCode).toBe(0);
  });
});
