import { createCRC32, createXXHash3, createXXHash32, createXXHash64 } from "hash-wasm";
import { readUint32 } from "./decoder.ts";

/** Block checksum kinds by their number in a table footer (RocksDB include/rocksdb/table.h: ChecksumType). */
export type ChecksumKind = 0 | 1 | 2 | 3 | 4;
export const CHECKSUM_NAMES: readonly string[] = ["none", "crc32c", "xxHash", "xxHash64", "XXH3"];
export const NO_CHECKSUM = 0;

const CASTAGNOLI_REVERSED = 0x82f63b78;
// Synchronous once loaded; one hasher of each kind serves a thread.
const crc32cHasher = await createCRC32(CASTAGNOLI_REVERSED);
const xxHash32Hasher = await createXXHash32();
const xxHash64Hasher = await createXXHash64();
const xxHash3Hasher = await createXXHash3();

type Hasher = typeof crc32cHasher;

/** The last four bytes of a big-endian digest: its lower 32 bits. */
function lower32(hasher: Hasher, bytes: Uint8Array): number {
  hasher.init();
  hasher.update(bytes);
  const digest = hasher.digest("binary");
  const at = digest.length - 4;
  return ((digest[at] << 24) | (digest[at + 1] << 16) | (digest[at + 2] << 8) | digest[at + 3]) >>> 0;
}

/** crc32c, masked as both formats store it (LevelDB util/crc32c.h: Mask). */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = lower32(crc32cHasher, bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const XXH3_LAST_BYTE_PRIME = 0x6b9083d9;

/**
 * Checksum of a stored block together with its type byte, or of a whole footer.
 * XXH3 treats the last byte apart (RocksDB table/format.cc: ModifyChecksumForLastByte). `bytes` is not empty.
 */
export function blockChecksum(kind: ChecksumKind, bytes: Uint8Array): number {
  switch (kind) {
    case 0:
      return 0;
    case 1:
      return maskedCrc32c(bytes);
    case 2:
      return lower32(xxHash32Hasher, bytes);
    case 3:
      return lower32(xxHash64Hasher, bytes);
    case 4: {
      const last = bytes.length - 1;
      return (lower32(xxHash3Hasher, bytes.subarray(0, last)) ^ Math.imul(bytes[last], XXH3_LAST_BYTE_PRIME)) >>> 0;
    }
  }
}

/** What format version 6 adds to a checksum for the block's place (RocksDB table/format.h: ChecksumModifierForContext). */
export function checksumModifier(baseContext: number, offset: number): number {
  if (baseContext === 0) return 0;
  const high = Math.floor(offset / 0x1_0000_0000);
  const low = offset >>> 0;
  return (baseContext ^ (low + high)) >>> 0;
}

/** True when the checksum stored after `covered` bytes (block and type byte) is right for this place. */
export function storedChecksumMatches(
  kind: ChecksumKind,
  stored: Uint8Array,
  covered: number,
  baseContext: number,
  offset: number,
): boolean {
  if (kind === NO_CHECKSUM) return true;
  const computed = (blockChecksum(kind, stored.subarray(0, covered)) + checksumModifier(baseContext, offset)) >>> 0;
  return computed === readUint32(stored, covered);
}
