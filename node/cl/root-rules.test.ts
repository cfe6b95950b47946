import { describe, expect, it } from "vitest";
import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlock, type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import { bytesEqual, type Hash32, ZERO_HASH } from "../codec/bytes.ts";
import {
  CONFIG,
  FIRST_SHARD,
  genesisOf,
  hashesOf,
  LATE_SHARD,
  minorBlockOn,
  ROOT_GENESIS,
  rootBlockOn,
} from "./chain-rules.testkit.ts";
import { type RootRuleContext, rootBlockViolations } from "./root-rules.ts";

/** Root blocks of heights 0 to 4; block 1 confirms the first shard's genesis and block 1, the late shards live after 4. */
const GENESIS = genesisOf(FIRST_SHARD);
const FIRST = minorBlockOn(GENESIS, ROOT_GENESIS).header;
const ROOTS = [ROOT_GENESIS, rootBlockOn(ROOT_GENESIS, [GENESIS, FIRST]).header];
for (let height = 2; height <= 4; height++) ROOTS.push(rootBlockOn(ROOTS[height - 1], []).header);
const PARENT = ROOTS[4];
const SECOND = minorBlockOn(FIRST, ROOTS[1]).header;
const THIRD = minorBlockOn(SECOND, ROOTS[1]).header;
const LATE_GENESIS = genesisOf(LATE_SHARD, PARENT);
const LATE_FIRST = minorBlockOn(LATE_GENESIS, PARENT).header;
const MINORS = [SECOND, THIRD, LATE_GENESIS, LATE_FIRST];
const BLOCK = rootBlockOn(PARENT, MINORS);

function contextOf(block: RootBlock, changes: Partial<RootRuleContext> = {}): RootRuleContext {
  return {
    config: CONFIG,
    parent: PARENT,
    now: undefined,
    minorHashes: hashesOf(block.minorHeaders),
    isMinorKnown: () => true,
    isOnParentChain: (hash) => ROOTS.some((root) => bytesEqual(rootHeaderHash(root), hash)),
    lastConfirmed: (id): Hash32 | undefined => (id === FIRST_SHARD ? minorHeaderHash(FIRST) : undefined),
    ...changes,
  };
}

const codesOf = (block: RootBlock, changes: Partial<RootRuleContext> = {}) =>
  rootBlockViolations(block, contextOf(block, changes)).map(({ code }) => code);

const withHeader = (header: Partial<RootBlockHeader>): RootBlock => ({
  ...BLOCK,
  header: { ...BLOCK.header, ...header },
});

/** A block confirming other minor headers, with the Merkle root and reward that belong to them. */
const confirming = (...minorHeaders: readonly MinorBlockHeader[]): RootBlock => rootBlockOn(PARENT, minorHeaders);

describe("rootBlockViolations: header (root_state.py __validate_block_header)", () => {
  it("finds nothing wrong with a valid block", () => {
    expect(codesOf(BLOCK)).toEqual([]);
    expect(codesOf(confirming())).toEqual([]);
  });

  it("HEIGHT_NOT_POSITIVE", () => {
    expect(codesOf(withHeader({ height: 0 })).slice(0, 2)).toEqual(["HEIGHT_NOT_POSITIVE", "HEIGHT_MISMATCH"]);
  });

  it("VERSION", () => {
    expect(codesOf(withHeader({ version: 1 }))).toEqual(["VERSION"]);
  });

  it("PARENT_UNKNOWN leaves the rules that need no parent", () => {
    expect(codesOf(withHeader({ version: 1 }), { parent: undefined })).toEqual(["VERSION", "PARENT_UNKNOWN"]);
  });

  it("HEIGHT_MISMATCH", () => {
    expect(codesOf(withHeader({ height: 6 }))).toEqual(["HEIGHT_MISMATCH"]);
  });

  it("TIME_IN_FUTURE and TIME_NOT_INCREASING", () => {
    expect(codesOf(BLOCK, { now: BLOCK.header.createTime - 15 })).toEqual([]);
    expect(codesOf(BLOCK, { now: BLOCK.header.createTime - 16 })).toEqual(["TIME_IN_FUTURE"]);
    expect(codesOf(withHeader({ createTime: PARENT.createTime }))[0]).toBe("TIME_NOT_INCREASING");
  });

  it("EXTRA_DATA_TOO_LARGE: the limit itself is allowed", () => {
    const limit = CONFIG.blockExtraDataSizeLimit;
    expect(codesOf(withHeader({ extraData: new Uint8Array(limit) }))).toEqual([]);
    expect(codesOf(withHeader({ extraData: new Uint8Array(limit + 1) }))).toEqual(["EXTRA_DATA_TOO_LARGE"]);
  });

  it("DIFFICULTY_MISMATCH unless the configuration skips it", () => {
    const { difficulty, totalDifficulty } = BLOCK.header;
    const block = withHeader({ difficulty: difficulty + 1n, totalDifficulty: totalDifficulty + 1n });
    expect(codesOf(block)).toEqual(["DIFFICULTY_MISMATCH"]);
    expect(codesOf(block, { config: { ...CONFIG, skipRootDifficultyCheck: true } })).toEqual([]);
  });

  it("TOTAL_DIFFICULTY_MISMATCH", () => {
    const [violation] = rootBlockViolations(withHeader({ totalDifficulty: 5n }), contextOf(BLOCK));
    expect(violation).toMatchObject({
      code: "TOTAL_DIFFICULTY_MISMATCH",
      declared: "5",
      computed: String(BLOCK.header.totalDifficulty),
    });
  });
});

describe("rootBlockViolations: body (root_state.py validate_block)", () => {
  it("TRACKING_DATA_TOO_LARGE", () => {
    const limit = CONFIG.blockExtraDataSizeLimit;
    expect(codesOf({ ...BLOCK, trackingData: new Uint8Array(limit) })).toEqual([]);
    expect(codesOf({ ...BLOCK, trackingData: new Uint8Array(limit + 1) })).toEqual(["TRACKING_DATA_TOO_LARGE"]);
  });

  it("MERKLE_ROOT_MISMATCH", () => {
    expect(codesOf(withHeader({ merkleRoot: ZERO_HASH }))).toEqual(["MERKLE_ROOT_MISMATCH"]);
  });

  it("STATE_ROOT_NOT_EMPTY", () => {
    expect(codesOf(withHeader({ stateRoot: ZERO_HASH }))).toEqual(["STATE_ROOT_NOT_EMPTY"]);
  });

  it("COINBASE_AMOUNT_MISMATCH: more, less, another token or one too many, unless the configuration skips it", () => {
    const token = CONFIG.genesisTokenId;
    const amount = BLOCK.header.coinbaseAmounts.get(token)!;
    const lies = [new Map([[token, amount + 1n]]), new Map([[token, amount - 1n]]), new Map([[1n, amount]]), new Map()];
    for (const coinbaseAmounts of [...lies, new Map([...BLOCK.header.coinbaseAmounts, [1n, 1n]])]) {
      expect(codesOf(withHeader({ coinbaseAmounts }))).toEqual(["COINBASE_AMOUNT_MISMATCH"]);
      expect(codesOf(withHeader({ coinbaseAmounts }), { config: { ...CONFIG, skipRootCoinbaseCheck: true } })).toEqual(
        [],
      );
    }
  });

  it("COINBASE_AMOUNT_MISMATCH also where a token's tax is rounded down to 0: no header can say so", () => {
    const small = { ...SECOND, coinbaseAmounts: new Map([[5n, 1n]]) };
    expect(codesOf(confirming(small))).toEqual(["COINBASE_AMOUNT_MISMATCH"]);
  });

  it("MINOR_BLOCK_UNKNOWN", () => {
    expect(codesOf(BLOCK, { isMinorKnown: (_, header) => header !== THIRD })).toEqual(["MINOR_BLOCK_UNKNOWN"]);
  });

  it("MINOR_BLOCK_LATER_THAN_ROOT: the same second is allowed", () => {
    const early = (seconds: number) => {
      const createTime = LATE_FIRST.createTime + seconds;
      const header = { ...BLOCK.header, createTime };
      return codesOf({ ...BLOCK, header }).filter((code) => code === "MINOR_BLOCK_LATER_THAN_ROOT");
    };
    const latest = Math.max(...MINORS.map(({ createTime }) => createTime));
    expect(early(latest - LATE_FIRST.createTime)).toEqual([]);
    expect(early(latest - LATE_FIRST.createTime - 1)).toHaveLength(
      MINORS.filter(({ createTime }) => createTime === latest).length,
    );
  });

  it("MINOR_BLOCK_ON_OTHER_ROOT_CHAIN", () => {
    const stray = minorBlockOn(FIRST, rootBlockOn(ROOT_GENESIS, [], 90).header).header;
    expect(codesOf(confirming(stray))).toEqual(["MINOR_BLOCK_ON_OTHER_ROOT_CHAIN"]);
  });

  it("SHARDS_NOT_ORDERED", () => {
    expect(codesOf(confirming(LATE_GENESIS, SECOND))).toEqual(["SHARDS_NOT_ORDERED"]);
    expect(codesOf(confirming(SECOND, LATE_GENESIS, THIRD))).toEqual(["SHARDS_NOT_ORDERED"]);
  });

  it("SHARD_UNKNOWN", () => {
    expect(codesOf(confirming({ ...LATE_GENESIS, branch: 0x20001 }))).toEqual(["SHARD_UNKNOWN"]);
  });

  it("TOO_MANY_MINOR_BLOCKS: root time over shard time, rounded down, plus the extra blocks", () => {
    const chain = [FIRST];
    while (chain.length <= 12) chain.push(minorBlockOn(chain[chain.length - 1], ROOTS[1], 1).header);
    // 60 / 7 rounded down and 3 more are 11
    expect(codesOf(confirming(...chain.slice(1, 12)))).toEqual([]);
    expect(codesOf(confirming(...chain.slice(1, 13)))).toEqual(["TOO_MANY_MINOR_BLOCKS"]);
  });

  it("SHARD_NOT_INITIALIZED: a shard begins after the root block of its genesis height", () => {
    const genesis = genesisOf(LATE_SHARD, ROOTS[3]);
    const block = rootBlockOn(ROOTS[3], [genesis]);
    expect(codesOf(block, { parent: ROOTS[3] })).toEqual(["SHARD_NOT_INITIALIZED"]);
  });

  it("GENESIS_NOT_FIRST where nothing of the shard is confirmed yet", () => {
    expect(codesOf(confirming(LATE_FIRST))).toEqual(["GENESIS_NOT_FIRST"]);
  });

  it("MINOR_BLOCK_NOT_LINKED: to the block confirmed last, and within the block", () => {
    const gap = rootBlockViolations(confirming(THIRD), contextOf(confirming(THIRD)));
    expect(gap).toMatchObject([{ code: "MINOR_BLOCK_NOT_LINKED", field: "minorHeaders[0]" }]);
    const rival = minorBlockOn(FIRST, ROOTS[1], 11).header;
    expect(codesOf(confirming(rival, THIRD))).toEqual(["MINOR_BLOCK_NOT_LINKED"]);
    expect(codesOf(confirming(SECOND), { lastConfirmed: () => undefined })).toEqual(["GENESIS_NOT_FIRST"]);
  });

  it("collects everything, pyquarkchain's first complaint first", () => {
    const block = { ...withHeader({ version: 3, height: 7, merkleRoot: ZERO_HASH }), minorHeaders: [THIRD] };
    expect(codesOf(block)).toEqual([
      "VERSION",
      "HEIGHT_MISMATCH",
      "MERKLE_ROOT_MISMATCH",
      "COINBASE_AMOUNT_MISMATCH",
      "MINOR_BLOCK_NOT_LINKED",
    ]);
    expect(merkleRoot([])).not.toEqual(ZERO_HASH);
  });
});
