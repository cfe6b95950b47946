import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { DATA_LAYOUT } from "./block.ts";
import { decompressBlock } from "./compression.ts";
import { Decoder, type Origin } from "./decoder.ts";
import { decodeHandle, type Footer } from "./footer.ts";
import type { TableFormat } from "./table-format.ts";

const FOOTER_BYTES = 48;
const MAGIC_AT = 40;
const MAGIC = 0xdb4775248b80fb57n;
const CRC32C = 1;
/** Compression types that RocksDB counts in another way (LevelDB include/leveldb/options.h: CompressionType). */
const SNAPPY = 1;
const ZSTD = 2;

/** Tables as LevelDB and goleveldb write them: one index block, crc32c, no properties; filters are not used. */
export const LEVELDB_TABLES: TableFormat = {
  footerBytes: FOOTER_BYTES,
  decodeFooter,
  decompress,
  readSearch: ({ path, footer }) => {
    if (footer.index === undefined) throw new DatabaseDamagedError("the footer names no index", { file: path });
    return { index: footer.index, indexDepth: 1, indexLayout: { ...DATA_LAYOUT, holdsHandles: true } };
  },
};

/** LevelDB table/format.cc: Footer::DecodeFrom. The format version, which LevelDB does not have, is given as 0. */
function decodeFooter(bytes: Uint8Array, file: string, offset: number): Footer {
  const origin = { file, offset };
  if (new Decoder(bytes, origin, MAGIC_AT).fixed64("magic number") !== MAGIC) {
    throw new DatabaseDamagedError("the table ends without LevelDB's magic number", origin);
  }
  const handles = new Decoder(bytes, origin, 0, MAGIC_AT);
  const metaindex = decodeHandle(handles);
  const index = decodeHandle(handles);
  return { formatVersion: 0, checksum: CRC32C, baseContext: 0, metaindex, index, offset };
}

function decompress(type: number, stored: Uint8Array, origin: Origin): Uint8Array {
  if (type === ZSTD) {
    throw new UnsupportedError(`${origin.file}: blocks of LevelDB tables compressed with Zstandard are not read`);
  }
  if (type > SNAPPY) {
    throw new DatabaseDamagedError(`unknown compression type ${type}`, { file: origin.file, offset: origin.offset });
  }
  return decompressBlock(type, stored, origin);
}
