import {
  initializedFullShardIdsBefore,
  maxBlocksPerShardInOneRootBlock,
  type QuarkChainConfig,
} from "../chain/config.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import type { MinorBlockHeader } from "../chain/minor-block.ts";
import { rootBlockCoinbase } from "../chain/rewards.ts";
import type { RootBlock, RootBlockHeader } from "../chain/root-block.ts";
import type { TokenBalances } from "../chain/token-balances.ts";
import { bytesEqual, type Hash32, toHex } from "../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../codec/keccak.ts";
import { nextDifficulty } from "./difficulty.ts";
import { blockTimeViolations } from "./header-rules.ts";
import { describeBalances, type RuleViolation } from "./rule-violation.ts";

/** What the rules of a root block need to know of the chains below it. */
export interface RootRuleContext {
  readonly config: QuarkChainConfig;
  /** The block that header.prevBlockHash names; undefined where there is none. */
  readonly parent: RootBlockHeader | undefined;
  /** Wall clock in seconds since 1970 for a new block; undefined for one of history. */
  readonly now: number | undefined;
  /** Hashes of the block's minor headers, in order. */
  readonly minorHashes: readonly Hash32[];
  /** Whether a shard holds this minor block and found it valid. */
  readonly isMinorKnown: (hash: Hash32, header: MinorBlockHeader) => boolean;
  /** Whether a root block is the parent or one of its ancestors. */
  readonly isOnParentChain: (rootHash: Hash32) => boolean;
  /** Hash of the shard's newest block confirmed by the parent or its ancestors; undefined where none is. */
  readonly lastConfirmed: (fullShardId: number) => Hash32 | undefined;
}

/**
 * Every rule a root block breaks, its seal aside, in the order of pyquarkchain's root_state.py __validate_block_header
 * and validate_block: the first is the one pyquarkchain stops at. Empty for a valid block.
 */
export function rootBlockViolations(block: RootBlock, context: RootRuleContext): readonly RuleViolation[] {
  return [...headerViolations(block.header, context), ...bodyViolations(block, context)];
}

function headerViolations(header: RootBlockHeader, context: RootRuleContext): RuleViolation[] {
  const { config, parent } = context;
  const violations: RuleViolation[] = [];
  if (header.height < 1) {
    violations.push({ code: "HEIGHT_NOT_POSITIVE", field: "height", message: "only the genesis block has height 0" });
  }
  if (header.version !== 0) {
    violations.push({
      code: "VERSION",
      field: "version",
      message: "incorrect root block version",
      declared: String(header.version),
      computed: "0",
    });
  }
  if (parent === undefined) {
    violations.push({
      code: "PARENT_UNKNOWN",
      field: "prevBlockHash",
      message: `there is no root block ${toHex(header.prevBlockHash)}`,
    });
  } else {
    if (header.height !== parent.height + 1) {
      violations.push({
        code: "HEIGHT_MISMATCH",
        field: "height",
        message: "height is not the parent's plus 1",
        declared: String(header.height),
        computed: String(parent.height + 1),
      });
    }
    violations.push(...blockTimeViolations(header, parent, context.now));
  }
  if (header.extraData.length > config.blockExtraDataSizeLimit) {
    violations.push({
      code: "EXTRA_DATA_TOO_LARGE",
      field: "extraData",
      message: `extra data has ${header.extraData.length} bytes, ${config.blockExtraDataSizeLimit} are allowed`,
    });
  }
  if (parent !== undefined) violations.push(...difficultyViolations(header, parent, config));
  return violations;
}

function difficultyViolations(
  header: RootBlockHeader,
  parent: RootBlockHeader,
  config: QuarkChainConfig,
): RuleViolation[] {
  const violations: RuleViolation[] = [];
  // Where the time does not increase the formula has no answer: that is reported instead.
  if (!config.skipRootDifficultyCheck && header.createTime > parent.createTime) {
    const computed = nextDifficulty(config.root.difficulty, parent, header.createTime);
    if (header.difficulty !== computed) {
      violations.push({
        code: "DIFFICULTY_MISMATCH",
        field: "difficulty",
        message: "incorrect difficulty",
        declared: String(header.difficulty),
        computed: String(computed),
      });
    }
  }
  const total = parent.totalDifficulty + header.difficulty;
  if (header.totalDifficulty !== total) {
    violations.push({
      code: "TOTAL_DIFFICULTY_MISMATCH",
      field: "totalDifficulty",
      message: "total difficulty is not the parent's plus the block's",
      declared: String(header.totalDifficulty),
      computed: String(total),
    });
  }
  return violations;
}

function bodyViolations(block: RootBlock, context: RootRuleContext): RuleViolation[] {
  const { header, trackingData } = block;
  const violations: RuleViolation[] = [];
  const limit = context.config.blockExtraDataSizeLimit;
  if (trackingData.length > limit) {
    violations.push({
      code: "TRACKING_DATA_TOO_LARGE",
      field: "trackingData",
      message: `tracking data has ${trackingData.length} bytes, ${limit} are allowed`,
    });
  }
  const computedRoot = merkleRoot(context.minorHashes);
  if (!bytesEqual(header.merkleRoot, computedRoot)) {
    violations.push({
      code: "MERKLE_ROOT_MISMATCH",
      field: "merkleRoot",
      message: "the header does not commit to the block's minor headers",
      declared: toHex(header.merkleRoot),
      computed: toHex(computedRoot),
    });
  }
  if (!bytesEqual(header.stateRoot, EMPTY_TRIE_ROOT)) {
    violations.push({
      code: "STATE_ROOT_NOT_EMPTY",
      field: "stateRoot",
      message: "the root chain has no state",
      declared: toHex(header.stateRoot),
      computed: toHex(EMPTY_TRIE_ROOT),
    });
  }
  const unknown = unknownMinorViolations(block, context);
  violations.push(...unknown);
  if (unknown.length === 0) violations.push(...coinbaseViolations(block, context.config));
  violations.push(...minorHeaderViolations(block, context));
  violations.push(...shardLinkViolations(block, context));
  return violations;
}

/** What such a block paid its miner is not known, so _calculate_root_block_coinbase already fails on it. */
function unknownMinorViolations({ minorHeaders }: RootBlock, context: RootRuleContext): RuleViolation[] {
  const violations: RuleViolation[] = [];
  minorHeaders.forEach((minor, i) => {
    if (context.isMinorKnown(context.minorHashes[i], minor)) return;
    violations.push({
      code: "MINOR_BLOCK_UNKNOWN",
      field: `minorHeaders[${i}]`,
      message: `minor block ${minor.branch}/${minor.height} is not a valid block of its shard`,
    });
  });
  return violations;
}

/** Compared as maps: an entry of 0 that was computed is never found in a header, as in pyquarkchain. */
function coinbaseViolations({ header, minorHeaders }: RootBlock, config: QuarkChainConfig): RuleViolation[] {
  if (config.skipRootCoinbaseCheck) return [];
  const computed = rootBlockCoinbase(config, header.height, minorHeaders);
  if (sameBalances(header.coinbaseAmounts, computed)) return [];
  return [
    {
      code: "COINBASE_AMOUNT_MISMATCH",
      field: "coinbaseAmounts",
      message: "incorrect root block reward",
      declared: describeBalances(header.coinbaseAmounts),
      computed: describeBalances(computed),
    },
  ];
}

function sameBalances(a: TokenBalances, b: TokenBalances): boolean {
  return a.size === b.size && [...a].every(([tokenId, amount]) => b.get(tokenId) === amount);
}

function minorHeaderViolations({ header, minorHeaders }: RootBlock, context: RootRuleContext): RuleViolation[] {
  const violations: RuleViolation[] = [];
  let highestShard = minorHeaders[0]?.branch ?? 0;
  minorHeaders.forEach((minor, i) => {
    const field = `minorHeaders[${i}]`;
    const name = `minor block ${minor.branch}/${minor.height}`;
    if (minor.createTime > header.createTime) {
      violations.push({
        code: "MINOR_BLOCK_LATER_THAN_ROOT",
        field,
        message: `${name} of ${minor.createTime} is later than the root block of ${header.createTime}`,
      });
    }
    if (context.parent !== undefined && !context.isOnParentChain(minor.prevRootBlockHash)) {
      violations.push({
        code: "MINOR_BLOCK_ON_OTHER_ROOT_CHAIN",
        field,
        message: `${name} rests on root block ${toHex(minor.prevRootBlockHash)}, which is not in this root chain`,
      });
    }
    if (minor.branch < highestShard) {
      violations.push({ code: "SHARDS_NOT_ORDERED", field, message: `${name} comes after shard ${highestShard}` });
    }
    highestShard = Math.max(highestShard, minor.branch);
  });
  return violations;
}

/** Positions of a shard's headers in the block. */
type PositionsByShard = ReadonlyMap<number, readonly number[]>;

function shardLinkViolations(block: RootBlock, context: RootRuleContext): RuleViolation[] {
  const initialized = new Set(initializedFullShardIdsBefore(context.config, block.header.height));
  const violations: RuleViolation[] = [];
  for (const [fullShardId, positions] of positionsByShard(block.minorHeaders)) {
    const shard = context.config.shards.get(fullShardId);
    const field = `minorHeaders[${positions[0]}]`;
    if (shard === undefined) {
      violations.push({ code: "SHARD_UNKNOWN", field, message: `the configuration has no shard ${fullShardId}` });
      continue;
    }
    const allowed = maxBlocksPerShardInOneRootBlock(context.config.root, shard);
    if (positions.length > allowed) {
      violations.push({
        code: "TOO_MANY_MINOR_BLOCKS",
        field: "minorHeaders",
        message: `${positions.length} blocks of shard ${fullShardId}, ${allowed} are allowed`,
      });
    }
    if (!initialized.has(fullShardId)) {
      violations.push({
        code: "SHARD_NOT_INITIALIZED",
        field,
        message: `shard ${fullShardId} starts at root height ${shard.genesis.rootHeight}`,
      });
    }
    if (context.parent !== undefined) violations.push(...linkViolations(block.minorHeaders, positions, context));
  }
  return violations;
}

function positionsByShard(minorHeaders: readonly MinorBlockHeader[]): PositionsByShard {
  const positions = new Map<number, number[]>();
  minorHeaders.forEach(({ branch }, i) => {
    const known = positions.get(branch);
    if (known === undefined) positions.set(branch, [i]);
    else known.push(i);
  });
  return positions;
}

function linkViolations(
  minorHeaders: readonly MinorBlockHeader[],
  positions: readonly number[],
  context: RootRuleContext,
): RuleViolation[] {
  const violations: RuleViolation[] = [];
  let previous = context.lastConfirmed(minorHeaders[positions[0]].branch);
  for (const i of positions) {
    const { branch, height, prevMinorBlockHash } = minorHeaders[i];
    const field = `minorHeaders[${i}]`;
    if (previous === undefined) {
      if (height !== 0) {
        violations.push({
          code: "GENESIS_NOT_FIRST",
          field,
          message: `the first confirmed block of shard ${branch} has height ${height} instead of 0`,
        });
      }
    } else if (!bytesEqual(prevMinorBlockHash, previous)) {
      violations.push({
        code: "MINOR_BLOCK_NOT_LINKED",
        field,
        message: `minor block ${branch}/${height} does not follow the block confirmed before it`,
        declared: toHex(prevMinorBlockHash),
        computed: toHex(previous),
      });
    }
    previous = context.minorHashes[i];
  }
  return violations;
}
