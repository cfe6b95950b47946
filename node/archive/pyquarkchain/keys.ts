import { concatBytes, uint32ToBytes, utf8 } from "../../codec/bytes.ts";
import type { BlockKeys } from "../block-rows.ts";

/** Row keys of pyquarkchain's databases (quarkchain/cluster/shard_db_operator.py, root_state.py RootDb). */
export const PREFIX = {
  rootBlock: utf8("rblock_"),
  lastConfirmedMinor: utf8("r_last_m"),
  genesis: utf8("genesis_"),
  minorBlock: utf8("mblock_"),
  minorHeightIndex: "mi_",
  transactionIndex: utf8("txindex_"),
  transactionCount: utf8("tx_count_"),
  committed: utf8("commit_"),
  receivedDeposits: utf8("xShard_"),
  consumedDeposits: utf8("xr_"),
  consumedDepositHashes: utf8("xd_"),
  addressIndex: utf8("index_addr_"),
  allTransactionsIndex: utf8("index_alltx_"),
  lastMinorHeaders: utf8("lastlist_"),
  rootHeightIndex: "ri_",
  minorCoinbase: utf8("mheader_"),
  confirmingRoot: utf8("m_r_"),
  blockCount: "count_",
} as const;

export const ROOT_TIP_KEY = utf8("tipHash");
export const ROOT_COMMITTING_KEY = utf8("rb_committing");

/** A key made of a prefix and a hash (or other bytes). */
export function prefixedKey(prefix: Uint8Array, suffix: Uint8Array): Uint8Array {
  return concatBytes(prefix, suffix);
}

/** `mi_` or `ri_` and the height in decimal digits. */
export function heightKey(prefix: string, height: number): Uint8Array {
  return utf8(`${prefix}${height}`);
}

/** Where pyquarkchain keeps blocks and deposit lists. */
export const BLOCK_KEYS: BlockKeys = {
  rootBlock: (hash) => prefixedKey(PREFIX.rootBlock, hash),
  minorBlock: (hash) => prefixedKey(PREFIX.minorBlock, hash),
  minorHashAt: (height) => heightKey(PREFIX.minorHeightIndex, height),
  receivedDeposits: (sourceMinorHash) => prefixedKey(PREFIX.receivedDeposits, sourceMinorHash),
  committed: (minorHash) => prefixedKey(PREFIX.committed, minorHash),
  transactionCount: (minorHash) => prefixedKey(PREFIX.transactionCount, minorHash),
};

/** `count_<full shard id>_<root height>`. */
export function blockCountKey(fullShardId: number, rootHeight: number): Uint8Array {
  return utf8(`${PREFIX.blockCount}${fullShardId}_${rootHeight}`);
}

/** `m_r_` minor hash, full shard id. */
export function confirmingRootKey(minorHash: Uint8Array, fullShardId: number): Uint8Array {
  return concatBytes(PREFIX.confirmingRoot, minorHash, uint32ToBytes(fullShardId));
}

/** Longest first: one may begin with another. */
const PREFIX_TEXTS = Object.values(PREFIX)
  .map((prefix) => Buffer.from(prefix).toString("latin1"))
  .sort((a, b) => b.length - a.length);

/** Readable form of a key for messages: its text prefix, then hex. */
export function describeKey(key: Uint8Array): string {
  const text = Buffer.from(key).toString("latin1");
  if (/^[a-zA-Z_]+$/.test(text)) return text;
  const prefix = PREFIX_TEXTS.find((known) => text.startsWith(known)) ?? "";
  if (prefix !== "" && /^[0-9_]+$/.test(text.slice(prefix.length))) return text;
  return `${prefix}${Buffer.from(key.subarray(prefix.length)).toString("hex")}`;
}
