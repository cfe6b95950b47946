import { DatabaseDamagedError } from "../../codec/errors.ts";
import { Block } from "./block.ts";
import type { BlockCache, BlockOwner } from "./block-cache.ts";
import { NO_CHECKSUM, storedChecksumMatches } from "./checksum.ts";
import type { FilePool } from "./file-pool.ts";
import { BLOCK_TRAILER_BYTES, type Footer } from "./footer.ts";
import type { TableFormat } from "./table-format.ts";

/** Larger stored blocks are read into a buffer of their own instead of the one that stays. */
const KEPT_BUFFER_BYTES = 1 << 20;
let storedBuffer = new Uint8Array(1 << 16);

/** What all tables of one store share. */
export interface TableContext {
  readonly files: FilePool;
  readonly cache: BlockCache;
  readonly format: TableFormat;
}

/** Reads blocks of one table: from the cache, or from the file through checksum and decompression. */
export class TableFileReader {
  readonly path: string;
  readonly footer: Footer;
  readonly #context: TableContext;
  readonly #cached: BlockOwner = new Map();

  /** Reads the footer. Throws DatabaseDamagedError or UnsupportedError. `size` is the file's. */
  constructor(context: TableContext, path: string, size: number) {
    this.#context = context;
    this.path = path;
    const { footerBytes } = context.format;
    const offset = size - footerBytes;
    if (offset < 0) throw new DatabaseDamagedError("the table is too short for its footer", { file: path, offset: 0 });
    const bytes = new Uint8Array(footerBytes);
    context.files.read(path, bytes, footerBytes, offset);
    this.footer = context.format.decodeFooter(bytes, path, offset);
  }

  /**
   * The block at a handle; with `verify` only if its checksum was right. Throws DatabaseDamagedError when the handle
   * points outside the file, the checksum is wrong or the block does not decompress.
   */
  block(offset: number, size: number, verify: boolean): Block {
    const slot = this.#context.cache.get(this.#cached, offset);
    if (slot !== undefined && (slot.verified || !verify)) return slot.block;
    const block = this.#read(offset, size, verify);
    this.#context.cache.put(this.#cached, offset, block, verify || this.footer.checksum === NO_CHECKSUM);
    return block;
  }

  #read(offset: number, size: number, verify: boolean): Block {
    const origin = { file: this.path, offset };
    const length = size + BLOCK_TRAILER_BYTES;
    if (offset + length > this.footer.offset) {
      throw new DatabaseDamagedError(`a block of ${size} bytes does not fit into the table`, origin);
    }
    const buffer = bufferOf(length);
    this.#context.files.read(this.path, buffer, length, offset);
    const { checksum, baseContext } = this.footer;
    if (verify && !storedChecksumMatches(checksum, buffer, size + 1, baseContext, offset)) {
      throw new DatabaseDamagedError("block checksum mismatch", origin);
    }
    return new Block(this.#context.format.decompress(buffer[size], buffer.subarray(0, size), origin), origin);
  }
}

function bufferOf(length: number): Uint8Array {
  if (length > KEPT_BUFFER_BYTES) return new Uint8Array(length);
  if (length > storedBuffer.length) storedBuffer = new Uint8Array(Math.max(length, 2 * storedBuffer.length));
  return storedBuffer;
}
