import { concatBytes, type Hash32, toHex, utf8 } from "../../codec/bytes.ts";
import type { BlockKeys } from "../block-rows.ts";

/** Row keys of goquarkchain's databases (goquarkchain core/rawdb/schema.go). Prefixes overlap: lengths tell rows apart. */
export const ROOT_TIP_KEY = utf8("LastBlock");

/** What keys of rows begin with, beside the height indexes. */
export const PREFIX = {
  /** Root and minor blocks share it; a shard's database holds both. */
  block: utf8("b"),
  transactionIndex: utf8("l"),
  receipts: utf8("r"),
  receivedDeposits: utf8("xSL"),
  consumedDepositHashes: utf8("xd"),
  consumedDeposits: utf8("xr"),
  lastConfirmedMinor: utf8("rLM"),
  transactionCount: utf8("txC"),
  committed: utf8("cmB"),
  addressHistory: utf8("iaddr"),
  shardHistory: utf8("iall"),
  lastMinorHeaders: utf8("lmh"),
  minorCoinbase: utf8("mhC"),
  confirmingRoot: utf8("mr"),
  blockCounts: utf8("cntM"),
} as const;
export const ROOT_COMMITTING_KEY = utf8("rbCommitting");
const ROOT_HASH = "rn";
const MINOR_HASH = "mn";

export const BLOCK_KEYS: BlockKeys = {
  rootBlock: blockKey,
  minorBlock: blockKey,
  minorHashAt: (height) => heightKey(MINOR_HASH, height),
  receivedDeposits: (sourceMinorHash) => concatBytes(PREFIX.receivedDeposits, sourceMinorHash),
  committed: (minorHash) => concatBytes(PREFIX.committed, minorHash),
  transactionCount: (minorHash) => concatBytes(PREFIX.transactionCount, minorHash),
};

/** Row with the hash of the canonical root block at a height. */
export function rootHashKey(height: number): Uint8Array {
  return heightKey(ROOT_HASH, height);
}

function blockKey(hash: Hash32): Uint8Array {
  return concatBytes(PREFIX.block, hash);
}

/** Prefix and the height in 8 big-endian bytes. */
function heightKey(prefix: string, height: number): Uint8Array {
  const key = new Uint8Array(prefix.length + 8);
  key.set(utf8(prefix));
  new DataView(key.buffer).setBigUint64(prefix.length, BigInt(height));
  return key;
}

/** Lengths of what follows the text at the start of a key: nothing, a height, a hash, a hash and a shard, a shard and a height. */
const TEXT_THEN =
  /^(?:([A-Za-z]+)|(rn|mn)(.{8})|((?:lmh|xSL|rLM|txC|cmB|mhC|xr|xd|b|r|l|h|H)(?=.{32}$)|mr(?=.{36}$)|cntM(?=.{8}$)).*)$/s;

/** Readable form of a key for messages: `mn 120`, `b` and a hash in hex, or all of it in hex. */
export function describeKey(key: Uint8Array): string {
  // A key of 32 bytes is a state row, whatever its first byte.
  const match = key.length === 32 ? null : TEXT_THEN.exec(Buffer.from(key).toString("latin1"));
  if (match === null) return toHex(key);
  const [, text, index, height, prefix] = match;
  if (text !== undefined) return text;
  if (height !== undefined) return `${index} ${new DataView(key.buffer, key.byteOffset + 2).getBigUint64(0)}`;
  return `${prefix}${toHex(key.subarray(prefix.length))}`;
}
