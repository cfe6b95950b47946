import { bytesToBigInt, type Hash32, toHex } from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../codec/errors.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { rlpEncodeUint, rlpString } from "../../codec/rlp.ts";
import type { Trie } from "../trie/trie.ts";

const scratch = new Uint8Array(32);
const scratchWords = new DataView(scratch.buffer);

/**
 * Storage and token tries hold numbers by number: keccak-256 of the key as 32 bytes -> rlp(value), zero being absent
 * (pyquarkchain securetrie.py, state.py Account.commit and TokenBalances.commit).
 */
export function readNumber(trie: Trie, key: bigint): bigint {
  const trieKey = numberTrieKey(key);
  const stored = trie.get(trieKey);
  if (stored === undefined) return 0n;
  try {
    return bytesToBigInt(rlpString(stored, "number"));
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    const where = `trie ${toHex(trie.rootHash)}, leaf ${toHex(trieKey)}`;
    throw new DatabaseDamagedError(`a storage or token trie holds no number: ${error.message}`, { key: where });
  }
}

export function writeNumber(trie: Trie, key: bigint, value: bigint): void {
  if (value === 0n) trie.delete(numberTrieKey(key));
  else trie.put(numberTrieKey(key), rlpEncodeUint(value));
}

/** The key of a number in its trie. */
export function numberTrieKey(value: bigint): Hash32 {
  scratchWords.setBigUint64(0, value >> 192n);
  scratchWords.setBigUint64(8, value >> 128n);
  scratchWords.setBigUint64(16, value >> 64n);
  scratchWords.setBigUint64(24, value);
  return keccak256(scratch);
}
