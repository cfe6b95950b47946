import type { EvmTransaction } from "../chain/evm-transaction.ts";
import { intrinsicGas } from "../chain/evm-transaction.ts";
import type { XshardCursor } from "../chain/minor-block.ts";
import { encodeReceipt, mergeBloom } from "../chain/receipt.ts";
import { addTokenBalance, type TokenBalances } from "../chain/token-balances.ts";
import { type Address, type Hash32, ZERO_ADDRESS, ZERO_HASH } from "../codec/bytes.ts";
import { enterStage, leaveStage, TRIE } from "../measure/stages.ts";
import { ExecutionAbortedError } from "./evm/abort.ts";
import type { BlockContext } from "./evm/context.ts";
import type { BlockObserver, Tracer } from "./evm/tracer.ts";
import type { ExecutionConfig } from "./execution-config.ts";
import type { ExecutionPayload, ExecutionResult } from "./payload.ts";
import type { EvmState } from "./state/evm-state.ts";
import type { NodeStore } from "./state/node-store.ts";
import { balanceAt } from "./state/read-account.ts";
import { StateCache } from "./state/state-cache.ts";
import { WorldState } from "./state/world-state.ts";
import { applyDeposit } from "./transactions/apply-deposit.ts";
import { applyTransaction } from "./transactions/apply-transaction.ts";
import { type BlockExecution, nothingExecuted } from "./transactions/block-execution.ts";
import { type Candidate, type Filling, fillBlock, type TransactionSource } from "./transactions/fill-block.ts";
import { TransactionInvalidError } from "./transactions/transaction-invalid-error.ts";
import { UnitReporter } from "./transactions/unit-reporter.ts";
import { admitTransaction, type SignedTransaction } from "./transactions/validate-transaction.ts";
import { orderedTrieRoot } from "./trie/ordered-trie-root.ts";

/** What a contract answered, and which contract it was. */
export interface CallResult {
  /** keccak-256 of the code that was called. */
  readonly codeHash: Hash32;
  readonly success: boolean;
  readonly output: Uint8Array;
}

/** Gas limit of a state outside every block (pyquarkchain state.py STATE_DEFAULTS). */
const DEFAULT_GAS_LIMIT = 3141592n;
const NOWHERE: BlockContext = {
  coinbase: ZERO_ADDRESS,
  timestamp: 0,
  number: 0,
  difficulty: 1n,
  ancestorHash: () => undefined,
  senderDisallowMap: new Map(),
};

/** Executes the blocks of one shard, each on the state that its payload names. Nothing is carried from one to the next. */
export class ExecutionLayer {
  readonly #config: ExecutionConfig;
  readonly #store: NodeStore;
  readonly #cache: StateCache;
  readonly #receiptStore: Pick<NodeStore, "put">;

  /** `receiptStore` takes the nodes of receipt tries, which pyquarkchain keeps among those of the state. */
  constructor(
    config: ExecutionConfig,
    store: NodeStore,
    cache = new StateCache(),
    receiptStore: Pick<NodeStore, "put"> = store,
  ) {
    this.#config = config;
    this.#store = store;
    this.#cache = cache;
    this.#receiptStore = receiptStore;
  }

  get fullShardId(): number {
    return this.#config.fullShardId;
  }

  /**
   * Runs a block (pyquarkchain shard_state.py run_block and the computing half of add_block): deposits, transactions,
   * reward. Throws TransactionInvalidError with the transaction's place, ExecutionAbortedError when a deposit cannot
   * be processed, DatabaseDamagedError for a state that cannot be read.
   */
  execute(payload: ExecutionPayload, observer?: BlockObserver): ExecutionResult {
    const { rules } = this.#config.chain;
    const state = new WorldState(this.#store, payload.parentStateRoot, this.#cache, rules);
    const execution = this.#begin(observer?.wrapState?.(state) ?? state, payload, observer?.tracer);
    const units = observer === undefined ? undefined : new UnitReporter(observer, execution);
    const { xshardCursor, depositsConsumed } = runDeposits(execution, payload, units);
    const xshardReceiveGasUsed = execution.gasUsed;
    leaveUnusedXshardGas(execution, payload);
    const senders = runTransactions(execution, payload, units);
    endBlock(execution, payload, units);
    const outer = enterStage(TRIE);
    const stateRoot = state.commit();

    const receipts = execution.receipts.concat(execution.depositReceipts);
    const bloom = new Uint8Array(256);
    for (const receipt of receipts) if (receipt.logs.length > 0) mergeBloom(bloom, receipt.bloom);
    const receiptRoot = orderedTrieRoot(receipts.map(encodeReceipt), this.#receiptStore);
    leaveStage(outer);
    return {
      stateRoot,
      receiptRoot,
      bloom,
      gasUsed: execution.gasUsed,
      xshardReceiveGasUsed,
      xshardCursor,
      coinbaseAmounts: sumOf(payload.blockReward, execution.fees),
      xshardSends: execution.xshardSends,
      receipts,
      senders,
      depositsConsumed,
    };
  }

  /**
   * Finds out which transactions a block can hold: the payload's deposits run, its own transactions do not. Keeps
   * nothing. Throws as `execute` for deposits.
   */
  fill<T extends Candidate>(
    payload: ExecutionPayload,
    source: TransactionSource<T>,
    leastGasPrice: bigint,
  ): Filling<T> {
    const { rules } = this.#config.chain;
    const state = new WorldState(this.#store, payload.parentStateRoot, this.#cache, rules);
    const execution = this.#begin(state, payload, undefined);
    runDeposits(execution, payload, undefined);
    leaveUnusedXshardGas(execution, payload);
    return fillBlock(execution, source, leastGasPrice);
  }

  /**
   * Lets the zero address call a contract in a transaction without price on a state outside every block: time and
   * height are 0 (pyquarkchain shard_state.py get_root_chain_stakes). Keeps nothing. Throws TransactionInvalidError
   * when even that transaction is not valid.
   */
  call(stateRoot: Hash32, to: Address, data: Uint8Array, gas: bigint): CallResult {
    const state = new WorldState(this.#store, stateRoot, this.#cache);
    const codeHash = state.getCodeHash(to);
    const transaction = this.#freeCall(to, data, gas, state.getNonce(ZERO_ADDRESS));
    const signed: SignedTransaction = {
      transaction,
      hash: ZERO_HASH,
      sender: ZERO_ADDRESS,
      isCrossShard: false,
      intrinsicGas: intrinsicGas(transaction, false, this.#config.chain.rules.transaction),
    };
    const execution: BlockExecution = {
      ...nothingExecuted(),
      config: this.#config,
      block: NOWHERE,
      state,
      xshardGasLimit: 0n,
      reachableShards: new Set(),
      headerGasLimit: DEFAULT_GAS_LIMIT,
      gasLimit: DEFAULT_GAS_LIMIT,
    };
    return { codeHash, ...applyTransaction(execution, signed) };
  }

  /** Zero for an absent account. */
  getBalance(stateRoot: Hash32, address: Address, tokenId: bigint): bigint {
    return balanceAt(this.#store, stateRoot, address, tokenId, this.#cache);
  }

  #begin(state: EvmState, payload: ExecutionPayload, tracer: Tracer | undefined): BlockExecution {
    // Named one by one: a spread costs more than an empty block's coinbase.
    return {
      gasUsed: 0n,
      fees: new Map(),
      receipts: [],
      depositReceipts: [],
      xshardSends: [],
      destroyed: [],
      config: this.#config,
      block: {
        coinbase: payload.coinbase,
        timestamp: payload.timestamp,
        number: payload.height,
        difficulty: payload.difficulty,
        ancestorHash: payload.ancestorHash,
        senderDisallowMap: payload.senderDisallowMap,
      },
      state,
      xshardGasLimit: payload.xshardGasLimit,
      reachableShards: payload.reachableShards,
      headerGasLimit: payload.gasLimit,
      gasLimit: payload.gasLimit,
      tracer,
    };
  }

  #freeCall(to: Address, data: Uint8Array, gas: bigint, nonce: bigint): EvmTransaction {
    return {
      nonce,
      gasPrice: 0n,
      startGas: gas,
      to,
      value: 0n,
      data,
      networkId: 1n,
      fromFullShardKey: 0,
      toFullShardKey: 0,
      gasTokenId: this.#config.genesisToken,
      transferTokenId: this.#config.genesisToken,
      version: 0n,
      v: 0n,
      r: 0n,
      s: 0n,
    };
  }
}

/** Deposits run until the cross-shard gas is used up, which the last one may overstep (__run_cross_shard_tx_with_cursor). */
function runDeposits(
  execution: BlockExecution,
  payload: ExecutionPayload,
  units: UnitReporter | undefined,
): { xshardCursor: XshardCursor; depositsConsumed: number } {
  let depositsConsumed = 0;
  for (const due of payload.deposits) {
    const unit = units?.enter("deposit", due.deposit.txHash);
    applyDeposit(execution, due);
    units?.leave(unit);
    depositsConsumed++;
    if (execution.gasUsed >= payload.xshardGasLimit) return { xshardCursor: due.cursor, depositsConsumed };
  }
  return { xshardCursor: payload.exhaustedCursor, depositsConsumed };
}

/** What deposits left of their limit is no gas for transactions. */
function leaveUnusedXshardGas(execution: BlockExecution, { xshardGasLimit }: ExecutionPayload): void {
  if (execution.gasUsed < xshardGasLimit) execution.gasLimit -= xshardGasLimit - execution.gasUsed;
}

function runTransactions(
  execution: BlockExecution,
  payload: ExecutionPayload,
  units: UnitReporter | undefined,
): Address[] {
  return payload.transactions.map((typed, index) => {
    try {
      const unit = units?.enter("transaction", typed.hash);
      const signed = admitTransaction(execution, typed);
      applyTransaction(execution, signed);
      units?.leave(unit);
      return signed.sender;
    } catch (error) {
      throw placed(error, index);
    }
  });
}

/** Pays the miner, and deletes what the rules kept until now. */
function endBlock(execution: BlockExecution, payload: ExecutionPayload, units: UnitReporter | undefined): void {
  const { state, destroyed } = execution;
  const unit = units?.enter("reward");
  for (const [tokenId, amount] of payload.blockReward) state.addBalance(payload.coinbase, tokenId, amount);
  for (const address of destroyed) state.deleteAccount(address);
  units?.leave(unit);
}

/** Errors of the transaction itself learn its place; others, a damaged database among them, stay what they are. */
function placed(error: unknown, index: number): unknown {
  if (error instanceof TransactionInvalidError) return error.at(index);
  if (!(error instanceof ExecutionAbortedError)) return error;
  return new TransactionInvalidError("EXECUTION_ABORTED", error.message, index, { cause: error });
}

/**
 * Reward and fees. Entries of zero stay: pyquarkchain compares this dict with the header's decoded one, which has
 * none, and so refuses a block that computes one (shard_state.py add_block "coinbase reward incorrect").
 */
function sumOf(reward: TokenBalances, fees: TokenBalances): TokenBalances {
  const sum = new Map(reward);
  for (const [tokenId, amount] of fees) addTokenBalance(sum, tokenId, amount);
  return sum;
}
