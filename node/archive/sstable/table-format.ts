import type { Block, BlockLayout } from "./block.ts";
import type { Origin } from "./decoder.ts";
import type { BlockHandle, Footer } from "./footer.ts";

/** Where a table's index is and how it is searched. */
export interface TableSearch {
  readonly index: BlockHandle;
  /** Index blocks on the way to a data block: 1, or 2 where the index is partitioned. */
  readonly indexDepth: number;
  readonly indexLayout: BlockLayout;
}

/** A table whose footer has been read. */
export interface FootedTable {
  readonly path: string;
  readonly footer: Footer;
  block(offset: number, size: number, verify: boolean): Block;
}

/** What LevelDB's tables and RocksDB's do differently. */
export interface TableFormat {
  /** Bytes at the end of the file that the footer is decoded from. */
  readonly footerBytes: number;
  /** `offset` is that of `bytes` in the file. Throws DatabaseDamagedError or UnsupportedError. */
  decodeFooter(bytes: Uint8Array, file: string, offset: number): Footer;
  /** Contents of a stored block; `type` is the byte behind it. Throws DatabaseDamagedError or UnsupportedError. */
  decompress(type: number, stored: Uint8Array, origin: Origin): Uint8Array;
  /** Throws DatabaseDamagedError or UnsupportedError. */
  readSearch(table: FootedTable): TableSearch;
}
