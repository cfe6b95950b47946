import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import { type Address, bigIntToBytes } from "../../codec/bytes.ts";
import { dataToJson, quantityToJson } from "../../engine/api/json-fields.ts";
import { transactionToJson as typedToJson } from "../../engine/api/payload-json.ts";
import type { PlacedBlock } from "../chain-view.ts";

/** Version 2 is signed as EIP-155 says, with the shard's Ethereum chain id. */
const EIP155_VERSION = 2n;

/** Ethereum's fields, then QuarkChain's. Without a place the transaction is pending. */
export function transactionToJson(
  typed: TypedTransaction,
  from: Address,
  place: { readonly in: PlacedBlock; readonly index: number } | undefined,
): Record<string, unknown> {
  const transaction = decodeEvmTransaction(typed.rlp);
  return {
    type: "0x0",
    hash: dataToJson(typed.hash),
    blockHash: place === undefined ? null : dataToJson(place.in.hash),
    blockNumber: place === undefined ? null : quantityToJson(place.in.block.header.height),
    transactionIndex: place === undefined ? null : quantityToJson(place.index),
    from: dataToJson(from),
    to: transaction.to === undefined ? null : dataToJson(transaction.to),
    nonce: quantityToJson(transaction.nonce),
    value: quantityToJson(transaction.value),
    gas: quantityToJson(transaction.startGas),
    gasPrice: quantityToJson(transaction.gasPrice),
    input: dataToJson(transaction.data),
    ...(transaction.version === EIP155_VERSION ? { chainId: quantityToJson(transaction.networkId) } : {}),
    v: quantityToJson(transaction.v),
    r: quantityToJson(transaction.r),
    s: quantityToJson(transaction.s),
    version: quantityToJson(transaction.version),
    networkId: quantityToJson(transaction.networkId),
    fromFullShardKey: shardKeyToJson(transaction.fromFullShardKey),
    toFullShardKey: shardKeyToJson(transaction.toFullShardKey),
    gasTokenId: quantityToJson(transaction.gasTokenId),
    transferTokenId: quantityToJson(transaction.transferTokenId),
    rawEvmRlp: dataToJson(typed.rlp),
    rawTypedTransaction: typedToJson(typed),
  };
}

/** DATA of 4 bytes, as the end of a 24-byte address. */
export function shardKeyToJson(fullShardKey: number): string {
  return dataToJson(bigIntToBytes(BigInt(fullShardKey), 4));
}
