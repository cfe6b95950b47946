import type { Hash32 } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { type QkcAddress, readQkcAddress, WireReader, WireWriter, writeQkcAddress } from "../codec/wire.ts";
import {
  MINIMUM_MINOR_HEADER_BYTES,
  type MinorBlockHeader,
  minorHeaderHash,
  readHashedMinorHeader,
  readMinorBlockHeader,
  writeMinorBlockHeader,
} from "./minor-block.ts";
import { readTokenBalances, type TokenBalances, writeTokenBalances } from "./token-balances.ts";

/** pyquarkchain core.py RootBlockHeader. */
export interface RootBlockHeader {
  readonly version: number;
  readonly height: number;
  readonly prevBlockHash: Hash32;
  readonly merkleRoot: Hash32;
  readonly stateRoot: Hash32;
  readonly coinbaseAddress: QkcAddress;
  readonly coinbaseAmounts: TokenBalances;
  /** Seconds since 1970. */
  readonly createTime: number;
  readonly difficulty: bigint;
  readonly totalDifficulty: bigint;
  readonly nonce: bigint;
  readonly extraData: Uint8Array;
  readonly mixhash: Hash32;
  /** 65 bytes r ‖ s ‖ v, all zero where unsigned. */
  readonly signature: Uint8Array;
}

export interface RootBlock {
  readonly header: RootBlockHeader;
  readonly minorHeaders: readonly MinorBlockHeader[];
  /** Stored with the block, hashed nowhere. */
  readonly trackingData: Uint8Array;
}

/** A root block with the hashes everything else refers to. */
export interface HashedRootBlock {
  readonly hash: Hash32;
  readonly block: RootBlock;
  /** Hashes of block.minorHeaders, in order. */
  readonly minorHashes: readonly Hash32[];
  /** The bytes that they were read from, in order; absent where the block was not read from bytes. */
  readonly minorHeaderBytes?: readonly Uint8Array[];
}

/** A block with its hashes worked out from what it says. */
export function hashedRootBlock(block: RootBlock): HashedRootBlock {
  return { hash: rootHeaderHash(block.header), block, minorHashes: block.minorHeaders.map(minorHeaderHash) };
}

/** Smallest encoding of a header: every variable part empty. */
export const MINIMUM_ROOT_HEADER_BYTES = 4 + 4 + 32 * 3 + 24 + 4 + 8 + 1 + 1 + 8 + 2 + 32 + 65;

export function readRootBlockHeader(reader: WireReader): RootBlockHeader {
  return {
    version: reader.uint32("root header version"),
    height: reader.uint32("root header height"),
    prevBlockHash: reader.hash32("root header previous block"),
    merkleRoot: reader.hash32("root header merkle root"),
    stateRoot: reader.hash32("root header state root"),
    coinbaseAddress: readQkcAddress(reader, "root header coinbase address"),
    coinbaseAmounts: readTokenBalances(reader, "root header coinbase amounts"),
    createTime: reader.count64("root header create time"),
    difficulty: reader.biguint("root header difficulty"),
    totalDifficulty: reader.biguint("root header total difficulty"),
    nonce: reader.uint64("root header nonce"),
    extraData: reader.bytes16("root header extra data"),
    mixhash: reader.hash32("root header mixhash"),
    signature: reader.raw(65, "root header signature"),
  };
}

export function writeRootBlockHeader(writer: WireWriter, header: RootBlockHeader): void {
  writeUnsealed(writer, header);
  writer.uint64(header.nonce).bytes16(header.extraData).raw(header.mixhash).raw(header.signature);
}

function writeUnsealed(writer: WireWriter, header: RootBlockHeader): void {
  writer.uint32(header.version).uint32(header.height);
  writer.raw(header.prevBlockHash).raw(header.merkleRoot).raw(header.stateRoot);
  writeQkcAddress(writer, header.coinbaseAddress);
  writeTokenBalances(writer, header.coinbaseAmounts);
  writer.uint64(header.createTime).biguint(header.difficulty).biguint(header.totalDifficulty);
}

/** Block id: keccak of the whole serialised header, seal and signature included. */
export function rootHeaderHash(header: RootBlockHeader): Hash32 {
  const writer = new WireWriter(512);
  writeRootBlockHeader(writer, header);
  return keccak256(writer.finish());
}

/** What the seal and the signature cover: the header without nonce, mixhash and signature. */
export function rootMiningHash(header: RootBlockHeader): Hash32 {
  const writer = new WireWriter(512);
  writeUnsealed(writer, header);
  writer.bytes16(header.extraData);
  return keccak256(writer.finish());
}

/** A block in a message or list; what follows stays unread. */
export function readRootBlock(reader: WireReader): RootBlock {
  const header = readRootBlockHeader(reader);
  const minorHeaders = reader.list32("minor header list", MINIMUM_MINOR_HEADER_BYTES, readMinorBlockHeader);
  const trackingData = reader.bytes16("tracking data");
  return { header, minorHeaders, trackingData };
}

export function writeRootBlock(writer: WireWriter, block: RootBlock): void {
  writeRootBlockHeader(writer, block.header);
  writer.list32(block.minorHeaders, writeMinorBlockHeader);
  writer.bytes16(block.trackingData);
}

/** Decodes a stored or received block; throws CodecError when anything is left over or cut off. */
export function decodeRootBlock(bytes: Uint8Array): RootBlock {
  const reader = new WireReader(bytes);
  const block = readRootBlock(reader);
  reader.expectEnd("root block");
  return block;
}

/** As decodeRootBlock, hashed from the bytes as they are. */
export function decodeHashedRootBlock(bytes: Uint8Array): HashedRootBlock {
  const reader = new WireReader(bytes);
  const { header, hash } = readHashedRootHeader(reader);
  const minorHashes: Hash32[] = [];
  const minorHeaderBytes: Uint8Array[] = [];
  const minorHeaders = reader.list32("minor header list", MINIMUM_MINOR_HEADER_BYTES, (item) => {
    const start = item.position;
    const minor = readHashedMinorHeader(item);
    minorHashes.push(minor.hash);
    minorHeaderBytes.push(bytes.subarray(start, item.position));
    return minor.header;
  });
  const trackingData = reader.bytes16("tracking data");
  reader.expectEnd("root block");
  return { hash, block: { header, minorHeaders, trackingData }, minorHashes, minorHeaderBytes };
}

/** A header and its hash, which is the keccak of its bytes as they stand unless another writer's bytes would differ. */
export function readHashedRootHeader(reader: WireReader): { header: RootBlockHeader; hash: Hash32 } {
  const start = reader.position;
  const header = readRootBlockHeader(reader);
  const hash = reader.isCanonical ? keccak256(reader.bytes.subarray(start, reader.position)) : rootHeaderHash(header);
  return { header, hash };
}

export function encodeRootBlock(block: RootBlock): Uint8Array {
  const writer = new WireWriter(1024);
  writeRootBlock(writer, block);
  return writer.finish();
}
