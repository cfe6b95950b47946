import type { CrossShardDeposit } from "../chain/deposit.ts";
import type { XshardCursor } from "../chain/minor-block.ts";
import { isInShard } from "../chain/shard-id.ts";
import { EMPTY_BYTES, type Hash32, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import type { DueDeposit } from "../el/payload.ts";
import type { RootChain, RootChainBlock } from "./root-chain.ts";

/** What the walk over deposits needs to know of the shard and its surroundings. */
export interface InboxContext {
  readonly fullShardId: number;
  readonly rootChain: RootChain;
  readonly genesisTokenId: bigint;
  /** Root height of this shard's genesis. */
  readonly genesisRootHeight: number;
  /** Whether a shard may send here, given the root height of the list (pyquarkchain shard_state.py _is_neighbor). */
  readonly isNeighbor: (fullShardId: number, rootHeight: number) => boolean;
  /** Height of a root block by hash; undefined where it lies below this shard's genesis and is not known here. */
  readonly rootHeight: (hash: Hash32) => number | undefined;
  /** Deposits received for a neighbour's block, undefined where none were ever stored. */
  readonly depositList: (sourceMinorHash: Hash32) => readonly CrossShardDeposit[] | undefined;
}

/** A list that a root block's minor block must have sent, and that never came. */
export class MissingDepositListError extends DatabaseDamagedError {
  readonly sourceMinorHash: Hash32;
  readonly sourceFullShardId: number;

  constructor(fullShardId: number, sourceMinorHash: Hash32, sourceFullShardId: number, rootHeight: number) {
    const hash = toHex(sourceMinorHash);
    super(
      `missing row in shard ${fullShardId}: no deposit list from minor block ${hash} of shard ${sourceFullShardId}, ` +
        `root height ${rootHeight}`,
      { key: `xShard_${hash}` },
    );
    this.sourceMinorHash = sourceMinorHash;
    this.sourceFullShardId = sourceFullShardId;
  }
}

/** The deposits that a block may consume and the cursor it ends with when it consumes all of them. */
export interface DueDeposits {
  readonly deposits: Iterable<DueDeposit>;
  readonly exhaustedCursor: XshardCursor;
}

/**
 * Deposits due after `last`, the parent's cursor, up to the root block `maxRootHeight` that the block names as its
 * previous one. Same walk as pyquarkchain cluster/shard_state.py XshardTxCursor: for each root block first its coinbase
 * (minor index 0, deposit index 1), then the deposits of its minor headers in list order (index 1 …), own shard,
 * non-neighbours and blocks from before this shard's genesis being counted but skipped.
 */
export function dueDeposits(context: InboxContext, last: XshardCursor, maxRootHeight: number): DueDeposits {
  const startsExhausted = last.rootBlockHeight > maxRootHeight;
  return {
    deposits: startsExhausted ? [] : walk(context, last, maxRootHeight),
    // A cursor that is exhausted from the start keeps its indexes (XshardTxCursor.__init__): 0 and 0 on any valid chain.
    exhaustedCursor: {
      rootBlockHeight: maxRootHeight + 1,
      minorBlockIndex: startsExhausted ? last.minorBlockIndex : 0,
      xshardDepositIndex: startsExhausted ? last.xshardDepositIndex : 0,
    },
  };
}

function* walk(context: InboxContext, last: XshardCursor, maxRootHeight: number): Generator<DueDeposit> {
  let { minorBlockIndex, xshardDepositIndex } = last;
  for (let rootHeight = last.rootBlockHeight; rootHeight <= maxRootHeight; rootHeight++) {
    const root = context.rootChain.blockAt(rootHeight);
    if (minorBlockIndex === 0) {
      if (xshardDepositIndex === 0) {
        const cursor = { rootBlockHeight: rootHeight, minorBlockIndex: 0, xshardDepositIndex: 1 };
        yield { deposit: rootCoinbaseDeposit(context, root), cursor };
      }
      minorBlockIndex = 1;
      xshardDepositIndex = -1;
    }
    for (; minorBlockIndex <= root.minorHashes.length; minorBlockIndex++, xshardDepositIndex = -1) {
      const deposits = depositsOf(context, root, rootHeight, minorBlockIndex - 1);
      for (let index = xshardDepositIndex + 1; index < deposits.length; index++) {
        yield {
          deposit: deposits[index],
          cursor: { rootBlockHeight: rootHeight, minorBlockIndex, xshardDepositIndex: index },
        };
      }
    }
    minorBlockIndex = 0;
    xshardDepositIndex = 0;
  }
}

/**
 * Every root block pays its coinbase as a deposit on every shard, with value 0 where the address lives elsewhere
 * (XshardTxCursor.__get_current_tx).
 */
function rootCoinbaseDeposit(context: InboxContext, root: RootChainBlock): CrossShardDeposit {
  const { coinbaseAddress, coinbaseAmounts } = root.block.header;
  const isHere = isInShard(context.fullShardId, coinbaseAddress.fullShardKey);
  return {
    txHash: root.hash,
    from: coinbaseAddress,
    to: coinbaseAddress,
    value: isHere ? (coinbaseAmounts.get(context.genesisTokenId) ?? 0n) : 0n,
    gasPrice: 0n,
    gasTokenId: context.genesisTokenId,
    transferTokenId: context.genesisTokenId,
    gasRemained: 0n,
    messageData: EMPTY_BYTES,
    createContract: false,
    isFromRootChain: true,
    refundRate: 100,
  };
}

function depositsOf(
  context: InboxContext,
  root: RootChainBlock,
  rootHeight: number,
  position: number,
): readonly CrossShardDeposit[] {
  const header = root.block.minorHeaders[position];
  if (header.branch === context.fullShardId || !context.isNeighbor(header.branch, rootHeight)) return [];
  const deposits = context.depositList(root.minorHashes[position]);
  // A block that its sender made before this shard existed has sent nothing here (XshardTxCursor.get_next_tx).
  const sentFrom = context.rootHeight(header.prevRootBlockHash);
  if (sentFrom === undefined || sentFrom <= context.genesisRootHeight) {
    if (deposits === undefined) return [];
    throw new DatabaseDamagedError(
      `deposit list of minor block ${toHex(root.minorHashes[position])} is stored in shard ${context.fullShardId} although it precedes that shard's genesis`,
      { key: `xShard_${toHex(root.minorHashes[position])}` },
    );
  }
  if (deposits !== undefined) return deposits;
  throw new MissingDepositListError(context.fullShardId, root.minorHashes[position], header.branch, rootHeight);
}
