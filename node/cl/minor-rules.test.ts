import { describe, expect, it } from "vitest";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash, minorMetaHash } from "../chain/minor-block.ts";
import { rootHeaderHash } from "../chain/root-block.ts";
import { wrapTransaction } from "../chain/typed-transaction.ts";
import { bytesEqual, toHex, utf8, ZERO_HASH } from "../codec/bytes.ts";
import { CONFIG, FIRST_SHARD, genesisOf, minorBlockOn, ROOT_GENESIS, rootBlockOn } from "./chain-rules.testkit.ts";
import { type MinorRuleContext, minorBlockViolations } from "./minor-rules.ts";

const GENESIS = genesisOf(FIRST_SHARD);
const SHARD = CONFIG.shards.get(FIRST_SHARD)!;
const ROOTS = [ROOT_GENESIS, rootBlockOn(ROOT_GENESIS, [GENESIS]).header];
const PARENT = minorBlockOn(GENESIS, ROOTS[1]).header;
const BLOCK = minorBlockOn(PARENT, ROOTS[1]);

const CONFIRMED = { hash: minorHeaderHash(GENESIS), header: GENESIS };

/** The root chain is ROOTS; the root block at height 1 confirms the shard's genesis. */
const CONTEXT: MinorRuleContext = {
  config: CONFIG,
  shard: SHARD,
  parent: PARENT,
  now: undefined,
  rootHeight: (hash) => ROOTS.find((root) => bytesEqual(rootHeaderHash(root), hash))?.height,
  isRootAncestor: () => true,
  lastConfirmed: (hash) => (bytesEqual(hash, rootHeaderHash(ROOTS[1])) ? CONFIRMED : undefined),
  isAncestorOfParent: (confirmed) => confirmed === CONFIRMED,
};

const codesOf = (block: MinorBlock, context: Partial<MinorRuleContext> = {}) =>
  minorBlockViolations(block, { ...CONTEXT, ...context }).map(({ code }) => code);

const withHeader = (header: Partial<MinorBlockHeader>): MinorBlock => ({
  ...BLOCK,
  header: { ...BLOCK.header, ...header },
});

function withMeta(meta: Partial<MinorBlock["meta"]>): MinorBlock {
  const changed = { ...BLOCK.meta, ...meta };
  return { ...BLOCK, meta: changed, header: { ...BLOCK.header, metaHash: minorMetaHash(changed) } };
}

describe("minorBlockViolations (shard_state.py validate_block)", () => {
  it("finds nothing wrong with a valid block", () => {
    expect(codesOf(BLOCK)).toEqual([]);
    expect(codesOf(minorBlockOn(GENESIS, ROOT_GENESIS), { parent: GENESIS })).toEqual([]);
  });

  it("VERSION must be 0", () => {
    expect(codesOf(withHeader({ version: 1 }))).toEqual(["VERSION"]);
  });

  it("HEIGHT_NOT_POSITIVE: a genesis block is never validated", () => {
    expect(codesOf(withHeader({ height: 0 }))).toEqual(["HEIGHT_NOT_POSITIVE", "HEIGHT_MISMATCH"]);
  });

  it("PARENT_UNKNOWN leaves the rules that need no parent", () => {
    expect(codesOf(withHeader({ branch: 5 }), { parent: undefined })).toEqual(["PARENT_UNKNOWN", "BRANCH_MISMATCH"]);
    const [violation] = minorBlockViolations(BLOCK, { ...CONTEXT, parent: undefined });
    expect(violation.message).toContain(toHex(minorHeaderHash(PARENT)));
  });

  it("HEIGHT_MISMATCH gives both heights", () => {
    expect(minorBlockViolations(withHeader({ height: 7 }), CONTEXT)).toEqual([
      {
        code: "HEIGHT_MISMATCH",
        field: "height",
        message: "height is not the parent's plus 1",
        declared: "7",
        computed: "2",
      },
    ]);
  });

  it("BRANCH_MISMATCH", () => {
    expect(codesOf(withHeader({ branch: 2 }))).toEqual(["BRANCH_MISMATCH"]);
  });

  it("TIME_IN_FUTURE: up to 15 seconds ahead of a clock that is given", () => {
    expect(codesOf(BLOCK, { now: BLOCK.header.createTime - 15 })).toEqual([]);
    expect(codesOf(BLOCK, { now: BLOCK.header.createTime - 16 })).toEqual(["TIME_IN_FUTURE"]);
  });

  it("TIME_NOT_INCREASING, and then no difficulty is computed", () => {
    const header = { createTime: PARENT.createTime, difficulty: 1n };
    expect(codesOf(withHeader(header))).toEqual(["TIME_NOT_INCREASING"]);
  });

  it("META_HASH_MISMATCH", () => {
    expect(codesOf(withHeader({ metaHash: ZERO_HASH }))).toEqual(["META_HASH_MISMATCH"]);
    expect(codesOf({ ...BLOCK, meta: { ...BLOCK.meta, gasUsed: 1n } })).toEqual(["META_HASH_MISMATCH"]);
  });

  it("EXTRA_DATA_TOO_LARGE and TRACKING_DATA_TOO_LARGE: the limit itself is allowed", () => {
    const limit = CONFIG.blockExtraDataSizeLimit;
    expect(
      codesOf({ ...withHeader({ extraData: new Uint8Array(limit) }), trackingData: new Uint8Array(limit) }),
    ).toEqual([]);
    expect(codesOf(withHeader({ extraData: new Uint8Array(limit + 1) }))).toEqual(["EXTRA_DATA_TOO_LARGE"]);
    expect(codesOf({ ...BLOCK, trackingData: new Uint8Array(limit + 1) })).toEqual(["TRACKING_DATA_TOO_LARGE"]);
  });

  it("GAS_LIMIT_MISMATCH: the limit is the shard's, not a function of the parent's", () => {
    expect(codesOf(withHeader({ gasLimit: 12_000_001n }))).toEqual(["GAS_LIMIT_MISMATCH"]);
  });

  it("XSHARD_GAS_LIMIT_MISMATCH and, above the gas limit, XSHARD_GAS_LIMIT_NOT_BELOW_GAS_LIMIT", () => {
    expect(codesOf(withMeta({ xshardGasLimit: 11_999_999n }))).toEqual(["XSHARD_GAS_LIMIT_MISMATCH"]);
    expect(codesOf(withMeta({ xshardGasLimit: 12_000_000n }))).toEqual([
      "XSHARD_GAS_LIMIT_NOT_BELOW_GAS_LIMIT",
      "XSHARD_GAS_LIMIT_MISMATCH",
    ]);
  });

  it("MERKLE_ROOT_MISMATCH: a transaction more, less, changed or moved", () => {
    const [one, two] = BLOCK.transactions;
    for (const transactions of [[], [one], [two, one], [one, wrapTransaction(utf8("2"))], [one, two, two]]) {
      expect(codesOf({ ...BLOCK, transactions })).toEqual(["MERKLE_ROOT_MISMATCH"]);
    }
  });

  it("COINBASE_NOT_IN_SHARD", () => {
    const coinbase = (fullShardKey: number) =>
      withHeader({ coinbaseAddress: { ...BLOCK.header.coinbaseAddress, fullShardKey } });
    expect(codesOf(coinbase(0xabcd))).toEqual([]);
    expect(codesOf(coinbase(0x10000))).toEqual(["COINBASE_NOT_IN_SHARD"]);
  });

  it("DIFFICULTY_MISMATCH unless the configuration skips it", () => {
    const block = withHeader({ difficulty: BLOCK.header.difficulty + 1n });
    expect(codesOf(block)).toEqual(["DIFFICULTY_MISMATCH"]);
    expect(codesOf(block, { config: { ...CONFIG, skipMinorDifficultyCheck: true } })).toEqual([]);
  });

  it("ROOT_BLOCK_UNKNOWN", () => {
    expect(codesOf(withHeader({ prevRootBlockHash: ZERO_HASH }))).toEqual(["ROOT_BLOCK_UNKNOWN"]);
  });

  it("ROOT_HEIGHT_DECREASING", () => {
    const block = withHeader({ prevRootBlockHash: rootHeaderHash(ROOT_GENESIS) });
    expect(codesOf(block)).toEqual(["ROOT_HEIGHT_DECREASING"]);
    expect(codesOf(block, { isRootAncestor: () => false })).toEqual(["ROOT_HEIGHT_DECREASING", "ROOT_CHAIN_MISMATCH"]);
  });

  it("CONFIRMED_BLOCK_NOT_ANCESTOR where the root block confirms another branch", () => {
    expect(codesOf(BLOCK, { isAncestorOfParent: () => false })).toEqual(["CONFIRMED_BLOCK_NOT_ANCESTOR"]);
    expect(codesOf(BLOCK, { isAncestorOfParent: () => false, lastConfirmed: () => undefined })).toEqual([]);
  });

  it("ROOT_CHAIN_MISMATCH where the previous root blocks are on different chains", () => {
    expect(codesOf(BLOCK, { isRootAncestor: () => false })).toEqual(["ROOT_CHAIN_MISMATCH"]);
    const orphan = { ...PARENT, prevRootBlockHash: ZERO_HASH };
    expect(codesOf(BLOCK, { parent: orphan })).toEqual(["ROOT_CHAIN_MISMATCH"]);
  });

  it("collects everything, pyquarkchain's first complaint first", () => {
    const block = { ...withHeader({ version: 2, height: 9, gasLimit: 1n, prevRootBlockHash: ZERO_HASH }) };
    expect(codesOf({ ...block, transactions: [] })).toEqual([
      "VERSION",
      "HEIGHT_MISMATCH",
      "GAS_LIMIT_MISMATCH",
      "XSHARD_GAS_LIMIT_NOT_BELOW_GAS_LIMIT",
      "MERKLE_ROOT_MISMATCH",
      "ROOT_BLOCK_UNKNOWN",
    ]);
  });
});
