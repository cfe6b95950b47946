import {
  type Address,
  bigIntToMinimalBytes,
  bytesEqual,
  bytesToBigInt,
  EMPTY_BYTES,
  type Hash32,
  toHex,
  uint32ToBytes,
} from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../codec/keccak.ts";
import { rlpEncode, rlpListItems, uintFromPayload } from "../../codec/rlp.ts";

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

export function encodeAccount(account: Account): Uint8Array {
  return rlpEncode([
    bigIntToMinimalBytes(account.nonce),
    account.tokenBalances,
    account.storageRoot,
    account.codeHash,
    uint32ToBytes(account.fullShardKey),
    EMPTY_BYTES,
  ]);
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
