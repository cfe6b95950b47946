import { z } from "zod";
import type { MinorBlock, MinorBlockHeader, MinorBlockMeta } from "../../chain/minor-block.ts";
import { readTypedTransaction, type TypedTransaction, writeTypedTransaction } from "../../chain/typed-transaction.ts";
import { bytesFromKey, type Hash32 } from "../../codec/bytes.ts";
import { CodecError } from "../../codec/errors.ts";
import { WireReader, WireWriter } from "../../codec/wire.ts";
import type { ConsensusInputs } from "../../el/payload.ts";
import { DepositList } from "./deposit-lists.ts";
import { dueDepositSchema, dueDepositToJson, xshardCursorSchema, xshardCursorToJson } from "./deposits-json.ts";
import {
  addressKeyField,
  biguintField,
  bloomField,
  bytes16Field,
  bytesField,
  countField,
  dataToJson,
  hashField,
  qkcAddressField,
  qkcAddressToJson,
  quantityToJson,
  tokenBalancesField,
  tokenBalancesToJson,
  uint32Field,
  uint64Field,
  uint256Field,
} from "./json-fields.ts";

/** The bytes that a block carries: type byte, length, RLP (core.py TypedTransaction). */
export const transactionField = bytesField.transform((bytes, context): TypedTransaction => {
  try {
    const reader = new WireReader(bytes);
    const transaction = readTypedTransaction(reader);
    reader.expectEnd("transaction");
    return transaction;
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    context.addIssue(error.message);
    return z.NEVER;
  }
});

export function transactionToJson(transaction: TypedTransaction): string {
  const writer = new WireWriter(transaction.rlp.length + 5);
  writeTypedTransaction(writer, transaction);
  return dataToJson(writer.finish());
}

const headerFields = {
  version: uint32Field,
  fullShardId: uint32Field,
  blockNumber: countField,
  feeRecipient: qkcAddressField,
  coinbase: tokenBalancesField,
  parentHash: hashField,
  prevRootBlockHash: hashField,
  gasLimit: uint256Field,
  metaHash: hashField,
  timestamp: countField,
  difficulty: biguintField,
  nonce: uint64Field,
  logsBloom: bloomField,
  extraData: bytes16Field,
  mixHash: hashField,
};
const metaFields = {
  transactionsRoot: hashField,
  stateRoot: hashField,
  receiptsRoot: hashField,
  gasUsed: uint256Field,
  crossShardReceiveGasUsed: uint256Field,
  xshardTxCursorInfo: xshardCursorSchema,
  xshardGasLimit: uint256Field,
};
const payloadObject = z.strictObject({
  blockHash: hashField,
  ...headerFields,
  ...metaFields,
  transactions: z.array(transactionField),
  trackingData: bytes16Field,
});
type PayloadFields = z.output<typeof payloadObject>;

/** A sealed block and the hash that it is said to have. */
export interface HashedBlock {
  readonly blockHash: Hash32;
  readonly block: MinorBlock;
}

export const executionPayloadSchema = payloadObject
  .transform(
    (json): HashedBlock => ({
      blockHash: json.blockHash,
      block: {
        header: headerOf(json),
        meta: metaOf(json),
        transactions: json.transactions,
        trackingData: json.trackingData,
      },
    }),
  )
  .meta({ id: "ExecutionPayloadQKCV1" });

function headerOf(json: PayloadFields): MinorBlockHeader {
  return {
    version: json.version,
    branch: json.fullShardId,
    height: json.blockNumber,
    coinbaseAddress: json.feeRecipient,
    coinbaseAmounts: json.coinbase,
    prevMinorBlockHash: json.parentHash,
    prevRootBlockHash: json.prevRootBlockHash,
    gasLimit: json.gasLimit,
    metaHash: json.metaHash,
    createTime: json.timestamp,
    difficulty: json.difficulty,
    nonce: json.nonce,
    bloom: json.logsBloom,
    extraData: json.extraData,
    mixhash: json.mixHash,
  };
}

function metaOf(json: PayloadFields): MinorBlockMeta {
  return {
    merkleRoot: json.transactionsRoot,
    stateRoot: json.stateRoot,
    receiptRoot: json.receiptsRoot,
    gasUsed: json.gasUsed,
    xshardReceiveGasUsed: json.crossShardReceiveGasUsed,
    xshardCursor: json.xshardTxCursorInfo,
    xshardGasLimit: json.xshardGasLimit,
  };
}

export function executionPayloadToJson({ blockHash, block }: HashedBlock): z.input<typeof payloadObject> {
  const { header, meta } = block;
  return {
    blockHash: dataToJson(blockHash),
    version: quantityToJson(header.version),
    fullShardId: quantityToJson(header.branch),
    blockNumber: quantityToJson(header.height),
    feeRecipient: qkcAddressToJson(header.coinbaseAddress),
    coinbase: tokenBalancesToJson(header.coinbaseAmounts),
    parentHash: dataToJson(header.prevMinorBlockHash),
    prevRootBlockHash: dataToJson(header.prevRootBlockHash),
    gasLimit: quantityToJson(header.gasLimit),
    metaHash: dataToJson(header.metaHash),
    timestamp: quantityToJson(header.createTime),
    difficulty: quantityToJson(header.difficulty),
    nonce: quantityToJson(header.nonce),
    logsBloom: dataToJson(header.bloom),
    extraData: dataToJson(header.extraData),
    mixHash: dataToJson(header.mixhash),
    transactionsRoot: dataToJson(meta.merkleRoot),
    stateRoot: dataToJson(meta.stateRoot),
    receiptsRoot: dataToJson(meta.receiptRoot),
    gasUsed: quantityToJson(meta.gasUsed),
    crossShardReceiveGasUsed: quantityToJson(meta.xshardReceiveGasUsed),
    xshardTxCursorInfo: xshardCursorToJson(meta.xshardCursor),
    xshardGasLimit: quantityToJson(meta.xshardGasLimit),
    transactions: block.transactions.map(transactionToJson),
    trackingData: dataToJson(block.trackingData),
  };
}

/** What a block's execution depends on besides its ancestors. */
const inputsObject = z.strictObject({
  xshardDeposits: z.array(dueDepositSchema),
  xshardDepositsCut: z.boolean(),
  exhaustedXshardTxCursorInfo: xshardCursorSchema,
  senderDisallowMap: z.array(z.strictObject({ address: addressKeyField, amount: biguintField })),
  reachableShards: z.array(uint32Field),
  blockReward: tokenBalancesField,
});

export const consensusInputsSchema = inputsObject
  .transform((json, context): ConsensusInputs => {
    const senderDisallowMap = new Map(json.senderDisallowMap.map(({ address, amount }) => [address, amount]));
    if (senderDisallowMap.size !== json.senderDisallowMap.length) context.addIssue("the same sender twice");
    return {
      deposits: new DepositList(json.xshardDeposits, json.xshardDepositsCut),
      exhaustedCursor: json.exhaustedXshardTxCursorInfo,
      senderDisallowMap,
      reachableShards: new Set(json.reachableShards),
      blockReward: json.blockReward,
    };
  })
  .meta({ id: "ConsensusInputsQKCV1" });

/** All deposits are walked, unless they come as a list that says where it was cut. */
export function consensusInputsToJson(inputs: ConsensusInputs): z.input<typeof inputsObject> {
  const { items, isCut } = DepositList.of(inputs.deposits);
  return {
    xshardDeposits: items.map(dueDepositToJson),
    xshardDepositsCut: isCut,
    exhaustedXshardTxCursorInfo: xshardCursorToJson(inputs.exhaustedCursor),
    senderDisallowMap: [...inputs.senderDisallowMap].map(([key, amount]) => ({
      address: dataToJson(bytesFromKey(key)),
      amount: quantityToJson(amount),
    })),
    reachableShards: [...inputs.reachableShards].map(quantityToJson),
    blockReward: tokenBalancesToJson(inputs.blockReward),
  };
}
