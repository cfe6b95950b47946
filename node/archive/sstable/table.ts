import { type Block, DATA_LAYOUT, EntryReader, seekEntry } from "./block.ts";
import { BlockCursor } from "./block-cursor.ts";
import type { RowCursor } from "./row-cursor.ts";
import { rowValue } from "./row-value.ts";
import { type TableContext, TableFileReader } from "./table-file.ts";
import type { TableSearch } from "./table-format.ts";

/** Gets run to completion one at a time, so one reader serves the thread. */
const getReader = new EntryReader();

/** One immutable sorted table; what it says about itself is read at first use. */
export class Table {
  readonly path: string;
  readonly #context: TableContext;
  readonly #size: number;
  #opened: { readonly file: TableFileReader; readonly search: TableSearch } | undefined;

  constructor(context: TableContext, path: string, size: number) {
    this.#context = context;
    this.path = path;
    this.#size = size;
  }

  /** Throws DatabaseDamagedError, or UnsupportedError naming the feature that is not read. */
  open(): { readonly file: TableFileReader; readonly search: TableSearch } {
    if (this.#opened === undefined) {
      const file = new TableFileReader(this.#context, this.path, this.#size);
      this.#opened = { file, search: this.#context.format.readSearch(file) };
    }
    return this.#opened;
  }

  /**
   * A copy of the newest value of a key, null when that deletes it, undefined when the table has no row of it.
   * `verify` checks the data block's checksum; those of index blocks are always checked.
   */
  get(key: Uint8Array, verify: boolean): Uint8Array | null | undefined {
    const { file, search } = this.open();
    const reader = getReader;
    let block = file.block(search.index.offset, search.index.size, true);
    for (let depth = 1; depth <= search.indexDepth; depth++) {
      if (seekEntry(reader, block, search.indexLayout, key) === "none") return undefined;
      reader.readHandle();
      block = file.block(reader.handleOffset, reader.handleSize, verify || depth < search.indexDepth);
    }
    if (seekEntry(reader, block, DATA_LAYOUT, key) !== "same") return undefined;
    return rowValue(reader.key[reader.keyLength - 8], block, reader.valueStart, reader.valueEnd);
  }

  /** Rows from `gte` (inclusive) to `lt` (exclusive), newest version of each key, in either direction. */
  rows(gte: Uint8Array | undefined, lt: Uint8Array | undefined, reverse: boolean): RowCursor {
    return new TableRows(new TableWalk(this), gte, lt, reverse);
  }
}

/** All entries of a table in both directions: a stack of block cursors from the top index block to a data block. */
class TableWalk {
  readonly #file: TableFileReader;
  readonly #stack: readonly BlockCursor[];
  readonly leaf: BlockCursor;

  constructor(table: Table) {
    const { file, search } = table.open();
    this.#file = file;
    this.leaf = new BlockCursor(DATA_LAYOUT);
    const indexes = Array.from({ length: search.indexDepth }, () => new BlockCursor(search.indexLayout));
    indexes[0].load(file.block(search.index.offset, search.index.size, true));
    this.#stack = [...indexes, this.leaf];
  }

  toFirst(): void {
    this.#stack[0].toFirst();
    this.#descend(1, (cursor) => cursor.toFirst());
    this.#forward();
  }

  toLast(): void {
    this.#stack[0].toLast();
    this.#descend(1, (cursor) => cursor.toLast());
    this.#backward();
  }

  /** To the first entry whose user key is not below `target`. */
  toAtLeast(target: Uint8Array): void {
    this.#stack[0].toAtLeast(target);
    this.#descend(1, (cursor) => cursor.toAtLeast(target));
    this.#forward();
  }

  /** To the last entry whose user key is below `target`. */
  toBelow(target: Uint8Array): void {
    this.toAtLeast(target);
    if (this.leaf.valid) this.previous();
    else this.toLast();
  }

  next(): void {
    this.leaf.next();
    this.#forward();
  }

  previous(): void {
    this.leaf.previous();
    this.#backward();
  }

  /** Enters the blocks below the current entry of level `from - 1`; stops where a level has no entry. */
  #descend(from: number, move: (cursor: BlockCursor) => void): void {
    for (let level = from; level < this.#stack.length; level++) {
      const parent = this.#stack[level - 1];
      const cursor = this.#stack[level];
      if (!parent.valid) {
        cursor.clear();
        continue;
      }
      const { handleOffset, handleSize } = parent.entry;
      cursor.load(this.#file.block(handleOffset, handleSize, true));
      move(cursor);
    }
  }

  /** Steps over exhausted blocks until the leaf has an entry or the table ends. */
  #forward(): void {
    while (!this.leaf.valid) {
      const level = this.#deepestStep((cursor) => cursor.next());
      if (level === undefined) return;
      this.#descend(level + 1, (cursor) => cursor.toFirst());
    }
  }

  #backward(): void {
    while (!this.leaf.valid) {
      const level = this.#deepestStep((cursor) => cursor.previous());
      if (level === undefined) return;
      this.#descend(level + 1, (cursor) => cursor.toLast());
    }
  }

  /** Moves the deepest index level that still has an entry to go to; undefined at the table's end. */
  #deepestStep(step: (cursor: BlockCursor) => void): number | undefined {
    for (let level = this.#stack.length - 2; level >= 0; level--) {
      const cursor = this.#stack[level];
      if (!cursor.valid) continue;
      step(cursor);
      if (cursor.valid) return level;
    }
    return undefined;
  }
}

/** Scans a table's rows; versions of one key lie newest first, so backwards the last one seen counts. */
class TableRows implements RowCursor {
  key: Uint8Array | undefined;
  readonly #walk: TableWalk;
  /** Where the scan ends: forward exclusive, backward inclusive. */
  readonly #stop: Uint8Array | undefined;
  readonly #reverse: boolean;
  #type = 0;
  #block: Block | undefined;
  #valueStart = 0;
  #valueEnd = 0;

  constructor(walk: TableWalk, gte: Uint8Array | undefined, lt: Uint8Array | undefined, reverse: boolean) {
    this.#walk = walk;
    this.#reverse = reverse;
    this.#stop = reverse ? gte : lt;
    if (reverse) {
      if (lt === undefined) walk.toLast();
      else walk.toBelow(lt);
    } else {
      if (gte === undefined) walk.toFirst();
      else walk.toAtLeast(gte);
    }
    this.advance();
  }

  advance(): void {
    const { leaf } = this.#walk;
    if (!leaf.valid) {
      this.key = undefined;
      return;
    }
    const key = leaf.userKey.slice();
    this.#take(leaf);
    this.#step();
    while (leaf.valid && Buffer.compare(leaf.userKey, key) === 0) {
      if (this.#reverse) this.#take(leaf);
      this.#step();
    }
    this.key = this.#isPastStop(key) ? undefined : key;
  }

  value(): Uint8Array | null {
    if (this.#block === undefined) throw new Error("the cursor stands on no row");
    return rowValue(this.#type, this.#block, this.#valueStart, this.#valueEnd);
  }

  #step(): void {
    if (this.#reverse) this.#walk.previous();
    else this.#walk.next();
  }

  #take(leaf: BlockCursor): void {
    const { valueStart, valueEnd } = leaf.entry;
    this.#type = leaf.type;
    this.#block = leaf.block;
    this.#valueStart = valueStart;
    this.#valueEnd = valueEnd;
  }

  #isPastStop(key: Uint8Array): boolean {
    if (this.#stop === undefined) return false;
    const order = Buffer.compare(key, this.#stop);
    return this.#reverse ? order < 0 : order >= 0;
  }
}
