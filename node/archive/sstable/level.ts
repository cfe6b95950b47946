import { compareBytes } from "../../codec/bytes.ts";
import { userKey } from "./manifest.ts";
import type { RowCursor } from "./row-cursor.ts";
import { Table } from "./table.ts";
import type { TableContext } from "./table-file.ts";
import type { TableFile } from "./version-edit.ts";

/** A table with the user keys it spans, both inclusive. */
export interface LiveTable {
  readonly description: TableFile;
  readonly table: Table;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

export function liveTable(description: TableFile, path: string, context: TableContext): LiveTable {
  return {
    description,
    table: new Table(context, path, description.size),
    first: userKey(description.smallest),
    last: userKey(description.largest),
  };
}

/**
 * Tables that do not overlap, in key order. Old writers could split the versions of one key between neighbours, the
 * newer ones first; both searches below honour that.
 */
export class SortedLevel {
  readonly tables: readonly LiveTable[];

  constructor(tables: readonly LiveTable[]) {
    this.tables = tables;
  }

  get(key: Uint8Array, verify: boolean): Uint8Array | null | undefined {
    for (let i = this.#firstEndingAtOrAfter(key); i < this.tables.length; i++) {
      const { first, table } = this.tables[i];
      if (compareBytes(first, key) > 0) return undefined;
      const value = table.get(key, verify);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  rows(gte: Uint8Array | undefined, lt: Uint8Array | undefined, reverse: boolean): RowCursor {
    const begin = gte === undefined ? 0 : this.#firstEndingAtOrAfter(gte);
    const tables = this.tables.slice(begin).filter(({ first }) => lt === undefined || compareBytes(first, lt) < 0);
    return new ConcatenatedRows(reverse ? tables.reverse() : tables, gte, lt, reverse);
  }

  #firstEndingAtOrAfter(key: Uint8Array): number {
    let low = 0;
    let high = this.tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.tables[middle].last, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The rows of tables that follow each other in scan order. */
class ConcatenatedRows implements RowCursor {
  key: Uint8Array | undefined;
  readonly #tables: readonly LiveTable[];
  readonly #open: (table: Table) => RowCursor;
  readonly #reverse: boolean;
  #opened = 0;
  #current: RowCursor | undefined;

  constructor(tables: readonly LiveTable[], gte: Uint8Array | undefined, lt: Uint8Array | undefined, reverse: boolean) {
    this.#tables = tables;
    this.#open = (table) => table.rows(gte, lt, reverse);
    this.#reverse = reverse;
    this.#settle();
  }

  advance(): void {
    this.#current?.advance();
    this.#settle();
  }

  value(): Uint8Array | null {
    if (this.#current === undefined) throw new Error("the cursor stands on no row");
    return this.#current.value();
  }

  /** Opens tables until there is a row. Backwards, a row that the next table has in a newer version is left out. */
  #settle(): void {
    for (;;) {
      const key = this.#current?.key;
      if (key === undefined) {
        if (this.#opened === this.#tables.length) {
          this.key = undefined;
          return;
        }
        this.#current = this.#open(this.#tables[this.#opened++].table);
        continue;
      }
      const newer = this.#reverse ? this.#tables[this.#opened]?.last : undefined;
      if (newer === undefined || compareBytes(newer, key) !== 0) {
        this.key = key;
        return;
      }
      this.#current?.advance();
    }
  }
}
