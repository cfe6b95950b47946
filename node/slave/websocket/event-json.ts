import type { MinorBlockHeader } from "../../chain/minor-block.ts";
import { chainIdOf, shardIdOf } from "../../chain/shard-id.ts";
import { concatBytes, type Hash32, toHex, uint32ToBytes } from "../../codec/bytes.ts";
import { tokenIdDecode } from "../../codec/token-id.ts";
import type { QkcAddress } from "../../codec/wire.ts";
import type { LogMessage } from "../reads/log-message.ts";
import type { Json } from "./python-json.ts";

/** A new head, with its fields in pyquarkchain's order (cluster/jsonrpc.py minor_block_header_encoder). */
export function headJson(hash: Hash32, header: MinorBlockHeader): Json {
  const { branch, coinbaseAmounts } = header;
  return {
    id: idJson(hash, branch),
    height: quantity(header.height),
    hash: data(hash),
    fullShardId: quantity(branch),
    chainId: quantity(chainIdOf(branch)),
    shardId: quantity(shardIdOf(branch)),
    hashPrevMinorBlock: data(header.prevMinorBlockHash),
    idPrevMinorBlock: idJson(header.prevMinorBlockHash, branch),
    hashPrevRootBlock: data(header.prevRootBlockHash),
    nonce: quantity(header.nonce),
    miner: addressJson(header.coinbaseAddress),
    coinbase: [...coinbaseAmounts].map(([tokenId, amount]) => ({
      tokenId: quantity(tokenId),
      tokenStr: tokenIdDecode(tokenId),
      balance: quantity(amount),
    })),
    difficulty: quantity(header.difficulty),
    extraData: data(header.extraData),
    gasLimit: quantity(header.gasLimit),
    timestamp: quantity(header.createTime),
  };
}

/** cluster/jsonrpc.py loglist_encoder. `removed`: its block is canonical no longer. */
export function logJson(log: LogMessage, removed: boolean): Json {
  return {
    logIndex: quantity(log.logIndex),
    transactionIndex: quantity(log.transactionIndex),
    transactionHash: data(log.transactionHash),
    blockHash: data(log.blockHash),
    blockNumber: quantity(log.blockHeight),
    blockHeight: quantity(log.blockHeight),
    address: data(log.address),
    recipient: data(log.address),
    data: data(log.data),
    topics: log.topics.map(data),
    removed,
  };
}

/** Of a transaction with its sender's key, or of a block with its shard. */
export function idJson(hash: Hash32, fullShardKey: number): string {
  return data(concatBytes(hash, uint32ToBytes(fullShardKey)));
}

function addressJson({ recipient, fullShardKey }: QkcAddress): string {
  return data(concatBytes(recipient, uint32ToBytes(fullShardKey)));
}

function data(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}

function quantity(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
