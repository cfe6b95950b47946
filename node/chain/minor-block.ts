import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { keccak256 } from "../codec/keccak.ts";
import { type QkcAddress, readQkcAddress, WireReader, WireWriter, writeQkcAddress } from "../codec/wire.ts";
import { readTokenBalances, type TokenBalances, writeTokenBalances } from "./token-balances.ts";
import { readTypedTransaction, type TypedTransaction, writeTypedTransaction } from "./typed-transaction.ts";

/** Which cross-shard deposit was consumed last (pyquarkchain core.py XshardTxCursorInfo). */
export interface XshardCursor {
  readonly rootBlockHeight: number;
  /** 0: the root block's coinbase deposit; n ≥ 1: deposits of the root block's n-th minor header. */
  readonly minorBlockIndex: number;
  readonly xshardDepositIndex: number;
}

/** A cursor as reports show it. */
export function cursorText({ rootBlockHeight, minorBlockIndex, xshardDepositIndex }: XshardCursor): string {
  return `${rootBlockHeight}/${minorBlockIndex}/${xshardDepositIndex}`;
}

/** pyquarkchain core.py MinorBlockHeader. */
export interface MinorBlockHeader {
  readonly version: number;
  /** Full shard id. */
  readonly branch: number;
  readonly height: number;
  readonly coinbaseAddress: QkcAddress;
  readonly coinbaseAmounts: TokenBalances;
  readonly prevMinorBlockHash: Hash32;
  readonly prevRootBlockHash: Hash32;
  readonly gasLimit: bigint;
  readonly metaHash: Hash32;
  /** Seconds since 1970. */
  readonly createTime: number;
  readonly difficulty: bigint;
  readonly nonce: bigint;
  /** 256 bytes. */
  readonly bloom: Uint8Array;
  readonly extraData: Uint8Array;
  readonly mixhash: Hash32;
}

/** pyquarkchain core.py MinorBlockMeta: what the header commits to by metaHash. */
export interface MinorBlockMeta {
  readonly merkleRoot: Hash32;
  readonly stateRoot: Hash32;
  readonly receiptRoot: Hash32;
  readonly gasUsed: bigint;
  readonly xshardReceiveGasUsed: bigint;
  readonly xshardCursor: XshardCursor;
  readonly xshardGasLimit: bigint;
}

export interface MinorBlock {
  readonly header: MinorBlockHeader;
  readonly meta: MinorBlockMeta;
  readonly transactions: readonly TypedTransaction[];
  /** Stored with the block, hashed nowhere. */
  readonly trackingData: Uint8Array;
}

/**
 * More than any block can hold: 21,000 gas each make 5.5 × 10^9, some hundred times a block's gas limit. It bounds what
 * a message of five bytes a transaction has made of it. Below it a block is shown whatever it holds: whether it may
 * hold so much is for the rules to say.
 */
export const MOST_BLOCK_TRANSACTIONS = 2 ** 18;

/** Smallest encodings: every variable part empty. */
export const MINIMUM_MINOR_HEADER_BYTES = 4 + 4 + 8 + 24 + 4 + 32 * 2 + 32 + 32 + 8 + 1 + 8 + 256 + 2 + 32;
export const MINIMUM_MINOR_BLOCK_BYTES = MINIMUM_MINOR_HEADER_BYTES + 32 * 6 + 8 * 3 + 4 + 2;

export function readMinorBlockHeader(reader: WireReader): MinorBlockHeader {
  return {
    version: reader.uint32("minor header version"),
    branch: reader.uint32("minor header branch"),
    height: reader.count64("minor header height"),
    coinbaseAddress: readQkcAddress(reader, "minor header coinbase address"),
    coinbaseAmounts: readTokenBalances(reader, "minor header coinbase amounts"),
    prevMinorBlockHash: reader.hash32("minor header previous minor block"),
    prevRootBlockHash: reader.hash32("minor header previous root block"),
    gasLimit: reader.uint256("minor header gas limit"),
    metaHash: reader.hash32("minor header meta hash"),
    createTime: reader.count64("minor header create time"),
    difficulty: reader.biguint("minor header difficulty"),
    nonce: reader.uint64("minor header nonce"),
    bloom: reader.raw(256, "minor header bloom"),
    extraData: reader.bytes16("minor header extra data"),
    mixhash: reader.hash32("minor header mixhash"),
  };
}

/** A header and its hash, which is the keccak of its bytes as they stand unless another writer's bytes would differ. */
export function readHashedMinorHeader(reader: WireReader): { header: MinorBlockHeader; hash: Hash32 } {
  const start = reader.position;
  const header = readMinorBlockHeader(reader);
  const hash = reader.isCanonical ? keccak256(reader.bytes.subarray(start, reader.position)) : minorHeaderHash(header);
  return { header, hash };
}

export function writeMinorBlockHeader(writer: WireWriter, header: MinorBlockHeader): void {
  writeUnsealed(writer, header, true);
  writer.raw(header.bloom).bytes16(header.extraData).raw(header.mixhash);
}

function writeUnsealed(writer: WireWriter, header: MinorBlockHeader, withNonce: boolean): void {
  writer.uint32(header.version).uint32(header.branch).uint64(header.height);
  writeQkcAddress(writer, header.coinbaseAddress);
  writeTokenBalances(writer, header.coinbaseAmounts);
  writer.raw(header.prevMinorBlockHash).raw(header.prevRootBlockHash);
  writer.uint256(header.gasLimit).raw(header.metaHash).uint64(header.createTime).biguint(header.difficulty);
  if (withNonce) writer.uint64(header.nonce);
}

/** Block id: keccak of the whole serialised header, seal included. */
export function minorHeaderHash(header: MinorBlockHeader): Hash32 {
  const writer = new WireWriter(640);
  writeMinorBlockHeader(writer, header);
  return keccak256(writer.finish());
}

/** What the seal signs: the header without nonce and mixhash (pyquarkchain core.py get_hash_for_mining). */
export function minorMiningHash(header: MinorBlockHeader): Hash32 {
  const writer = new WireWriter(640);
  writeUnsealed(writer, header, false);
  writer.raw(header.bloom).bytes16(header.extraData);
  return keccak256(writer.finish());
}

/** A meta that knows the bytes it was read from, of which there are no others: all its fields have a fixed length. */
class ReadMeta implements MinorBlockMeta {
  readonly merkleRoot: Hash32;
  readonly stateRoot: Hash32;
  readonly receiptRoot: Hash32;
  readonly gasUsed: bigint;
  readonly xshardReceiveGasUsed: bigint;
  readonly xshardCursor: XshardCursor;
  readonly xshardGasLimit: bigint;
  readonly #bytes: Uint8Array;

  constructor(reader: WireReader) {
    const start = reader.position;
    this.merkleRoot = reader.hash32("meta merkle root");
    this.stateRoot = reader.hash32("meta state root");
    this.receiptRoot = reader.hash32("meta receipt root");
    this.gasUsed = reader.uint256("meta gas used");
    this.xshardReceiveGasUsed = reader.uint256("meta xshard receive gas used");
    this.xshardCursor = {
      rootBlockHeight: reader.count64("meta cursor root height"),
      minorBlockIndex: reader.count64("meta cursor minor index"),
      xshardDepositIndex: reader.count64("meta cursor deposit index"),
    };
    this.xshardGasLimit = reader.uint256("meta xshard gas limit");
    this.#bytes = reader.bytes.subarray(start, reader.position);
  }

  /** Undefined for a meta that was not read, a changed copy of one that was among them. */
  static bytesOf(meta: MinorBlockMeta): Uint8Array | undefined {
    return #bytes in meta ? meta.#bytes : undefined;
  }
}

export function readMinorBlockMeta(reader: WireReader): MinorBlockMeta {
  return new ReadMeta(reader);
}

export function writeMinorBlockMeta(writer: WireWriter, meta: MinorBlockMeta): void {
  writer.raw(meta.merkleRoot).raw(meta.stateRoot).raw(meta.receiptRoot);
  writer.uint256(meta.gasUsed).uint256(meta.xshardReceiveGasUsed);
  const cursor = meta.xshardCursor;
  writer.uint64(cursor.rootBlockHeight).uint64(cursor.minorBlockIndex).uint64(cursor.xshardDepositIndex);
  writer.uint256(meta.xshardGasLimit);
}

export function minorMetaHash(meta: MinorBlockMeta): Hash32 {
  const bytes = ReadMeta.bytesOf(meta);
  if (bytes !== undefined) return keccak256(bytes);
  const writer = new WireWriter(256);
  writeMinorBlockMeta(writer, meta);
  return keccak256(writer.finish());
}

/** A block in a message or list; what follows stays unread. */
export function readMinorBlock(reader: WireReader): MinorBlock {
  return readBehindHeader(reader, readMinorBlockHeader(reader));
}

export function writeMinorBlock(writer: WireWriter, block: MinorBlock): void {
  writeMinorBlockHeader(writer, block.header);
  writeMinorBlockMeta(writer, block.meta);
  writer.list32(block.transactions, writeTypedTransaction);
  writer.bytes16(block.trackingData);
}

/** Decodes a stored or received block; throws CodecError when anything is left over or cut off. */
export function decodeMinorBlock(bytes: Uint8Array): MinorBlock {
  const reader = new WireReader(bytes);
  const block = readMinorBlock(reader);
  reader.expectEnd("minor block");
  return block;
}

/** As decodeMinorBlock, with the block's id, hashed from the bytes as they are. */
export function decodeHashedMinorBlock(bytes: Uint8Array): { block: MinorBlock; hash: Hash32 } {
  const reader = new WireReader(bytes);
  const { header, hash } = readHashedMinorHeader(reader);
  const block = readBehindHeader(reader, header);
  reader.expectEnd("minor block");
  return { block, hash };
}

/** A header whose hash is known, and the bytes that it was read from. */
export interface KnownHeader {
  readonly header: MinorBlockHeader;
  readonly bytes: Uint8Array;
}

/** A stored block that begins with the very bytes of a known header; undefined where it does not. */
export function decodeBehindHeader(bytes: Uint8Array, known: KnownHeader): MinorBlock | undefined {
  const { length } = known.bytes;
  if (!bytesEqual(bytes.subarray(0, length), known.bytes)) return undefined;
  const reader = new WireReader(bytes, length);
  const block = readBehindHeader(reader, known.header);
  reader.expectEnd("minor block");
  return block;
}

function readBehindHeader(reader: WireReader, header: MinorBlockHeader): MinorBlock {
  const meta = readMinorBlockMeta(reader);
  const count = reader.uint32("transaction list");
  if (count > MOST_BLOCK_TRANSACTIONS) {
    throw new CodecError(`a block of ${count} transactions, at most ${MOST_BLOCK_TRANSACTIONS} are possible`);
  }
  const transactions = reader.items("transaction list", count, 5, readTypedTransaction);
  const trackingData = reader.bytes16("tracking data");
  return { header, meta, transactions, trackingData };
}

export function encodeMinorBlock(block: MinorBlock): Uint8Array {
  const writer = new WireWriter(1024);
  writeMinorBlock(writer, block);
  return writer.finish();
}
