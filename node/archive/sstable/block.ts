import { DatabaseDamagedError } from "../../codec/errors.ts";
import { type Origin, readUint32 } from "./decoder.ts";

const HASH_INDEX_BIT = 0x8000_0000;
/** Larger blocks never carry a hash index, so the bit is part of the count (RocksDB kMaxBlockSizeSupportedByHashIndex). */
const MAX_HASH_INDEXED_BYTES = 1 << 16;
const BLOCK_TRAILER_BYTES = 5;

/** How a block's entries are laid out. */
export interface BlockLayout {
  /** Bytes after the user key: 8 where keys are internal keys, else 0. */
  readonly keySuffix: number;
  /** Values are block handles stored as differences (index blocks since format version 4). */
  readonly deltaHandles: boolean;
  /** The first key of the block follows each handle. */
  readonly firstKeys: boolean;
  /** Values are block handles. */
  readonly holdsHandles: boolean;
}

const PLAIN_VALUES = { deltaHandles: false, firstKeys: false, holdsHandles: false };
export const DATA_LAYOUT: BlockLayout = { keySuffix: 8, ...PLAIN_VALUES };
export const META_LAYOUT: BlockLayout = { keySuffix: 0, ...PLAIN_VALUES };

/** Decompressed contents of a block: prefix-compressed entries, then restart offsets, then their number. */
export class Block {
  readonly bytes: Uint8Array;
  readonly origin: Origin;
  /** Where the entries end and the restart offsets begin. */
  readonly entriesEnd: number;
  readonly restartCount: number;

  /** Throws DatabaseDamagedError when the restart offsets do not fit. */
  constructor(bytes: Uint8Array, origin: Origin) {
    this.bytes = bytes;
    this.origin = origin;
    let end = bytes.length - 4;
    if (end < 0) throw damage(origin, "a block is too short for its restart count");
    let count = readUint32(bytes, end);
    if (bytes.length <= MAX_HASH_INDEXED_BYTES && count >= HASH_INDEX_BIT) {
      count -= HASH_INDEX_BIT;
      if (end < 2) throw damage(origin, "a block is too short for its hash index");
      const buckets = bytes[end - 2] | (bytes[end - 1] << 8);
      end -= 2 + buckets;
    }
    this.restartCount = count;
    this.entriesEnd = end - 4 * count;
    if (count === 0 || this.entriesEnd < 0) throw damage(origin, "a block's restart offsets do not fit into it");
  }

  /** Offset of the first entry of a restart interval. Throws DatabaseDamagedError when it lies outside the entries. */
  restart(index: number): number {
    const offset = readUint32(this.bytes, this.entriesEnd + 4 * index);
    if (offset > this.entriesEnd) throw damage(this.origin, "a restart offset points outside its block");
    return offset;
  }
}

/**
 * Decodes one entry after the other from a restart point on; the key is assembled in one reused buffer. The position
 * inside the block's raw bytes is all the state there is.
 */
export class EntryReader {
  /** Bytes 0 to keyLength are the current key; the next entry overwrites them. */
  key = new Uint8Array(256);
  keyLength = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Current block handle, for index blocks. */
  handleOffset = 0;
  handleSize = 0;
  #block: Block | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #position = 0;
  #deltaHandles = false;
  #firstKeys = false;

  /** Continues at an entry that stores its whole key. */
  start(block: Block, position: number, layout: BlockLayout): void {
    this.#block = block;
    this.#bytes = block.bytes;
    this.#end = block.entriesEnd;
    this.#position = position;
    this.#deltaHandles = layout.deltaHandles;
    this.#firstKeys = layout.firstKeys;
    this.keyLength = 0;
  }

  /** Offset of the entry that next() reads. */
  get position(): number {
    return this.#position;
  }

  /** False at the end of the entries. Throws DatabaseDamagedError for an entry that does not fit. */
  next(): boolean {
    if (this.#position >= this.#end) return false;
    const shared = this.#varint();
    const unshared = this.#varint();
    const valueLength = this.#deltaHandles ? 0 : this.#varint();
    const keyStart = this.#position;
    const keyEnd = keyStart + unshared;
    if (shared > this.keyLength || keyEnd + valueLength > this.#end) throw this.damage("an entry does not fit");
    const length = shared + unshared;
    if (length > this.key.length) this.#grow(length, shared);
    const key = this.key;
    const bytes = this.#bytes;
    if (unshared < 64) for (let from = keyStart, to = shared; from < keyEnd; from++, to++) key[to] = bytes[from];
    else key.set(bytes.subarray(keyStart, keyEnd), shared);
    this.keyLength = length;
    this.valueStart = keyEnd;
    this.valueEnd = keyEnd + valueLength;
    this.#position = this.valueEnd;
    if (this.#deltaHandles) this.#readDeltaHandle(shared);
    return true;
  }

  /** Reads the value as a block handle (offset and size); done already where handles are differences. */
  readHandle(): void {
    if (this.#deltaHandles) return;
    const position = this.#position;
    this.#position = this.valueStart;
    this.handleOffset = this.#varint();
    this.handleSize = this.#varint();
    if (this.#position > this.valueEnd) throw this.damage("a block handle does not fit");
    this.#position = position;
  }

  damage(message: string): DatabaseDamagedError {
    return damage(this.#block?.origin ?? { file: "", offset: 0 }, `${message} in its block at ${this.#position}`);
  }

  /** Whole handle where the key is whole, else the blocks lie back to back and only the size's change is stored. */
  #readDeltaHandle(shared: number): void {
    if (shared === 0) {
      this.handleOffset = this.#varint();
      this.handleSize = this.#varint();
    } else {
      const zigzag = this.#varint();
      const delta = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      this.handleOffset += this.handleSize + BLOCK_TRAILER_BYTES;
      this.handleSize += delta;
    }
    if (this.#firstKeys) {
      const length = this.#varint();
      if (length > this.#end - this.#position) throw this.damage("a first key does not fit");
      this.#position += length;
    }
    this.valueEnd = this.#position;
  }

  #varint(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let position = this.#position;
    if (position < end && bytes[position] < 0x80) {
      this.#position = position + 1;
      return bytes[position];
    }
    let value = 0;
    let scale = 1;
    while (position < end && scale < 2 ** 56) {
      const byte = bytes[position++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#position = position;
        return value;
      }
      scale *= 128;
    }
    throw this.damage("a number is cut off");
  }

  #grow(length: number, keep: number): void {
    const grown = new Uint8Array(Math.max(length, 2 * this.key.length));
    grown.set(this.key.subarray(0, keep));
    this.key = grown;
  }
}

/** What seekEntry found: nothing, a later key, or the key itself. */
type Found = "none" | "later" | "same";

/**
 * Moves `reader` to the first entry whose user key is not below `target`: binary search over the restart points, then
 * a walk through one interval. Throws DatabaseDamagedError.
 */
export function seekEntry(reader: EntryReader, block: Block, layout: BlockLayout, target: Uint8Array): Found {
  reader.start(block, block.restart(findInterval(block, layout, target)), layout);
  while (reader.next()) {
    const order = compareUserKey(reader, layout, target);
    if (order >= 0) return order === 0 ? "same" : "later";
  }
  return "none";
}

/** The last restart interval whose first user key is below `target`, or the first interval. */
export function findInterval(block: Block, layout: BlockLayout, target: Uint8Array): number {
  let low = 0;
  let high = block.restartCount - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (compareRestartKey(block, middle, layout, target) < 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Order of the user key at a restart point, which is stored whole, relative to `target`. */
function compareRestartKey(block: Block, index: number, layout: BlockLayout, target: Uint8Array): number {
  const bytes = block.bytes;
  const offset = block.restart(index);
  // Shared length 0, then the key's length and, except for stored differences, the value's.
  let position = offset + 1;
  let keyLength = bytes[position++];
  if (keyLength >= 0x80) {
    keyLength &= 0x7f;
    for (let shift = 7; ; shift += 7) {
      const byte = bytes[position++];
      keyLength |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      if (shift > 21 || position >= block.entriesEnd) throw entryDamage(block, offset);
    }
  }
  if (!layout.deltaHandles) while (bytes[position++] >= 0x80) if (position >= block.entriesEnd) break;
  const length = keyLength - layout.keySuffix;
  if (bytes[offset] !== 0 || length < 0 || keyLength > block.entriesEnd - position) throw entryDamage(block, offset);
  const shorter = Math.min(length, target.length);
  for (let i = 0; i < shorter; i++) {
    const difference = bytes[position + i] - target[i];
    if (difference !== 0) return difference;
  }
  return length - target.length;
}

/** Order of the reader's user key relative to `target`. */
function compareUserKey(reader: EntryReader, layout: BlockLayout, target: Uint8Array): number {
  const key = reader.key;
  const length = reader.keyLength - layout.keySuffix;
  if (length < 0) throw reader.damage("a key is too short");
  const shorter = Math.min(length, target.length);
  for (let i = 0; i < shorter; i++) {
    const difference = key[i] - target[i];
    if (difference !== 0) return difference;
  }
  return length - target.length;
}

function entryDamage(block: Block, offset: number): DatabaseDamagedError {
  return damage(block.origin, `an entry does not fit in its block at ${offset}`);
}

function damage(origin: Origin, message: string): DatabaseDamagedError {
  return new DatabaseDamagedError(message, { file: origin.file, offset: origin.offset });
}
