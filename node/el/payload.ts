import type { CrossShardDeposit } from "../chain/deposit.ts";
import type { MinorBlock, XshardCursor } from "../chain/minor-block.ts";
import type { Receipt } from "../chain/receipt.ts";
import type { TokenBalances } from "../chain/token-balances.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import type { Address, Hash32 } from "../codec/bytes.ts";

/** A deposit whose turn it is, and the cursor that names it as the last consumed one. */
export interface DueDeposit {
  readonly deposit: CrossShardDeposit;
  readonly cursor: XshardCursor;
}

/** The part of a block's execution that the root chain and the configuration decide: ShardCL works it out. */
export interface ConsensusInputs {
  /**
   * Deposits from the parent's cursor on, in consensus order, read one at a time: how many are consumed is decided
   * by the gas they use (pyquarkchain shard_state.py __run_cross_shard_tx_with_cursor).
   */
  readonly deposits: Iterable<DueDeposit>;
  /** Cursor when the deposits run out: (height of the block's previous root block + 1, 0, 0). */
  readonly exhaustedCursor: XshardCursor;
  /** Stake locked per sender, key = bytesKey(address) (posw.py, shard_state.py _get_sender_disallow_map). */
  readonly senderDisallowMap: ReadonlyMap<string, bigint>;
  /** Shards a cross-shard transaction may go to. */
  readonly reachableShards: ReadonlySet<number>;
  /** Block reward of the coinbase before fees, per token. */
  readonly blockReward: TokenBalances;
}

/** Everything one block's execution depends on. Nothing in it is an answer: no sender, receipt or root. */
export interface ExecutionPayload extends ConsensusInputs {
  readonly fullShardId: number;
  readonly parentStateRoot: Hash32;
  readonly height: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Who gets fees and reward. */
  readonly coinbase: Address;
  readonly difficulty: bigint;
  readonly gasLimit: bigint;
  readonly xshardGasLimit: bigint;
  readonly transactions: readonly TypedTransaction[];
  /** Hash of the n-th ancestor, n = 1 for the parent; undefined past genesis or n > 256. */
  readonly ancestorHash: (distance: number) => Hash32 | undefined;
}

/** Where a block stands in its chain. */
export interface ParentContext {
  readonly parentStateRoot: Hash32;
  readonly ancestorHash: ExecutionPayload["ancestorHash"];
}

/** The payload of a block: of the block itself only what is no answer goes in. */
export function payloadOf(
  { header, meta, transactions }: MinorBlock,
  inputs: ConsensusInputs,
  parent: ParentContext,
): ExecutionPayload {
  // Named one by one: a spread of a record this large costs more than an empty block's coinbase.
  return {
    deposits: inputs.deposits,
    exhaustedCursor: inputs.exhaustedCursor,
    senderDisallowMap: inputs.senderDisallowMap,
    reachableShards: inputs.reachableShards,
    blockReward: inputs.blockReward,
    parentStateRoot: parent.parentStateRoot,
    ancestorHash: parent.ancestorHash,
    fullShardId: header.branch,
    height: header.height,
    timestamp: header.createTime,
    coinbase: header.coinbaseAddress.recipient,
    difficulty: header.difficulty,
    gasLimit: header.gasLimit,
    xshardGasLimit: meta.xshardGasLimit,
    transactions,
  };
}

/** What execution computed. */
export interface ExecutionResult {
  readonly stateRoot: Hash32;
  readonly receiptRoot: Hash32;
  /** 256 bytes. */
  readonly bloom: Uint8Array;
  readonly gasUsed: bigint;
  readonly xshardReceiveGasUsed: bigint;
  readonly xshardCursor: XshardCursor;
  /** Reward and fees, per token. */
  readonly coinbaseAmounts: TokenBalances;
  /** Cross-shard sends in order of their transactions. */
  readonly xshardSends: readonly CrossShardDeposit[];
  /** Transactions first, then deposits. */
  readonly receipts: readonly Receipt[];
  /** Sender of each transaction. */
  readonly senders: readonly Address[];
  readonly depositsConsumed: number;
}
