import { DatabaseDamagedError } from "../../codec/errors.ts";
import { type Block, type BlockLayout, EntryReader, findInterval } from "./block.ts";

/** Keys of one restart interval share prefixes; unfolded they may not grow beyond this. */
const MAX_UNFOLDED_BYTES = 1 << 27;

interface Entry {
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly handleOffset: number;
  readonly handleSize: number;
}

/**
 * Walks a block both ways. Entries only know how they differ from the one before, so one restart interval at a time
 * is unfolded.
 */
export class BlockCursor {
  readonly #layout: BlockLayout;
  readonly #reader = new EntryReader();
  #block: Block | undefined;
  #interval = 0;
  #entries: Entry[] = [];
  #keys = new Uint8Array(1024);
  #at = -1;

  constructor(layout: BlockLayout) {
    this.#layout = layout;
  }

  /** Enters a block; the cursor stands on no entry until it is moved. */
  load(block: Block): void {
    this.#block = block;
    this.clear();
  }

  /** Leaves the block; the cursor stands on no entry. */
  clear(): void {
    this.#entries = [];
    this.#at = -1;
  }

  get valid(): boolean {
    return this.#at >= 0 && this.#at < this.#entries.length;
  }

  /** Block that the current entry's value lies in. */
  get block(): Block {
    return this.#current();
  }

  get entry(): Entry {
    return this.#entries[this.#at];
  }

  /** View of the current user key; moving the cursor may overwrite it. */
  get userKey(): Uint8Array {
    const start = this.#keyStart();
    return this.#keys.subarray(start, this.entry.keyEnd - this.#layout.keySuffix);
  }

  /** First byte of the internal key's suffix, the row's type. */
  get type(): number {
    return this.#keys[this.entry.keyEnd - this.#layout.keySuffix];
  }

  toFirst(): void {
    this.#unfold(0);
    this.#at = 0;
    this.#skipEmptyForward();
  }

  toLast(): void {
    this.#unfold(this.#current().restartCount - 1);
    this.#at = this.#entries.length - 1;
    this.#skipEmptyBackward();
  }

  /** To the first entry whose user key is not below `target`. */
  toAtLeast(target: Uint8Array): void {
    this.#unfold(findInterval(this.#current(), this.#layout, target));
    this.#at = 0;
    this.#skipEmptyForward();
    while (this.valid && Buffer.compare(this.userKey, target) < 0) this.next();
  }

  /** To the last entry whose user key is below `target`. */
  toBelow(target: Uint8Array): void {
    this.toAtLeast(target);
    if (this.valid) this.previous();
    else this.toLast();
  }

  next(): void {
    this.#at++;
    this.#skipEmptyForward();
  }

  previous(): void {
    this.#at--;
    this.#skipEmptyBackward();
  }

  #skipEmptyForward(): void {
    while (this.#at >= this.#entries.length && this.#interval + 1 < this.#current().restartCount) {
      this.#unfold(this.#interval + 1);
      this.#at = 0;
    }
  }

  #skipEmptyBackward(): void {
    while (this.#at < 0 && this.#interval > 0) {
      this.#unfold(this.#interval - 1);
      this.#at = this.#entries.length - 1;
    }
  }

  #keyStart(): number {
    return this.#at === 0 ? 0 : this.#entries[this.#at - 1].keyEnd;
  }

  /** Decodes the entries from one restart point to the next. */
  #unfold(interval: number): void {
    const block = this.#current();
    const reader = this.#reader;
    const start = block.restart(interval);
    const last = interval + 1 === block.restartCount;
    const end = last ? block.entriesEnd : block.restart(interval + 1);
    if (!last && end <= start) throw new DatabaseDamagedError("a block's restart offsets do not ascend", block.origin);
    this.#interval = interval;
    this.#entries = [];
    reader.start(block, start, this.#layout);
    let keyEnd = 0;
    while (reader.position < end && reader.next()) {
      if (reader.keyLength < this.#layout.keySuffix) throw reader.damage("a key is too short");
      this.#appendKey(reader, keyEnd);
      keyEnd += reader.keyLength;
      const { valueStart, valueEnd } = reader;
      if (this.#layout.holdsHandles) reader.readHandle();
      this.#entries.push({
        keyEnd,
        valueStart,
        valueEnd,
        handleOffset: reader.handleOffset,
        handleSize: reader.handleSize,
      });
    }
  }

  #appendKey(reader: EntryReader, at: number): void {
    const length = at + reader.keyLength;
    if (length > MAX_UNFOLDED_BYTES) {
      throw new DatabaseDamagedError("the keys of a block unfold to an implausible size", this.#current().origin);
    }
    if (length > this.#keys.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.#keys.subarray(0, at));
      this.#keys = grown;
    }
    this.#keys.set(reader.key.subarray(0, reader.keyLength), at);
  }

  #current(): Block {
    if (this.#block === undefined) throw new Error("the cursor has no block");
    return this.#block;
  }
}
