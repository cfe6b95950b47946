import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { blockChecksum, CHECKSUM_NAMES, type ChecksumKind, checksumModifier, NO_CHECKSUM } from "./checksum.ts";
import { Decoder, readUint32 } from "./decoder.ts";

export interface BlockHandle {
  readonly offset: number;
  /** Stored bytes without the trailer. */
  readonly size: number;
}

/** Compression type (1 byte) and checksum (4 bytes) after each block. */
export const BLOCK_TRAILER_BYTES = 5;
export const FOOTER_BYTES = 53;

export interface Footer {
  readonly formatVersion: number;
  readonly checksum: ChecksumKind;
  /** Differs per file and goes into each checksum; zero before format version 6. */
  readonly baseContext: number;
  readonly metaindex: BlockHandle;
  /** Undefined since format version 6, where the metaindex names it. */
  readonly index: BlockHandle | undefined;
  /** Offset of the footer: blocks and their trailers end here. */
  readonly offset: number;
}

const BLOCK_BASED = 0x88e241b785f4cff7n;
const REFUSED: ReadonlyMap<bigint, string> = new Map([
  [0xdb4775248b80fb57n, "LevelDB tables"],
  [0x8242229663bf9564n, "plain tables"],
  [0x4f3418eb7a8f13b8n, "plain tables"],
  [0x926789d0c5f17873n, "cuckoo tables"],
]);
const MIN_FORMAT_VERSION = 2;
const MAX_FORMAT_VERSION = 6;
const CONTEXT_CHECKSUM_VERSION = 6;
/** In format version 6: after the checksum type come this magic number and the footer's own checksum. */
const EXTENDED_MAGIC = 0x007a003e;
const CHECKSUM_AT = 5;
const RESERVED_UNCHECKED_BYTES = 16;
const VERSION_AT = 41;

/**
 * Decodes the last 53 bytes of a block-based table (RocksDB table/format.cc: Footer::DecodeFrom). Throws
 * DatabaseDamagedError when they contradict themselves and UnsupportedError for other kinds of tables.
 */
export function decodeFooter(bytes: Uint8Array, file: string, offset: number): Footer {
  const origin = { file, offset };
  const tail = new Decoder(bytes, origin, VERSION_AT);
  const formatVersion = tail.fixed32("format version");
  const magic = tail.fixed64("magic number");
  const refused = REFUSED.get(magic);
  if (refused !== undefined) throw new UnsupportedError(`${file}: ${refused} are not read`);
  if (magic !== BLOCK_BASED) throw new DatabaseDamagedError("the table ends without its magic number", origin);
  if (formatVersion < MIN_FORMAT_VERSION || formatVersion > MAX_FORMAT_VERSION) {
    throw new UnsupportedError(
      `${file}: table format version ${formatVersion} is not read (${MIN_FORMAT_VERSION} to ${MAX_FORMAT_VERSION} are)`,
    );
  }
  if (bytes[0] >= CHECKSUM_NAMES.length) {
    throw new DatabaseDamagedError(`unknown checksum kind ${bytes[0]} in the table's footer`, origin);
  }
  const checksum = bytes[0] as ChecksumKind;
  const body = new Decoder(bytes, origin, 1, VERSION_AT);
  if (formatVersion < CONTEXT_CHECKSUM_VERSION) {
    const metaindex = decodeHandle(body);
    return { formatVersion, checksum, baseContext: 0, metaindex, index: decodeHandle(body), offset };
  }

  if (body.fixed32("extended magic number") !== EXTENDED_MAGIC) throw body.damage("wrong extended magic number");
  body.fixed32("footer checksum");
  const baseContext = body.fixed32("base context checksum");
  if (baseContext === 0) throw body.damage("the footer has no base context checksum");
  if (checksum !== NO_CHECKSUM) checkFooterChecksum(bytes, checksum, baseContext, file, offset);
  const size = body.fixed32("metaindex size");
  body.view(RESERVED_UNCHECKED_BYTES, "reserved bytes");
  if (body.fixed64("reserved bytes") !== 0n) {
    throw new UnsupportedError(`${file}: the table's footer uses a feature of a newer version`);
  }
  const metaindex = { offset: offset - BLOCK_TRAILER_BYTES - size, size };
  if (metaindex.offset < 0) throw body.damage("the metaindex does not fit into the file");
  return { formatVersion, checksum, baseContext, metaindex, index: undefined, offset };
}

export function decodeHandle(input: Decoder): BlockHandle {
  return { offset: input.safeVarint("block offset"), size: input.safeVarint("block size") };
}

/** The checksum covers the whole footer with its own four bytes as zeros. */
function checkFooterChecksum(
  bytes: Uint8Array,
  kind: ChecksumKind,
  baseContext: number,
  file: string,
  offset: number,
): void {
  const copy = bytes.slice();
  copy.fill(0, CHECKSUM_AT, CHECKSUM_AT + 4);
  const computed = (blockChecksum(kind, copy) + checksumModifier(baseContext, offset)) >>> 0;
  if (computed !== readUint32(bytes, CHECKSUM_AT)) {
    throw new DatabaseDamagedError("checksum mismatch in the table's footer", { file, offset });
  }
}
