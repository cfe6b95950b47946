import type { MinorBlock } from "../../chain/minor-block.ts";
import { NO_BALANCES } from "../../chain/token-balances.ts";
import { EMPTY_BYTES, ZERO_ADDRESS, ZERO_HASH } from "../../codec/bytes.ts";
import { EMPTY_QKC_ADDRESS } from "../../codec/wire.ts";
import type { AnswerTo } from "./read-messages.ts";

/** errno.EBADMSG, which pyquarkchain's slaves answer where a block cannot be taken or found. */
const BAD_MESSAGE = 74;
const FAILED = 1;
const NO_BLOOM = new Uint8Array(256);

/** MinorBlock(MinorBlockHeader(), MinorBlockMeta()), which stands where no block is (pyquarkchain core.py). */
export const EMPTY_BLOCK: MinorBlock = {
  header: {
    version: 0,
    branch: 1,
    height: 0,
    coinbaseAddress: EMPTY_QKC_ADDRESS,
    coinbaseAmounts: NO_BALANCES,
    prevMinorBlockHash: ZERO_HASH,
    prevRootBlockHash: ZERO_HASH,
    gasLimit: 30000n * 400n,
    metaHash: ZERO_HASH,
    createTime: 0,
    difficulty: 0n,
    nonce: 0n,
    bloom: NO_BLOOM,
    extraData: EMPTY_BYTES,
    mixhash: ZERO_HASH,
  },
  meta: {
    merkleRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    receiptRoot: ZERO_HASH,
    gasUsed: 0n,
    xshardReceiveGasUsed: 0n,
    xshardCursor: { rootBlockHeight: 0, minorBlockIndex: 0, xshardDepositIndex: 0 },
    xshardGasLimit: 30000n * 200n,
  },
  transactions: [],
  trackingData: EMPTY_BYTES,
};

/** core.py TransactionReceipt.create_empty_receipt */
export const EMPTY_RECEIPT: AnswerTo<"getTransactionReceipt">["receipt"] = {
  success: EMPTY_BYTES,
  gasUsed: 0n,
  previousGasUsed: 0n,
  bloom: NO_BLOOM,
  contractAddress: EMPTY_QKC_ADDRESS,
  logs: [],
};

/** The operations that only read. */
export type ReadName =
  | "getEcoInfoList"
  | "getUnconfirmedHeaders"
  | "getAccountData"
  | "addTransaction"
  | "getMinorBlock"
  | "getTransaction"
  | "executeTransaction"
  | "getTransactionReceipt"
  | "getTransactionListByAddress"
  | "getAllTransactions"
  | "getLog"
  | "estimateGas"
  | "getStorage"
  | "getCode"
  | "gasPrice"
  | "checkMinorBlock"
  | "getRootChainStakes"
  | "getTotalBalance";

/**
 * What a read answers that cannot be answered: nothing of that name, a failing call, a shard that is not there, or something
 * that went wrong. Where pyquarkchain's slave ends itself with its whole cluster (a storage slot behind an unknown height, a
 * block of a shard that was not created, a root block's coinbase outside full shard 1, a price beyond 64 bits), the answer is
 * one that its master takes.
 */
export const UNANSWERED = {
  getEcoInfoList: { errorCode: FAILED, ecoInfos: [] },
  getUnconfirmedHeaders: { errorCode: FAILED, headersInfos: [] },
  getAccountData: { errorCode: FAILED, accounts: [] },
  addTransaction: { errorCode: FAILED },
  getMinorBlock: { errorCode: FAILED, block: EMPTY_BLOCK, extraInfo: undefined },
  getTransaction: { errorCode: FAILED, block: EMPTY_BLOCK, index: 0 },
  executeTransaction: { errorCode: FAILED, result: EMPTY_BYTES },
  getTransactionReceipt: { errorCode: FAILED, block: EMPTY_BLOCK, index: 0, receipt: EMPTY_RECEIPT },
  getTransactionListByAddress: { errorCode: FAILED, transactions: [], next: EMPTY_BYTES },
  getAllTransactions: { errorCode: FAILED, transactions: [], next: EMPTY_BYTES },
  getLog: { errorCode: FAILED, logs: [] },
  estimateGas: { errorCode: FAILED, gas: 0 },
  getStorage: { errorCode: FAILED, value: ZERO_HASH },
  getCode: { errorCode: FAILED, code: EMPTY_BYTES },
  gasPrice: { errorCode: FAILED, gasPrice: 0n },
  checkMinorBlock: { errorCode: BAD_MESSAGE },
  getRootChainStakes: { errorCode: FAILED, stakes: 0n, signer: ZERO_ADDRESS },
  getTotalBalance: { errorCode: FAILED, totalBalance: 0n, next: EMPTY_BYTES },
} satisfies { readonly [Name in ReadName]: AnswerTo<Name> };
