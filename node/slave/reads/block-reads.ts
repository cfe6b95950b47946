import { shardConfigOf } from "../../chain/config.ts";
import type { MinorBlock } from "../../chain/minor-block.ts";
import type { Receipt } from "../../chain/receipt.ts";
import { minorPoswInfo } from "../../cl/posw.ts";
import { asAddress, bytesEqual, bytesKey, EMPTY_BYTES, type Hash32, ZERO_HASH } from "../../codec/bytes.ts";
import { EMPTY_QKC_ADDRESS } from "../../codec/wire.ts";
import { balanceAt } from "../../el/state/read-account.ts";
import type { BlockRecord } from "../../el/store/block-record.ts";
import type { TransactionPool } from "../../execution-node/mempool/transaction-pool.ts";
import { EMPTY_BLOCK, EMPTY_RECEIPT, UNANSWERED } from "./empty-answers.ts";
import { logMessage } from "./log-message.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

const SUCCESS = Uint8Array.of(1);

/** Any block by its hash, canonical ones by their height (pyquarkchain slave.py handle_get_minor_block_request). */
export function minorBlock(
  view: ReadView,
  { hash, height, needExtraInfo }: RequestOf<"getMinorBlock">,
): AnswerTo<"getMinorBlock"> {
  const wanted = bytesEqual(hash, ZERO_HASH) ? view.hashAt(height) : hash;
  const block = wanted && view.findBlock(wanted);
  if (block === undefined) return UNANSWERED.getMinorBlock;
  return { errorCode: 0, block, extraInfo: needExtraInfo ? extraInfo(view, block) : undefined };
}

/** A transaction that waits in the pool stands in a block of nothing else (pyquarkchain shard_state.py get_transaction_by_hash). */
export function transaction(
  view: ReadView,
  pool: TransactionPool,
  { hash }: RequestOf<"getTransaction">,
): AnswerTo<"getTransaction"> {
  const place = placeOf(view, hash);
  if (place !== undefined) return { errorCode: 0, block: place.block, index: place.index };
  const pooled = pool.find(hash);
  if (pooled === undefined) return UNANSWERED.getTransaction;
  return { errorCode: 0, block: { ...EMPTY_BLOCK, transactions: [pooled.typed] }, index: 0 };
}

/** pyquarkchain shard_state.py get_transaction_receipt, core.py MinorBlock.get_receipt. */
export function transactionReceipt(
  view: ReadView,
  { hash }: RequestOf<"getTransactionReceipt">,
): AnswerTo<"getTransactionReceipt"> {
  const place = placeOf(view, hash);
  if (place === undefined) return UNANSWERED.getTransactionReceipt;
  const { block, index } = place;
  return { errorCode: 0, block, index, receipt: receiptAt(place, view.record(place.hash), hash) };
}

interface Place {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  /** Deposits count behind the block's transactions. */
  readonly index: number;
}

/** In the canonical chain. */
function placeOf(view: ReadView, transactionHash: Hash32): Place | undefined {
  for (const hash of view.aheadOfEngine()) {
    const place = placeIn(view, hash, transactionHash);
    if (place !== undefined) return place;
  }
  const place = view.shard.node.store.placeOf(transactionHash);
  if (place === undefined) return undefined;
  const { kind, blockHash: hash, index } = place;
  const block = view.block(hash);
  if (!view.isCanonical(hash, block.header.height)) return undefined;
  return { hash, block, index: kind === "deposit" ? block.transactions.length + index : index };
}

function placeIn(view: ReadView, hash: Hash32, transactionHash: Hash32): Place | undefined {
  const block = view.block(hash);
  if (block.header.height === 0) return undefined;
  const hashes = [
    ...block.transactions.map((each) => each.hash),
    ...view.record(hash).deposits.map((each) => each.txHash),
  ];
  const index = hashes.findIndex((each) => bytesEqual(each, transactionHash));
  return index === -1 ? undefined : { hash, block, index };
}

/** Before contracts are enabled, deposits leave no receipt: they have succeeded. */
function receiptAt({ hash: blockHash, block, index }: Place, { receipts }: BlockRecord, transactionHash: Hash32) {
  const receipt: Receipt | undefined = receipts[index];
  if (receipt === undefined) return { ...EMPTY_RECEIPT, success: SUCCESS };
  const { success, cumulativeGasUsed, bloom, contractAddress, contractFullShardKey } = receipt;
  const { height } = block.header;
  return {
    success: success ? SUCCESS : EMPTY_BYTES,
    gasUsed: cumulativeGasUsed,
    // A block's first receipt is taken to follow its deposits, even where it is the first deposit's own.
    previousGasUsed: index > 0 ? receipts[index - 1].cumulativeGasUsed : block.meta.xshardReceiveGasUsed,
    bloom,
    contractAddress:
      contractAddress.length > 0
        ? { recipient: asAddress(contractAddress), fullShardKey: contractFullShardKey }
        : EMPTY_QKC_ADDRESS,
    logs: receipt.logs.map((log, logIndex) =>
      logMessage(log, { blockHash, height, transactionHash, receiptIndex: index, logIndex }),
    ),
  };
}

/** What staking meant for the block's seal; undefined where it meant nothing (pyquarkchain shard_state.py _posw_info). */
function extraInfo(view: ReadView, block: MinorBlock): AnswerTo<"getMinorBlock">["extraInfo"] {
  const { header } = block;
  const { config, chain, node } = view.shard;
  const shard = shardConfigOf(config, chain.fullShardId);
  if (header.height === 0) return undefined;
  const coinbase = header.coinbaseAddress.recipient;
  const stateRoot = view.stateRootAfter(header.prevMinorBlockHash);
  const stakes = balanceAt(node.store.nodes.layer(), stateRoot, coinbase, config.genesisTokenId);
  const mined = view.clOf(block).minedUpTo(header.prevMinorBlockHash).get(bytesKey(coinbase)) ?? 0;
  const posw = minorPoswInfo(config, shard, header, stakes, mined);
  if (posw === null) return undefined;
  const { effectiveDifficulty, mineableBlocks, minedBlocks } = posw;
  return { effectiveDifficulty, poswMineableBlocks: mineableBlocks, poswMinedBlocks: minedBlocks };
}
