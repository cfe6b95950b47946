import { ownBytes } from "../../codec/byte-slab.ts";
import {
  type Address,
  bytesEqual,
  bytesToBigInt,
  EMPTY_BYTES,
  type Hash32,
  mostBytes,
  putMinimalBytesBefore,
  toHex,
} from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../codec/keccak.ts";
import { putListHeaderBefore, putStringHeaderBefore, rlpListItems, uintFromPayload } from "../../codec/rlp.ts";

/** A leaf of the state trie (pyquarkchain state.py _Account). The sixth field, `optional`, is always empty. */
export interface Account {
  readonly nonce: bigint;
  /** Opaque to the account: see token-holdings.ts. */
  readonly tokenBalances: Uint8Array;
  /** EMPTY_TRIE_ROOT itself, the same object, when there is no storage. */
  readonly storageRoot: Hash32;
  /** KECCAK_EMPTY itself, the same object, when there is no code. */
  readonly codeHash: Hash32;
  readonly fullShardKey: number;
}

const FIELD_COUNT = 6;

/** Two hashes, the shard key, the empty field, and the headers of the other fields and of the list at their longest. */
const FIXED_BYTES = 33 + 33 + 5 + 1 + 3 * 9;
const EMPTY_STRING = 0x80;
const HASH_HEADER = 0xa0;
const SHARD_KEY_HEADER = 0x84;

let draft = new Uint8Array(1024);

/** Written from its end, where the lengths are known. The bytes are the caller's own. */
export function encodeAccount({ nonce, tokenBalances, storageRoot, codeHash, fullShardKey }: Account): Uint8Array {
  const most = FIXED_BYTES + mostBytes(nonce) + tokenBalances.length;
  if (draft.length < most) draft = new Uint8Array(2 * most);
  const end = draft.length;
  let at = end;
  draft[--at] = EMPTY_STRING;
  draft[--at] = fullShardKey;
  draft[--at] = fullShardKey >>> 8;
  draft[--at] = fullShardKey >>> 16;
  draft[--at] = fullShardKey >>> 24;
  draft[--at] = SHARD_KEY_HEADER;
  at = putHash(codeHash, at);
  at = putHash(storageRoot, at);
  draft.set(tokenBalances, at - tokenBalances.length);
  at = putStringHeaderBefore(draft, at - tokenBalances.length, at);
  const nonceStart = putMinimalBytesBefore(draft, at, nonce);
  at = putStringHeaderBefore(draft, nonceStart, at);
  return ownBytes(draft, putListHeaderBefore(draft, at, end), end);
}

function putHash(hash: Hash32, end: number): number {
  draft.set(hash, end - 32);
  draft[end - 33] = HASH_HEADER;
  return end - 33;
}

/** Throws CodecError when the bytes are no account. */
export function decodeAccount(bytes: Uint8Array): Account {
  const fields = rlpListItems(bytes, "account");
  if (fields.length !== FIELD_COUNT) throw new CodecError(`an account has ${FIELD_COUNT} fields, got ${fields.length}`);
  const [nonce, tokenBalances, storageRoot, codeHash, fullShardKey] = fields;
  if (fullShardKey.length !== 4) {
    throw new CodecError(`the full shard key of an account has 4 bytes, got ${fullShardKey.length}`);
  }
  return {
    nonce: uintFromPayload(nonce, "account nonce"),
    tokenBalances,
    storageRoot: knownHash(storageRoot, EMPTY_TRIE_ROOT, "storage root"),
    codeHash: knownHash(codeHash, KECCAK_EMPTY, "code hash"),
    fullShardKey: Number(bytesToBigInt(fullShardKey)),
  };
}

/** What to throw when the row of `address` is no account: the row is proved by its hash, so its writer is at fault. */
export function unreadableAccount(address: Address, cause: unknown): unknown {
  if (!(cause instanceof CodecError)) return cause;
  const location = { key: `account ${toHex(address)}` };
  return new DatabaseDamagedError(`the account cannot be read: ${cause.message}`, location, { cause });
}

function knownHash(bytes: Uint8Array, usual: Hash32, what: string): Hash32 {
  if (bytes.length !== 32) throw new CodecError(`the ${what} of an account has 32 bytes, got ${bytes.length}`);
  return bytesEqual(bytes, usual) ? usual : (bytes as Hash32);
}

/** An account that the trie does not hold (state.py Account.blank_account). */
export function blankAccount(fullShardKey: number): Account {
  return { nonce: 0n, tokenBalances: EMPTY_BYTES, storageRoot: EMPTY_TRIE_ROOT, codeHash: KECCAK_EMPTY, fullShardKey };
}
