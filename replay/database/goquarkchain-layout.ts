import { readBlockCounts } from "../../node/archive/block-counts.ts";
import { decodeDepositList } from "../../node/archive/goquarkchain/deposit-list.ts";
import { BLOCK_KEYS, describeKey, PREFIX, rootHashKey } from "../../node/archive/goquarkchain/keys.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { bytesEqual, concatBytes, uint32ToBytes, utf8, ZERO_HASH } from "../../node/codec/bytes.ts";
import { CodecError } from "../../node/codec/errors.ts";
import { WireReader } from "../../node/codec/wire.ts";
import type { RowLayout } from "./derived-rows.ts";
import { historySuffix } from "./history-suffix.ts";

/** Of goquarkchain (core/rawdb/schema.go, core/minorblockchain_addon.go). */
export const goquarkchainLayout: RowLayout = {
  describeKey,
  minorHashAt: BLOCK_KEYS.minorHashAt,
  rootHashAt: rootHashKey,
  transactionCount: (hash) => concatBytes(PREFIX.transactionCount, hash),
  committed: (hash) => concatBytes(PREFIX.committed, hash),
  committedValue: Uint8Array.of(1),
  consumedHashes: (hash) => concatBytes(PREFIX.consumedDepositHashes, hash),
  consumed: (hash) => concatBytes(PREFIX.consumedDeposits, hash),
  isConsumed: (row, deposits) =>
    bytesEqual(encodeDepositList(decodeDepositList(row).deposits), encodeDepositList(deposits)),
  place: (hash) => concatBytes(PREFIX.transactionIndex, hash),
  placeValue: ({ hash }, index) => concatBytes(hash, uint32ToBytes(index)),
  placeOf: (value) => {
    const reader = new WireReader(value);
    return { hash: reader.hash32("block"), index: reader.uint32("index") };
  },
  addressHistory: (address, ...place) => concatBytes(PREFIX.addressHistory, address, historySuffix(...place)),
  shardHistory: (...place) => concatBytes(PREFIX.shardHistory, historySuffix(...place)),
  historyValue: utf8("1"),
  lastConfirmed: (rootHash) => concatBytes(PREFIX.lastConfirmedMinor, rootHash),
  lastConfirmedValue: (hash) => hash ?? ZERO_HASH,
  rootPlace: (hash) => concatBytes(PREFIX.transactionIndex, hash),
  lastHeaders: (rootHash) => concatBytes(PREFIX.lastMinorHeaders, rootHash),
  minorCoinbase: (minorHash) => concatBytes(PREFIX.minorCoinbase, minorHash),
  confirming: (minorHash, fullShardId) => concatBytes(PREFIX.confirmingRoot, minorHash, uint32ToBytes(fullShardId)),
  blockCounts: (fullShardId, rootHeight) =>
    concatBytes(PREFIX.blockCounts, uint32ToBytes(fullShardId), uint32ToBytes(rootHeight)),
  readBlockCounts: (row) => {
    const reader = new WireReader(row);
    const count = reader.uint32("block counts");
    const counts = readBlockCounts(reader);
    if (counts.size !== count)
      throw new CodecError(`block counts: ${counts.size} entries where ${count} are announced`);
    return counts;
  },
};
