import { type QuarkChainConfig, type ShardConfig, xshardGasLimitOf } from "../chain/config.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlock, type MinorBlockHeader, minorMetaHash } from "../chain/minor-block.ts";
import { isInShard } from "../chain/shard-id.ts";
import { bytesEqual, type Hash32, toHex } from "../codec/bytes.ts";
import { nextDifficulty } from "./difficulty.ts";
import { blockTimeViolations } from "./header-rules.ts";
import type { RuleViolation } from "./rule-violation.ts";

/** What the rules of a minor block need to know of the chains around it. */
export interface MinorRuleContext {
  readonly config: QuarkChainConfig;
  readonly shard: ShardConfig;
  /** The block that header.prevMinorBlockHash names; undefined where there is none. */
  readonly parent: MinorBlockHeader | undefined;
  /** Wall clock in seconds since 1970 for a new block; undefined for one of history. */
  readonly now: number | undefined;
  /** Height of a root block; undefined where there is none of this hash. */
  readonly rootHeight: (rootHash: Hash32) => number | undefined;
  /** Whether a root block is the other or one of its ancestors. Both are known. */
  readonly isRootAncestor: (ancestor: Hash32, descendant: Hash32) => boolean;
  /** Newest block of this shard confirmed by a known root block or its ancestors; undefined where none is. */
  readonly lastConfirmed: (rootHash: Hash32) => MinorBlockHeader | undefined;
  /** Whether a block of this shard is the parent or one of its ancestors. */
  readonly isAncestorOfParent: (ancestor: MinorBlockHeader) => boolean;
}

/**
 * Every rule a minor block breaks before it is executed, its seal aside, in the order of pyquarkchain's shard_state.py
 * validate_block: the first is the one pyquarkchain stops at. Empty for a valid block.
 */
export function minorBlockViolations(block: MinorBlock, context: MinorRuleContext): readonly RuleViolation[] {
  return [
    ...identityViolations(block.header, context),
    ...(context.parent === undefined ? [] : blockTimeViolations(block.header, context.parent, context.now)),
    ...metaHashViolations(block),
    ...dataSizeViolations(block, context.config),
    ...gasLimitViolations(block, context.shard),
    ...transactionRootViolations(block),
    ...coinbaseViolations(block.header, context.shard),
    ...difficultyViolations(block.header, context),
    ...rootLinkViolations(block.header, context),
  ];
}

function identityViolations(header: MinorBlockHeader, { shard, parent }: MinorRuleContext): RuleViolation[] {
  const violations: RuleViolation[] = [];
  if (header.version !== 0) {
    violations.push({
      code: "VERSION",
      field: "version",
      message: "incorrect minor block version",
      declared: String(header.version),
      computed: "0",
    });
  }
  if (header.height < 1) {
    violations.push({ code: "HEIGHT_NOT_POSITIVE", field: "height", message: "only genesis blocks have height 0" });
  }
  if (parent === undefined) {
    violations.push({
      code: "PARENT_UNKNOWN",
      field: "prevMinorBlockHash",
      message: `there is no block ${toHex(header.prevMinorBlockHash)} in the shard`,
    });
  } else if (header.height !== parent.height + 1) {
    violations.push({
      code: "HEIGHT_MISMATCH",
      field: "height",
      message: "height is not the parent's plus 1",
      declared: String(header.height),
      computed: String(parent.height + 1),
    });
  }
  if (header.branch !== shard.fullShardId) {
    violations.push({
      code: "BRANCH_MISMATCH",
      field: "branch",
      message: "the block belongs to another shard",
      declared: String(header.branch),
      computed: String(shard.fullShardId),
    });
  }
  return violations;
}

function metaHashViolations({ header, meta }: MinorBlock): RuleViolation[] {
  const computed = minorMetaHash(meta);
  if (bytesEqual(header.metaHash, computed)) return [];
  return [
    {
      code: "META_HASH_MISMATCH",
      field: "metaHash",
      message: "the header does not commit to the block's meta",
      declared: toHex(header.metaHash),
      computed: toHex(computed),
    },
  ];
}

function dataSizeViolations(block: MinorBlock, config: QuarkChainConfig): RuleViolation[] {
  const limit = config.blockExtraDataSizeLimit;
  const violations: RuleViolation[] = [];
  if (block.header.extraData.length > limit) {
    violations.push({
      code: "EXTRA_DATA_TOO_LARGE",
      field: "extraData",
      message: `extra data has ${block.header.extraData.length} bytes, ${limit} are allowed`,
    });
  }
  if (block.trackingData.length > limit) {
    violations.push({
      code: "TRACKING_DATA_TOO_LARGE",
      field: "trackingData",
      message: `tracking data has ${block.trackingData.length} bytes, ${limit} are allowed`,
    });
  }
  return violations;
}

/** Gas limits are constants of the shard (shard_state.py get_gas_limit_all). */
function gasLimitViolations({ header, meta }: MinorBlock, shard: ShardConfig): RuleViolation[] {
  const violations: RuleViolation[] = [];
  if (header.gasLimit !== shard.genesis.gasLimit) {
    violations.push({
      code: "GAS_LIMIT_MISMATCH",
      field: "gasLimit",
      message: "incorrect gas limit",
      declared: String(header.gasLimit),
      computed: String(shard.genesis.gasLimit),
    });
  }
  if (meta.xshardGasLimit >= header.gasLimit) {
    violations.push({
      code: "XSHARD_GAS_LIMIT_NOT_BELOW_GAS_LIMIT",
      field: "xshardGasLimit",
      message: `cross-shard gas limit ${meta.xshardGasLimit} is not below the gas limit ${header.gasLimit}`,
    });
  }
  if (meta.xshardGasLimit !== xshardGasLimitOf(shard)) {
    violations.push({
      code: "XSHARD_GAS_LIMIT_MISMATCH",
      field: "xshardGasLimit",
      message: "incorrect cross-shard gas limit",
      declared: String(meta.xshardGasLimit),
      computed: String(xshardGasLimitOf(shard)),
    });
  }
  return violations;
}

function transactionRootViolations({ meta, transactions }: MinorBlock): RuleViolation[] {
  const computed = merkleRoot(transactions.map(({ hash }) => hash));
  if (bytesEqual(meta.merkleRoot, computed)) return [];
  return [
    {
      code: "MERKLE_ROOT_MISMATCH",
      field: "merkleRoot",
      message: "the meta does not commit to the block's transactions",
      declared: toHex(meta.merkleRoot),
      computed: toHex(computed),
    },
  ];
}

function coinbaseViolations({ coinbaseAddress }: MinorBlockHeader, { fullShardId }: ShardConfig): RuleViolation[] {
  if (isInShard(fullShardId, coinbaseAddress.fullShardKey)) return [];
  return [
    {
      code: "COINBASE_NOT_IN_SHARD",
      field: "coinbaseAddress",
      message: `the coinbase address with shard key ${coinbaseAddress.fullShardKey} lies outside shard ${fullShardId}`,
    },
  ];
}

/** Cannot be told where the time does not increase: that is reported instead. */
function difficultyViolations(header: MinorBlockHeader, { config, shard, parent }: MinorRuleContext): RuleViolation[] {
  if (config.skipMinorDifficultyCheck || parent === undefined || header.createTime <= parent.createTime) return [];
  const computed = nextDifficulty(shard.difficulty, parent, header.createTime);
  if (header.difficulty === computed) return [];
  return [
    {
      code: "DIFFICULTY_MISMATCH",
      field: "difficulty",
      message: "incorrect difficulty",
      declared: String(header.difficulty),
      computed: String(computed),
    },
  ];
}

function rootLinkViolations(header: MinorBlockHeader, context: MinorRuleContext): RuleViolation[] {
  const rootHash = header.prevRootBlockHash;
  const field = "prevRootBlockHash";
  const height = context.rootHeight(rootHash);
  if (height === undefined) {
    return [{ code: "ROOT_BLOCK_UNKNOWN", field, message: `there is no root block ${toHex(rootHash)}` }];
  }
  const { parent } = context;
  if (parent === undefined) return [];
  const violations: RuleViolation[] = [];
  const parentHeight = context.rootHeight(parent.prevRootBlockHash);
  if (parentHeight !== undefined && height < parentHeight) {
    violations.push({
      code: "ROOT_HEIGHT_DECREASING",
      field,
      message: `the previous root block has height ${height}, the parent's has ${parentHeight}`,
    });
  }
  const confirmed = context.lastConfirmed(rootHash);
  if (confirmed !== undefined && !context.isAncestorOfParent(confirmed)) {
    violations.push({
      code: "CONFIRMED_BLOCK_NOT_ANCESTOR",
      field,
      message: `the previous root block confirms block ${confirmed.height} of another branch of this shard`,
    });
  }
  if (parentHeight === undefined || !context.isRootAncestor(parent.prevRootBlockHash, rootHash)) {
    violations.push({
      code: "ROOT_CHAIN_MISMATCH",
      field,
      message: "the previous root block does not descend from the parent's",
    });
  }
  return violations;
}
