import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { type Block, EntryReader, META_LAYOUT } from "./block.ts";
import { decompressBlock } from "./compression.ts";
import { Decoder, readUint32 } from "./decoder.ts";
import { type BlockHandle, decodeFooter, decodeHandle, FOOTER_BYTES } from "./footer.ts";
import type { FootedTable, TableFormat, TableSearch } from "./table-format.ts";

const PROPERTIES_BLOCK = "rocksdb.properties";
const INDEX_BLOCK = "rocksdb.index";
/** Meta blocks that change what the data blocks mean. */
const REFUSED_BLOCKS: ReadonlyMap<string, string> = new Map([
  ["rocksdb.range_del", "range deletions"],
  ["rocksdb.compression_dict", "compression dictionaries"],
]);
const BYTEWISE_COMPARATOR = "leveldb.BytewiseComparator";

/** Values of rocksdb.block.based.table.index.type. */
const TWO_LEVEL_INDEX = 2;
const FIRST_KEY_INDEX = 3;
const INDEX_NAMES: readonly string[] = ["binary search", "hash", "two-level", "binary search with first keys"];

/** How a table is to be searched, and what it says about itself. */
interface TableLayout extends TableSearch {
  readonly indexType: string;
  /** Name of the compression of most blocks, as the writer put it. */
  readonly compression: string;
  /** Rows, deletions included. */
  readonly entries: number;
  readonly deletions: number;
}

/** Block-based tables as RocksDB writes them. */
export const ROCKSDB_TABLES: TableFormat = {
  footerBytes: FOOTER_BYTES,
  decodeFooter,
  decompress: decompressBlock,
  readSearch: readTableLayout,
};

/** Reads metaindex and properties. Throws DatabaseDamagedError, or UnsupportedError naming the feature. */
export function readTableLayout(table: FootedTable): TableLayout {
  const { metaindex } = table.footer;
  const handles = new Map<string, BlockHandle>();
  readEntries(table.block(metaindex.offset, metaindex.size, true), (name, value) => {
    handles.set(name, decodeHandle(value));
  });
  for (const [name, feature] of REFUSED_BLOCKS) {
    if (handles.has(name)) throw new UnsupportedError(`${table.path}: ${feature} are not read`);
  }
  const index = table.footer.index ?? handles.get(INDEX_BLOCK);
  const propertiesAt = handles.get(PROPERTIES_BLOCK);
  if (index === undefined || propertiesAt === undefined) {
    throw new DatabaseDamagedError(`the metaindex does not name the ${index === undefined ? "index" : "properties"}`, {
      file: table.path,
      offset: metaindex.offset,
    });
  }
  return layoutFrom(readProperties(table.block(propertiesAt.offset, propertiesAt.size, true)), index, table);
}

function layoutFrom(properties: TableProperties, index: BlockHandle, table: FootedTable): TableLayout {
  const comparator = properties.text("rocksdb.comparator");
  if (comparator !== undefined && comparator !== BYTEWISE_COMPARATOR) {
    throw new UnsupportedError(`${table.path}: tables ordered by comparator "${comparator}" are not read`);
  }
  const indexType = properties.fixed32("rocksdb.block.based.table.index.type") ?? 0;
  const indexName = INDEX_NAMES[indexType];
  if (indexName === undefined) throw new UnsupportedError(`${table.path}: index type ${indexType} is not read`);
  return {
    index,
    indexDepth: indexType === TWO_LEVEL_INDEX ? 2 : 1,
    indexLayout: {
      keySuffix: properties.number("rocksdb.index.key.is.user.key") === 0 ? 8 : 0,
      deltaHandles: properties.number("rocksdb.index.value.is.delta.encoded") !== 0,
      firstKeys: indexType === FIRST_KEY_INDEX,
      holdsHandles: true,
    },
    indexType: indexName,
    compression: properties.text("rocksdb.compression") ?? "",
    entries: properties.number("rocksdb.num.entries"),
    deletions: properties.number("rocksdb.deleted.keys"),
  };
}

interface TableProperties {
  text(name: string): string | undefined;
  /** A varint property, zero where absent. */
  number(name: string): number;
  fixed32(name: string): number | undefined;
}

function readProperties(block: Block): TableProperties {
  const values = new Map<string, Uint8Array>();
  const { origin } = block;
  readEntries(block, (name, _value, raw) => {
    values.set(name, raw);
  });
  return {
    text: (name) => {
      const value = values.get(name);
      return value === undefined ? undefined : Buffer.from(value).toString("utf8");
    },
    number: (name) => {
      const value = values.get(name);
      return value === undefined ? 0 : new Decoder(value, origin).varint(name);
    },
    fixed32: (name) => {
      const value = values.get(name);
      return value === undefined || value.length < 4 ? undefined : readUint32(value, 0);
    },
  };
}

function readEntries(block: Block, visit: (name: string, value: Decoder, raw: Uint8Array) => void): void {
  const reader = new EntryReader();
  reader.start(block, block.restart(0), META_LAYOUT);
  while (reader.next()) {
    const raw = block.bytes.subarray(reader.valueStart, reader.valueEnd);
    visit(
      Buffer.from(reader.key.subarray(0, reader.keyLength)).toString("latin1"),
      new Decoder(raw, block.origin),
      raw,
    );
  }
}
