import { isInShard } from "../../node/chain/shard-id.ts";
import { type Address, addressFromHex, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";

/** How a user names a block of the root chain. */
export type RootReference =
  | { readonly kind: "tip" }
  | { readonly kind: "height"; readonly height: number }
  | { readonly kind: "hash"; readonly hash: Hash32 };

/** A hash, alone or as an id: with the full shard id or key behind it (pyquarkchain cluster/jsonrpc.py id_encoder). */
export interface HashReference {
  readonly kind: "hash";
  readonly hash: Hash32;
  readonly fullShardKey?: number;
}

/** How a user names a block of a shard; `height` undefined is the newest one. */
export type MinorReference =
  | { readonly kind: "height"; readonly fullShardId: number; readonly height: number | undefined }
  | HashReference;

export type TransactionReference =
  | HashReference
  | { readonly kind: "place"; readonly block: MinorReference; readonly index: number };

export function rootReference(text: string): RootReference {
  if (text === "tip") return { kind: "tip" };
  if (isHash(text)) return { kind: "hash", hash: hashFromHex(text) };
  return { kind: "height", height: wholeNumber(text, `root block "${text}": expected a height, a hash or "tip"`) };
}

export function minorReference(text: string): MinorReference {
  if (isHashOrId(text)) return hashReference(text);
  const expected = `block "${text}": expected SHARD:HEIGHT, SHARD:tip, a hash or an id`;
  const [shard, height, ...rest] = text.split(":");
  if (rest.length > 0 || shard === "") throw new UsageError(expected);
  const fullShardId = wholeNumber(shard, expected);
  if (height === undefined || height === "tip") return { kind: "height", fullShardId, height: undefined };
  return { kind: "height", fullShardId, height: wholeNumber(height, expected) };
}

export function transactionReference(text: string): TransactionReference {
  if (isHashOrId(text)) return hashReference(text);
  const expected = `"${text}": expected a transaction's hash or id, SHARD:HEIGHT:INDEX or BLOCK-HASH:INDEX`;
  const at = text.lastIndexOf(":");
  if (at < 0) throw new UsageError(expected);
  const block = text.slice(0, at);
  if (!block.includes(":") && !isHashOrId(block)) throw new UsageError(expected);
  return { kind: "place", block: minorReference(block), index: wholeNumber(text.slice(at + 1), expected) };
}

/** An address as wallets write it: 20 bytes, or 24 with the full shard key. */
export function addressReference(text: string): { readonly address: Address; readonly fullShardKey?: number } {
  const digits = text.replace(/^0[xX]/, "");
  if (/^[0-9a-fA-F]{40}$/.test(digits)) return { address: addressFromHex(digits) };
  if (!/^[0-9a-fA-F]{48}$/.test(digits)) {
    throw new UsageError(`address "${text}": expected 40 hex digits, or 48 with the full shard key`);
  }
  return { address: addressFromHex(digits.slice(0, 40)), fullShardKey: Number.parseInt(digits.slice(40), 16) };
}

/** A storage slot: decimal, or 0x and up to 64 hex digits. */
export function slotReference(text: string): bigint {
  if (/^([0-9]{1,78}|0[xX][0-9a-fA-F]{1,64})$/.test(text)) {
    const slot = BigInt(text);
    if (slot < 1n << 256n) return slot;
  }
  throw new UsageError(`slot "${text}": expected a number below 2^256, decimal or 0x`);
}

function isHash(text: string): boolean {
  return /^(0[xX])?[0-9a-fA-F]{64}$/.test(text);
}

function isHashOrId(text: string): boolean {
  return /^(0[xX])?[0-9a-fA-F]{64}(?:[0-9a-fA-F]{8})?$/.test(text);
}

function hashReference(text: string): HashReference {
  const digits = text.replace(/^0[xX]/, "");
  const hash = hashFromHex(digits.slice(0, 64));
  if (digits.length === 64) return { kind: "hash", hash };
  return { kind: "hash", hash, fullShardKey: Number.parseInt(digits.slice(64), 16) };
}

/** Whether a reference may mean what is in a shard: an id says which one. */
export function mayBeIn({ fullShardKey }: HashReference, fullShardId: number): boolean {
  return fullShardKey === undefined || isInShard(fullShardId, fullShardKey);
}

/** What is found has another shard behind its hash than the one where it is. */
export function foreignId({ hash, fullShardKey = 0 }: HashReference, fullShardId: number, what: string): UsageError {
  const key = `0x${fullShardKey.toString(16).padStart(8, "0")}`;
  const shard = `shard ${fullShardId} (0x${fullShardId.toString(16)})`;
  return new UsageError(`${what} ${toHex(hash)} is in ${shard}, and the ${key} behind its hash names another`);
}

/** Heights and shard ids have 32 bits. */
export function wholeNumber(text: string, expected: string): number {
  if (!/^(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(text)) throw new UsageError(expected);
  const value = Number(text);
  if (value > 0xffff_ffff) throw new UsageError(expected);
  return value;
}
