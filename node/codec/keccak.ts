import { createKeccak } from "hash-wasm";
import { asHash32, type Hash32 } from "./bytes.ts";

// hash-wasm is 8x @noble/hashes (docs/adr/0002) and synchronous once loaded; one hasher serves a thread.
const keccak256Hasher = await createKeccak(256);
const keccak512Hasher = await createKeccak(512);

/** keccak-256 (the pre-standard padding Ethereum uses). */
export function keccak256(...parts: readonly Uint8Array[]): Hash32 {
  keccak256Hasher.init();
  for (const part of parts) keccak256Hasher.update(part);
  return keccak256Hasher.digest("binary") as Hash32;
}

/** keccak-512, 64 bytes. */
export function keccak512(...parts: readonly Uint8Array[]): Uint8Array {
  keccak512Hasher.init();
  for (const part of parts) keccak512Hasher.update(part);
  return keccak512Hasher.digest("binary");
}

export const KECCAK_EMPTY: Hash32 = asHash32(keccak256(new Uint8Array(0)));
/** Root of an empty Merkle-Patricia trie: keccak256(rlp("")). */
export const EMPTY_TRIE_ROOT: Hash32 = asHash32(keccak256(Uint8Array.of(0x80)));
