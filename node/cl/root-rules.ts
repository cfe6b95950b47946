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
import { type Hash32, toHex } from "../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../codec/keccak.ts";
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
import { broken, describeBalances, joined, mismatch, type RuleViolation } from "./rule-violation.ts";

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
  return joined(headerViolations(block.header, context), bodyViolations(block, context));
}

function headerViolations(header: RootBlockHeader, { config, parent, now }: RootRuleContext): readonly RuleViolation[] {
  const own = [...genesisHeightViolations(header, "the genesis block has"), ...versionViolations(header, "root")];
  const sizes = extraDataViolations(header, config);
  if (parent === undefined) {
    const unknown = unknownParent("prevBlockHash", header.prevBlockHash, (hash) => `there is no root block ${hash}`);
    return [...own, ...unknown, ...sizes];
  }
  return joined(
    own,
    heightViolations(header, parent),
    blockTimeViolations(header, parent, now),
    sizes,
    config.skipRootDifficultyCheck ? [] : difficultyViolations(header, parent, config.root.difficulty),
    mismatch(
      "TOTAL_DIFFICULTY_MISMATCH",
      "totalDifficulty",
      header.totalDifficulty,
      parent.totalDifficulty + header.difficulty,
      "total difficulty is not the parent's plus the block's",
    ),
  );
}

function bodyViolations(block: RootBlock, context: RootRuleContext): readonly RuleViolation[] {
  const { header, trackingData } = block;
  const unknown = unknownMinorViolations(block, context);
  return joined(
    trackingDataViolations(trackingData, context.config),
    mismatch(
      "MERKLE_ROOT_MISMATCH",
      "merkleRoot",
      header.merkleRoot,
      merkleRoot(context.minorHashes),
      "the header does not commit to the block's minor headers",
    ),
    mismatch("STATE_ROOT_NOT_EMPTY", "stateRoot", header.stateRoot, EMPTY_TRIE_ROOT, "the root chain has no state"),
    unknown,
    unknown.length === 0 ? coinbaseViolations(block, context.config) : [],
    minorHeaderViolations(block, context),
    shardLinkViolations(block, context),
  );
}

/** What such a block paid its miner is not known, so _calculate_root_block_coinbase already fails on it. */
function unknownMinorViolations({ minorHeaders }: RootBlock, context: RootRuleContext): readonly RuleViolation[] {
  return minorHeaders.flatMap((minor, i) =>
    broken(
      !context.isMinorKnown(context.minorHashes[i], minor),
      "MINOR_BLOCK_UNKNOWN",
      `minorHeaders[${i}]`,
      () => `minor block ${minor.branch}/${minor.height} is not a valid block of its shard`,
    ),
  );
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

function minorHeaderViolations(
  { header, minorHeaders }: RootBlock,
  context: RootRuleContext,
): readonly RuleViolation[] {
  let highestShard = minorHeaders[0]?.branch ?? 0;
  return minorHeaders.flatMap((minor, i) => {
    const field = `minorHeaders[${i}]`;
    const name = () => `minor block ${minor.branch}/${minor.height}`;
    const before = highestShard;
    highestShard = Math.max(highestShard, minor.branch);
    return joined(
      broken(
        minor.createTime > header.createTime,
        "MINOR_BLOCK_LATER_THAN_ROOT",
        field,
        () => `${name()} of ${minor.createTime} is later than the root block of ${header.createTime}`,
      ),
      broken(
        context.parent !== undefined && !context.isOnParentChain(minor.prevRootBlockHash),
        "MINOR_BLOCK_ON_OTHER_ROOT_CHAIN",
        field,
        () => `${name()} rests on root block ${toHex(minor.prevRootBlockHash)}, which is not in this root chain`,
      ),
      broken(minor.branch < before, "SHARDS_NOT_ORDERED", field, () => `${name()} comes after shard ${before}`),
    );
  });
}

/** Positions of a shard's headers in the block. */
type PositionsByShard = ReadonlyMap<number, readonly number[]>;

function shardLinkViolations(block: RootBlock, context: RootRuleContext): readonly RuleViolation[] {
  const { config, parent } = context;
  const initialized = new Set(initializedFullShardIdsBefore(config, block.header.height));
  return [...positionsByShard(block.minorHeaders)].flatMap(([fullShardId, positions]) => {
    const shard = config.shards.get(fullShardId);
    const field = `minorHeaders[${positions[0]}]`;
    if (shard === undefined) {
      return broken(true, "SHARD_UNKNOWN", field, () => `the configuration has no shard ${fullShardId}`);
    }
    const allowed = maxBlocksPerShardInOneRootBlock(config.root, shard);
    return joined(
      broken(
        positions.length > allowed,
        "TOO_MANY_MINOR_BLOCKS",
        "minorHeaders",
        () => `${positions.length} blocks of shard ${fullShardId}, ${allowed} are allowed`,
      ),
      broken(
        !initialized.has(fullShardId),
        "SHARD_NOT_INITIALIZED",
        field,
        () => `shard ${fullShardId} starts at root height ${shard.genesis.rootHeight}`,
      ),
      parent === undefined ? [] : linkViolations(block.minorHeaders, positions, context),
    );
  });
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
): readonly RuleViolation[] {
  const { branch } = minorHeaders[positions[0]];
  return positions.flatMap((at, n) => {
    const { height, prevMinorBlockHash } = minorHeaders[at];
    const field = `minorHeaders[${at}]`;
    const previous = n === 0 ? context.lastConfirmed(branch) : context.minorHashes[positions[n - 1]];
    if (previous === undefined) {
      const message = () => `the first confirmed block of shard ${branch} has height ${height} instead of 0`;
      return broken(height !== 0, "GENESIS_NOT_FIRST", field, message);
    }
    const what = `minor block ${branch}/${height} does not follow the block confirmed before it`;
    return mismatch("MINOR_BLOCK_NOT_LINKED", field, prevMinorBlockHash, previous, what);
  });
}
