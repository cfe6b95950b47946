import { EngineError } from "../../engine/engine-error.ts";
import type { TransactionPool } from "../../execution-node/mempool/transaction-pool.ts";
import type { ShardView } from "../tip-ground.ts";
import { accountData, codeAt, storageAt } from "./account-reads.ts";
import { totalBalance } from "./balance-reads.ts";
import { minorBlock, transaction, transactionReceipt } from "./block-reads.ts";
import { executeTransaction, gasEstimate, gasPrice } from "./call-reads.ts";
import { checkMinorBlock } from "./check-block.ts";
import { UNANSWERED } from "./empty-answers.ts";
import { allTransactions, NO_HISTORY, transactionsOfAddress } from "./history-reads.ts";
import { logs } from "./log-reads.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import { ReadView } from "./read-view.ts";
import { rootChainStakes } from "./staking-reads.ts";
import { ecoInfo, unconfirmedHeaders } from "./tip-reads.ts";

interface ShardReadsParts {
  readonly view: ShardView;
  readonly pool: TransactionPool;
  /** ENABLE_TRANSACTION_HISTORY. */
  readonly keepsHistory: boolean;
  /** PROMETHEUS.MONITOR_XSHARD_DEPOSIT: the first page of a total balance has deposits that are on their way. */
  readonly monitorsDeposits: boolean;
  /** MIN_TX_POOL_GAS_PRICE, the price where nobody has paid one. */
  readonly leastGasPrice: bigint;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/**
 * What a shard answers a master that only asks (pyquarkchain slave.py MasterConnection, shard_state.py): one method for each
 * operation. A method throws where the operation is answered with UNANSWERED; those that take a signal give way to other work
 * and throw what it says once nobody waits any more.
 */
export class ShardReads {
  readonly #parts: ShardReadsParts;

  constructor(parts: ShardReadsParts) {
    this.#parts = parts;
  }

  /** The shard's own part of the answer. */
  ecoInfo(): AnswerTo<"getEcoInfoList">["ecoInfos"][number] {
    return ecoInfo(this.#now(), this.#parts.pool, this.#parts.clock());
  }

  /** The shard's own part of the answer. */
  unconfirmedHeaders(): AnswerTo<"getUnconfirmedHeaders">["headersInfos"][number] {
    return unconfirmedHeaders(this.#now());
  }

  /** The shard's own part of the answer. */
  accountData(request: RequestOf<"getAccountData">): AnswerTo<"getAccountData">["accounts"][number] {
    return accountData(this.#now(), request);
  }

  /** Whether the pool takes it: what is known already is refused, or clusters would pass it round for ever. */
  addTransaction({ transaction }: RequestOf<"addTransaction">): AnswerTo<"addTransaction"> {
    try {
      this.#parts.pool.add(transaction);
      return { errorCode: 0 };
    } catch (error) {
      if (error instanceof EngineError) return UNANSWERED.addTransaction;
      throw error;
    }
  }

  minorBlock(request: RequestOf<"getMinorBlock">): AnswerTo<"getMinorBlock"> {
    return minorBlock(this.#now(), request);
  }

  transaction(request: RequestOf<"getTransaction">): AnswerTo<"getTransaction"> {
    return transaction(this.#now(), this.#parts.pool, request);
  }

  transactionReceipt(request: RequestOf<"getTransactionReceipt">): AnswerTo<"getTransactionReceipt"> {
    return transactionReceipt(this.#now(), request);
  }

  executeTransaction(request: RequestOf<"executeTransaction">): AnswerTo<"executeTransaction"> {
    return executeTransaction(this.#now(), request);
  }

  async estimateGas(request: RequestOf<"estimateGas">, signal: AbortSignal): Promise<AnswerTo<"estimateGas">> {
    return await gasEstimate(this.#now(), request, signal);
  }

  gasPrice(request: RequestOf<"gasPrice">): AnswerTo<"gasPrice"> {
    return gasPrice(this.#now(), request, this.#parts.leastGasPrice);
  }

  storage(request: RequestOf<"getStorage">): AnswerTo<"getStorage"> {
    return storageAt(this.#now(), request);
  }

  code(request: RequestOf<"getCode">): AnswerTo<"getCode"> {
    return codeAt(this.#now(), request);
  }

  async logs(request: RequestOf<"getLog">, signal: AbortSignal): Promise<AnswerTo<"getLog">> {
    return await logs(this.#now(), request, signal);
  }

  async transactionsOfAddress(
    request: RequestOf<"getTransactionListByAddress">,
    signal: AbortSignal,
  ): Promise<AnswerTo<"getTransactionListByAddress">> {
    if (!this.#parts.keepsHistory) return NO_HISTORY;
    return await transactionsOfAddress(this.#parts.view, this.#parts.pool, request, signal);
  }

  async allTransactions(
    request: RequestOf<"getAllTransactions">,
    signal: AbortSignal,
  ): Promise<AnswerTo<"getAllTransactions">> {
    if (!this.#parts.keepsHistory) return NO_HISTORY;
    return await allTransactions(this.#parts.view, request, signal);
  }

  checkMinorBlock(request: RequestOf<"checkMinorBlock">): AnswerTo<"checkMinorBlock"> {
    checkMinorBlock(this.#now(), request);
    return { errorCode: 0 };
  }

  async rootChainStakes(request: RequestOf<"getRootChainStakes">): Promise<AnswerTo<"getRootChainStakes">> {
    return await rootChainStakes(this.#now(), request);
  }

  async totalBalance(request: RequestOf<"getTotalBalance">, signal: AbortSignal): Promise<AnswerTo<"getTotalBalance">> {
    return await totalBalance(this.#now(), request, this.#parts.monitorsDeposits, signal);
  }

  #now(): ReadView {
    return ReadView.of(this.#parts.view);
  }
}
