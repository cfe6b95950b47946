import { bytesToBigInt, concatBytes, type Hash32, utf8 } from "../../codec/bytes.ts";

/** First byte of each kind of row's key (docs/el.md, "Data directory"). */
export const ROW = {
  /** + hash: trie node or contract code. */
  node: 0x6e,
  /** + block hash: the block. */
  block: 0x62,
  /** + block hash: what its execution left besides the state. */
  execution: 0x78,
  /** + height + block hash: nothing; lists side blocks as well. */
  height: 0x73,
  /** + height: hash of the canonical block. */
  canonical: 0x63,
  /** + transaction hash: its place in the canonical chain. */
  place: 0x74,
  /** + name: one of a kind. */
  named: 0x6d,
} as const;

type RowKind = (typeof ROW)[keyof typeof ROW];

const HEIGHT_BYTES = 8;

export function hashRowKey(kind: RowKind, hash: Hash32): Uint8Array {
  const key = new Uint8Array(33);
  key[0] = kind;
  key.set(hash, 1);
  return key;
}

/** Big-endian, so that rows lie in the order of their heights. */
export function heightRowKey(kind: RowKind, height: number, hash?: Hash32): Uint8Array {
  const key = new Uint8Array(1 + HEIGHT_BYTES + (hash?.length ?? 0));
  key[0] = kind;
  new DataView(key.buffer).setBigUint64(1, BigInt(height));
  if (hash !== undefined) key.set(hash, 1 + HEIGHT_BYTES);
  return key;
}

export function namedRowKey(name: string): Uint8Array {
  return concatBytes(Uint8Array.of(ROW.named), utf8(name));
}

/** Height and hash that a key of ROW.height holds. */
export function readHeightRowKey(key: Uint8Array): { readonly height: number; readonly hash: Hash32 } {
  const height = Number(bytesToBigInt(key.subarray(1, 1 + HEIGHT_BYTES)));
  return { height, hash: key.slice(1 + HEIGHT_BYTES) as Hash32 };
}
