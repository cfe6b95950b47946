import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import { type Address, bytesEqual, EMPTY_BYTES } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError } from "../../codec/errors.ts";
import { Turns } from "../../engine/json-rpc/turns.ts";
import type { TransactionPool } from "../../execution-node/mempool/transaction-pool.ts";
import { type HistoryQuery, historyPage } from "../../execution-node/reads/history.ts";
import { decodeHistoryKey, type HistoryPlace } from "../../execution-node/reads/history-index.ts";
import type { ShardView } from "../tip-ground.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import { ReadView } from "./read-view.ts";

type Answer = AnswerTo<"getAllTransactions">;
type Detail = Answer["transactions"][number];

/** Where a page of an address begins that asks for what waits in the pool (shard_state.py get_transaction_list_by_address). */
const PENDING = Uint8Array.of(0);
/** Reorganisations during one page, after which it is given up. */
const MOST_TRIES = 5;

/** What the shard answers without ENABLE_TRANSACTION_HISTORY. */
export const NO_HISTORY: Answer = { errorCode: 0, transactions: [], next: EMPTY_BYTES };

export async function transactionsOfAddress(
  shard: ShardView,
  pool: TransactionPool,
  { address, transferTokenId, start, limit }: RequestOf<"getTransactionListByAddress">,
  signal: AbortSignal,
): Promise<Answer> {
  if (bytesEqual(start, PENDING)) return pendingTransactions(pool, address.recipient, transferTokenId);
  return await page(shard, { address: address.recipient, transferTokenId, start, limit }, signal);
}

/** Without rewards from the root chain. */
export async function allTransactions(
  shard: ShardView,
  { start, limit }: RequestOf<"getAllTransactions">,
  signal: AbortSignal,
): Promise<Answer> {
  return await page(shard, { start, limit }, signal);
}

/** Those that an address sends or receives, in the order of the pool, however many they are. */
function pendingTransactions(pool: TransactionPool, recipient: Uint8Array, tokenId: bigint | undefined): Answer {
  const transactions: Detail[] = [];
  for (const { typed, transaction, sender } of pool.ordered()) {
    const isTheirs =
      bytesEqual(sender, recipient) || (transaction.to !== undefined && bytesEqual(transaction.to, recipient));
    if (!isTheirs || (tokenId !== undefined && transaction.transferTokenId !== tokenId)) continue;
    transactions.push({ ...transactionDetail(typed, sender), blockHeight: 0n, timestamp: 0n, success: false });
  }
  return { errorCode: 0, transactions, next: EMPTY_BYTES };
}

/**
 * Rows of the index change while they are read: a page counts only where the chain that it began on is still the one, else it
 * is read again.
 */
async function page(shard: ShardView, query: HistoryQuery, signal: AbortSignal): Promise<Answer> {
  const turns = new Turns();
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    await turns.pause();
    const view = ReadView.of(shard);
    const found = await pageOf(view, query, signal);
    if (found !== undefined) return found;
  }
  const { fullShardId } = shard.chain;
  throw new QkcError(
    "INTERNAL",
    `shard ${fullShardId} changed its chain ${MOST_TRIES} times while its history was read`,
  );
}

/** Undefined where the chain changed meanwhile. */
async function pageOf(view: ReadView, query: HistoryQuery, signal: AbortSignal): Promise<Answer | undefined> {
  const { chain } = view.shard;
  const isStillHere = () => {
    const canonical = chain.hashAt(view.headHeight);
    return canonical !== undefined && bytesEqual(canonical, view.snapshot.head.hash);
  };
  const rows = {
    keysBelow: (start: Uint8Array, end: Uint8Array) => keysUpToHead(view, start, end),
    entry: (place: HistoryPlace) => entryAt(view, place),
  };
  try {
    const { entries, next } = await historyPage(rows, query, signal);
    return isStillHere() ? { errorCode: 0, transactions: entries, next } : undefined;
  } catch (error) {
    if (error instanceof DatabaseDamagedError && !isStillHere()) return undefined;
    throw error;
  }
}

/** Without those of blocks that came later. */
async function* keysUpToHead(view: ReadView, start: Uint8Array, end: Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const key of view.shard.chain.historyKeys(start, end)) {
    const place = decodeHistoryKey(key, end);
    if (place === undefined || place.height <= view.headHeight) yield key;
  }
}

/** Throws DatabaseDamagedError where there is no such thing in the chain. */
function entryAt(view: ReadView, { height, kind, index }: HistoryPlace): Detail {
  const hash = view.hashAt(height) ?? missing(view, height, kind, index);
  const record = view.record(hash);
  const timestamp = BigInt(view.known(hash).header.createTime);
  const blockHeight = BigInt(height);
  if (kind === "deposit") {
    const deposit = record.deposits[index] ?? missing(view, height, kind, index);
    return { ...depositDetail(deposit), blockHeight, timestamp, success: true };
  }
  const typed = view.block(hash).transactions[index] ?? missing(view, height, kind, index);
  const { success } = record.receipts[index];
  return { ...transactionDetail(typed, record.senders[index]), blockHeight, timestamp, success };
}

function missing({ shard: { chain } }: ReadView, height: number, kind: string, index: number): never {
  throw new DatabaseDamagedError(
    `shard ${chain.fullShardId} has a row of its history for ${kind} ${index} of block ${height}, which has none`,
  );
}

type DetailOfWhat = Omit<Detail, "blockHeight" | "timestamp" | "success">;

function depositDetail({ txHash, from, to, value, gasTokenId, transferTokenId, isFromRootChain }: CrossShardDeposit) {
  return { hash: txHash, nonce: 0n, from, to, value, gasTokenId, transferTokenId, isFromRootChain };
}

function transactionDetail({ hash, rlp }: TypedTransaction, sender: Address): DetailOfWhat {
  const { nonce, fromFullShardKey, to, toFullShardKey, value, gasTokenId, transferTokenId } = decodeEvmTransaction(rlp);
  return {
    hash,
    nonce,
    from: { recipient: sender, fullShardKey: fromFullShardKey },
    to: to === undefined ? undefined : { recipient: to, fullShardKey: toFullShardKey },
    value,
    gasTokenId,
    transferTokenId,
    isFromRootChain: false,
  };
}
