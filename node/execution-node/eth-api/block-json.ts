import { encodeMinorBlock } from "../../chain/minor-block.ts";
import { bigIntToBytes } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { rlpEncode } from "../../codec/rlp.ts";
import type { BlockRecord } from "../../el/store/block-record.ts";
import { xshardCursorToJson } from "../../engine/api/deposits-json.ts";
import { dataToJson, qkcAddressToJson, quantityToJson, tokenBalancesToJson } from "../../engine/api/json-fields.ts";
import type { PlacedBlock } from "../chain-view.ts";
import { transactionToJson } from "./transaction-json.ts";

const NO_UNCLES_HASH = dataToJson(keccak256(rlpEncode([])));

/**
 * Ethereum's fields, then QuarkChain's. The hash is the one that QuarkChain knows the block by, not keccak of an
 * Ethereum header.
 */
export function blockToJson(placed: PlacedBlock, record: BlockRecord, withTransactions: boolean) {
  const { hash, block } = placed;
  const { header, meta, transactions } = block;
  return {
    number: quantityToJson(header.height),
    hash: dataToJson(hash),
    parentHash: dataToJson(header.prevMinorBlockHash),
    nonce: dataToJson(bigIntToBytes(header.nonce, 8)),
    mixHash: dataToJson(header.mixhash),
    sha3Uncles: NO_UNCLES_HASH,
    logsBloom: dataToJson(header.bloom),
    transactionsRoot: dataToJson(meta.merkleRoot),
    stateRoot: dataToJson(meta.stateRoot),
    receiptsRoot: dataToJson(meta.receiptRoot),
    miner: dataToJson(header.coinbaseAddress.recipient),
    difficulty: quantityToJson(header.difficulty),
    extraData: dataToJson(header.extraData),
    size: quantityToJson(encodeMinorBlock(block).length),
    gasLimit: quantityToJson(header.gasLimit),
    gasUsed: quantityToJson(meta.gasUsed),
    timestamp: quantityToJson(header.createTime),
    transactions: transactions.map((typed, index) =>
      withTransactions
        ? transactionToJson(typed, record.senders[index], { in: placed, index })
        : dataToJson(typed.hash),
    ),
    uncles: [],
    fullShardId: quantityToJson(header.branch),
    feeRecipient: qkcAddressToJson(header.coinbaseAddress),
    coinbase: tokenBalancesToJson(header.coinbaseAmounts),
    prevRootBlockHash: dataToJson(header.prevRootBlockHash),
    metaHash: dataToJson(header.metaHash),
    crossShardReceiveGasUsed: quantityToJson(meta.xshardReceiveGasUsed),
    xshardGasLimit: quantityToJson(meta.xshardGasLimit),
    xshardTxCursorInfo: xshardCursorToJson(meta.xshardCursor),
    xshardReceiveDepositHashes: record.deposits.map(({ txHash }) => dataToJson(txHash)),
  };
}
