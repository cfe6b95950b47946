import { readBlockCounts } from "../../node/archive/block-counts.ts";
import {
  blockCountKey,
  confirmingRootKey,
  describeKey,
  heightKey,
  PREFIX,
  prefixedKey,
} from "../../node/archive/pyquarkchain/keys.ts";
import { type CrossShardDeposit, decodeDepositList, encodeDepositList } from "../../node/chain/deposit.ts";
import { bytesEqual, concatBytes, EMPTY_BYTES, uint32ToBytes } from "../../node/codec/bytes.ts";
import { WireReader } from "../../node/codec/wire.ts";
import type { RowLayout } from "./derived-rows.ts";
import { historySuffix } from "./history-suffix.ts";

/** Of pyquarkchain (cluster/shard_db_operator.py, cluster/root_state.py RootDb). */
export const pyquarkchainLayout: RowLayout = {
  describeKey,
  minorHashAt: (height) => heightKey(PREFIX.minorHeightIndex, height),
  rootHashAt: (height) => heightKey(PREFIX.rootHeightIndex, height),
  transactionCount: (hash) => prefixedKey(PREFIX.transactionCount, hash),
  committed: (hash) => prefixedKey(PREFIX.committed, hash),
  committedValue: EMPTY_BYTES,
  consumedHashes: (hash) => prefixedKey(PREFIX.consumedDepositHashes, hash),
  consumed: (hash) => prefixedKey(PREFIX.consumedDeposits, hash),
  isConsumed,
  place: (hash) => prefixedKey(PREFIX.transactionIndex, hash),
  placeValue: ({ height }, index) => concatBytes(uint32ToBytes(height), uint32ToBytes(index)),
  placeOf: (value, source) => {
    const reader = new WireReader(value);
    return { hash: source.canonicalHashAt(reader.uint32("height")), index: reader.uint32("index") };
  },
  addressHistory: (address, ...place) => concatBytes(PREFIX.addressIndex, address, historySuffix(...place)),
  shardHistory: (...place) => concatBytes(PREFIX.allTransactionsIndex, historySuffix(...place)),
  historyValue: EMPTY_BYTES,
  lastConfirmed: (rootHash) => prefixedKey(PREFIX.lastConfirmedMinor, rootHash),
  lastConfirmedValue: (hash) => hash ?? EMPTY_BYTES,
  lastHeaders: (rootHash) => prefixedKey(PREFIX.lastMinorHeaders, rootHash),
  minorCoinbase: (minorHash) => prefixedKey(PREFIX.minorCoinbase, minorHash),
  confirming: confirmingRootKey,
  blockCounts: blockCountKey,
  readBlockCounts: (row) => readBlockCounts(new WireReader(row)),
};

/** Rows of the newest form are compared as they are: nothing reads the version behind a list. */
function isConsumed(row: Uint8Array, deposits: readonly CrossShardDeposit[]): boolean {
  const expected = encodeDepositList(deposits);
  if (bytesEqual(row, expected)) return true;
  const stored = decodeDepositList(row);
  if (stored.version === 1 || (stored.deposits.length === 0 && row.length > 4)) return false;
  return bytesEqual(encodeDepositList(stored.deposits), expected);
}
