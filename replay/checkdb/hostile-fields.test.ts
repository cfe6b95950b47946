import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { merkleRoot } from "../../node/chain/merkle-root.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import { hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { FixtureChain, type Forgery, flipped, withHeader, withMeta, withRootHeader } from "./twin-chain.testkit.ts";
import { type CheckAnswer, type CheckOptions, checkTwin, divergencesOf, expectDamage } from "./twin-check.testkit.ts";
import { exportedRows, type RootExport } from "./twin-exports.testkit.ts";

let chain: FixtureChain;
beforeAll(() => {
  chain = new FixtureChain();
});
afterAll(() => chain.close());

/** The tip root block alone. */
const TIP: CheckOptions = { last: 1 };

function checkForged(forgery: Forgery, options: CheckOptions = TIP): Promise<CheckAnswer> {
  return checkTwin(chain.forge(forgery), options);
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
