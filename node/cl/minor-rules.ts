import { type QuarkChainConfig, type ShardConfig, xshardGasLimitOf } from "../chain/config.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlock, type MinorBlockHeader, minorMetaHash } from "../chain/minor-block.ts";
import { isInShard } from "../chain/shard-id.ts";
import { type Hash32, toHex } from "../codec/bytes.ts";
import {
  blockTimeViolations,
  difficultyViolations,
  extraDataViolations,
  genesisHeightViolations,
  heightViolations,
  trackingDataViolations,
  unknownParent,
  versionViolations,
} from "./header-rules.ts";
import type { ConfirmedMinor } from "./root-chain.ts";
import { broken, joined, mismatch, type RuleViolation } from "./rule-violation.ts";

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
  readonly lastConfirmed: (rootHash: Hash32) => ConfirmedMinor | undefined;
  /** Whether a block of this shard is the parent or one of its ancestors. */
  readonly isAncestorOfParent: (ancestor: ConfirmedMinor) => boolean;
}

/**
 * Every rule a minor block breaks before it is executed, its seal aside, in the order of pyquarkchain's shard_state.py
 * validate_block: the first is the one pyquarkchain stops at. Empty for a valid block.
 */
export function minorBlockViolations(block: MinorBlock, context: MinorRuleContext): readonly RuleViolation[] {
  const { header, meta } = block;
  const { config, shard, parent } = context;
  return joined(
    identityViolations(header, context),
    parent === undefined ? [] : blockTimeViolations(header, parent, context.now),
    mismatch(
      "META_HASH_MISMATCH",
      "metaHash",
      header.metaHash,
      minorMetaHash(meta),
      "the header does not commit to the block's meta",
    ),
    extraDataViolations(header, config),
    trackingDataViolations(block.trackingData, config),
    gasLimitViolations(block, shard),
    mismatch(
      "MERKLE_ROOT_MISMATCH",
      "merkleRoot",
      meta.merkleRoot,
      merkleRoot(block.transactions.map(({ hash }) => hash)),
      "the meta does not commit to the block's transactions",
    ),
    coinbaseViolations(header, shard),
    parent === undefined || config.skipMinorDifficultyCheck
      ? []
      : difficultyViolations(header, parent, shard.difficulty),
    rootLinkViolations(header, context),
  );
}

function identityViolations(header: MinorBlockHeader, { shard, parent }: MinorRuleContext): readonly RuleViolation[] {
  const { fullShardId } = shard;
  return joined(
    versionViolations(header, "minor"),
    genesisHeightViolations(header, "genesis blocks have"),
    parent === undefined
      ? unknownParent(
          "prevMinorBlockHash",
          header.prevMinorBlockHash,
          (hash) => `there is no block ${hash} in the shard`,
        )
      : heightViolations(header, parent),
    mismatch("BRANCH_MISMATCH", "branch", header.branch, fullShardId, "the block belongs to another shard"),
  );
}

/** Gas limits are constants of the shard (shard_state.py get_gas_limit_all). */
function gasLimitViolations({ header, meta }: MinorBlock, shard: ShardConfig): readonly RuleViolation[] {
  const { gasLimit } = header;
  const { xshardGasLimit } = meta;
  const allowed = xshardGasLimitOf(shard);
  return joined(
    mismatch("GAS_LIMIT_MISMATCH", "gasLimit", gasLimit, shard.genesis.gasLimit, "incorrect gas limit"),
    broken(
      xshardGasLimit >= gasLimit,
      "XSHARD_GAS_LIMIT_NOT_BELOW_GAS_LIMIT",
      "xshardGasLimit",
      () => `cross-shard gas limit ${xshardGasLimit} is not below the gas limit ${gasLimit}`,
    ),
    mismatch("XSHARD_GAS_LIMIT_MISMATCH", "xshardGasLimit", xshardGasLimit, allowed, "incorrect cross-shard gas limit"),
  );
}

function coinbaseViolations(
  { coinbaseAddress: { fullShardKey } }: MinorBlockHeader,
  { fullShardId }: ShardConfig,
): readonly RuleViolation[] {
  return broken(
    !isInShard(fullShardId, fullShardKey),
    "COINBASE_NOT_IN_SHARD",
    "coinbaseAddress",
    () => `the coinbase address with shard key ${fullShardKey} lies outside shard ${fullShardId}`,
  );
}

function rootLinkViolations(header: MinorBlockHeader, context: MinorRuleContext): readonly RuleViolation[] {
  const rootHash = header.prevRootBlockHash;
  const field = "prevRootBlockHash";
  const height = context.rootHeight(rootHash);
  if (height === undefined) {
    return broken(true, "ROOT_BLOCK_UNKNOWN", field, () => `there is no root block ${toHex(rootHash)}`);
  }
  const { parent } = context;
  if (parent === undefined) return [];
  const parentHeight = context.rootHeight(parent.prevRootBlockHash);
  const confirmed = context.lastConfirmed(rootHash);
  return joined(
    broken(
      parentHeight !== undefined && height < parentHeight,
      "ROOT_HEIGHT_DECREASING",
      field,
      () => `the previous root block has height ${height}, the parent's has ${parentHeight}`,
    ),
    broken(
      confirmed !== undefined && !context.isAncestorOfParent(confirmed),
      "CONFIRMED_BLOCK_NOT_ANCESTOR",
      field,
      () => `the previous root block confirms block ${confirmed?.header.height} of another branch of this shard`,
    ),
    broken(
      parentHeight === undefined || !context.isRootAncestor(parent.prevRootBlockHash, rootHash),
      "ROOT_CHAIN_MISMATCH",
      field,
      () => "the previous root block does not descend from the parent's",
    ),
  );
}
