import { decodeDepositList } from "../../node/archive/goquarkchain/deposit-list.ts";
import { BLOCK_KEYS, describeKey, rootHashKey } from "../../node/archive/goquarkchain/keys.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { bytesEqual, concatBytes, uint32ToBytes, utf8, ZERO_HASH } from "../../node/codec/bytes.ts";
import { WireReader } from "../../node/codec/wire.ts";
import type { RowLayout } from "./derived-rows.ts";
import { historySuffix } from "./history-suffix.ts";

const LOOKUP = utf8("l");
const TRANSACTION_COUNT = utf8("txC");
const COMMITTED = utf8("cmB");
const CONSUMED_HASHES = utf8("xd");
const CONSUMED = utf8("xr");
const LAST_CONFIRMED = utf8("rLM");
const ADDRESS_HISTORY = utf8("iaddr");
const SHARD_HISTORY = utf8("iall");

/** Of goquarkchain (core/rawdb/schema.go, core/minorblockchain_addon.go). */
export const goquarkchainLayout: RowLayout = {
  describeKey,
  minorHashAt: BLOCK_KEYS.minorHashAt,
  rootHashAt: rootHashKey,
  transactionCount: (hash) => concatBytes(TRANSACTION_COUNT, hash),
  committed: (hash) => concatBytes(COMMITTED, hash),
  committedValue: Uint8Array.of(1),
  consumedHashes: (hash) => concatBytes(CONSUMED_HASHES, hash),
  consumed: (hash) => concatBytes(CONSUMED, hash),
  isConsumed: (row, deposits) =>
    bytesEqual(encodeDepositList(decodeDepositList(row).deposits), encodeDepositList(deposits)),
  place: (hash) => concatBytes(LOOKUP, hash),
  placeValue: ({ hash }, index) => concatBytes(hash, uint32ToBytes(index)),
  placeOf: (value) => {
    const reader = new WireReader(value);
    return { hash: reader.hash32("block"), index: reader.uint32("index") };
  },
  addressHistory: (address, ...place) => concatBytes(ADDRESS_HISTORY, address, historySuffix(...place)),
  shardHistory: (...place) => concatBytes(SHARD_HISTORY, historySuffix(...place)),
  historyValue: utf8("1"),
  lastConfirmed: (rootHash) => concatBytes(LAST_CONFIRMED, rootHash),
  lastConfirmedValue: (hash) => hash ?? ZERO_HASH,
  rootPlace: (hash) => concatBytes(LOOKUP, hash),
};
