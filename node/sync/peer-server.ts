import { MINIMUM_MINOR_BLOCK_BYTES, type MinorBlock, type MinorBlockHeader } from "../chain/minor-block.ts";
import { asHash32, bytesEqual, bytesToBigInt, type Hash32, toHex } from "../codec/bytes.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import { PeerFaultError } from "./peer-fault.ts";
import type { PeerHeaders } from "./sync-peer.ts";

/** shard.py handle_get_minor_block_list_request: 2 * MINOR_BLOCK_BATCH_SIZE. */
const MOST_BLOCKS = 100;
/** shard.py handle_get_minor_block_header_list_request: 2 * MINOR_BLOCK_HEADER_LIST_LIMIT. */
const MOST_HEADERS = 200;
/** P2P_COMMAND_SIZE_LIMIT, less what a message has around its blocks. */
const MOST_BYTES = 128 * 2 ** 20 - 1024;

const TOWARDS_GENESIS = 0;
const BY_HASH = 0;
const BY_HEIGHT = 1;

/** Where blocks are with their bodies, as they came: what is hashed nowhere too. */
export interface BlockBodies {
  findBlock(hash: Hash32): MinorBlock | undefined;
}

/** GET_MINOR_BLOCK_HEADER_LIST. */
export interface HeadersRequest {
  readonly hash: Hash32;
  readonly branch: number;
  readonly limit: number;
  readonly direction: number;
}

/** GET_MINOR_BLOCK_HEADER_LIST_WITH_SKIP. */
export interface HeadersWithSkipRequest {
  /** 0: `data` is a hash; 1: a height in 32 bytes. */
  readonly type: number;
  readonly data: Uint8Array;
  readonly branch: number;
  readonly limit: number;
  /** So many between one header and the next. */
  readonly skip: number;
  /** 0: towards genesis; any other towards the tip. */
  readonly direction: number;
}

/**
 * Answers what other clusters ask of a shard (shard.py PeerShardConnection), each from one moment of the chain. Throws
 * PeerFaultError for what pyquarkchain ends the connection for.
 */
export class PeerServer {
  readonly #chain: ShardChain;
  readonly #bodies: BlockBodies;
  readonly #mostBytes: number;

  constructor(chain: ShardChain, bodies: BlockBodies, mostBytes = MOST_BYTES) {
    this.#chain = chain;
    this.#bodies = bodies;
    this.#mostBytes = mostBytes;
  }

  /** Those that are there, in the order of the hashes, as long as they fit into one message. */
  blocks(hashes: readonly Hash32[]): readonly MinorBlock[] {
    if (hashes.length > MOST_BLOCKS) {
      throw new PeerFaultError(`${hashes.length} blocks are asked for, at most ${MOST_BLOCKS} may be`);
    }
    const blocks: MinorBlock[] = [];
    let bytes = 0;
    for (const hash of hashes) {
      const block = this.#block(hash);
      if (block === undefined) continue;
      bytes += mostBytesOf(block);
      if (bytes > this.#mostBytes) break;
      blocks.push(block);
    }
    return blocks;
  }

  /** From a block back to genesis, or as far as blocks go, on whichever chain it is. */
  headers({ hash, branch, limit, direction }: HeadersRequest): PeerHeaders {
    this.#assertRequest(branch, limit);
    if (direction !== TOWARDS_GENESIS) throw new PeerFaultError(`headers are asked for in direction ${direction}`);
    const { blocks } = this.#chain;
    if (!blocks.hasMinorBlock(hash)) throw new PeerFaultError(`headers of unknown block ${toHex(hash)} are asked for`);
    const headers = [blocks.minorBlock(hash).header];
    for (let last = headers[0]; headers.length < limit && last.height > 0; headers.push(last)) {
      if (!blocks.hasMinorBlock(last.prevMinorBlockHash)) break;
      last = blocks.minorBlock(last.prevMinorBlockHash).header;
    }
    return this.#answer(headers);
  }

  /** Canonical ones, from a hash or a height on; none where that is no canonical block. */
  headersWithSkip(request: HeadersWithSkipRequest): PeerHeaders {
    const { branch, limit, skip, direction } = request;
    this.#assertRequest(branch, limit);
    const start = this.#startOf(request);
    if (start === undefined) return this.#answer([]);
    const step = direction === TOWARDS_GENESIS ? -(skip + 1) : skip + 1;
    const headers: MinorBlockHeader[] = [];
    for (let height = start; headers.length < limit && height >= 0; height += step) {
      const hash = this.#canonicalHash(height);
      if (hash === undefined) break;
      headers.push(this.#chain.blocks.minorBlock(hash).header);
    }
    return this.#answer(headers);
  }

  #startOf({ type, data }: HeadersWithSkipRequest): number | undefined {
    if (type === BY_HEIGHT) {
      const height = bytesToBigInt(data);
      return height <= Number.MAX_SAFE_INTEGER ? Number(height) : undefined;
    }
    if (type !== BY_HASH)
      throw new PeerFaultError(`headers are asked for by ${type}, which is neither hash nor height`);
    const hash = asHash32(data);
    if (!this.#chain.blocks.hasMinorBlock(hash)) return undefined;
    const { height } = this.#chain.blocks.minorBlock(hash).header;
    const canonical = this.#canonicalHash(height);
    return canonical !== undefined && bytesEqual(canonical, hash) ? height : undefined;
  }

  #canonicalHash(height: number): Hash32 | undefined {
    return height <= this.#snapshot.head.height ? this.#chain.hashAt(height) : undefined;
  }

  #block(hash: Hash32): MinorBlock | undefined {
    const { blocks } = this.#chain;
    // An engine may hold a block that was never added.
    if (!blocks.hasMinorBlock(hash)) return undefined;
    return this.#bodies.findBlock(hash) ?? blocks.readBase(hash);
  }

  #assertRequest(branch: number, limit: number): void {
    if (branch !== this.#chain.fullShardId) throw new PeerFaultError(`headers of shard ${branch} are asked for`);
    if (limit < 1 || limit > MOST_HEADERS) throw new PeerFaultError(`${limit} headers are asked for`);
  }

  #answer(headers: readonly MinorBlockHeader[]): PeerHeaders {
    const { rootTip, headBlock } = this.#snapshot;
    return { rootTip: rootTip.header, shardTip: headBlock.header, headers };
  }

  get #snapshot() {
    const { snapshot } = this.#chain;
    // Peers speak to shards that there are.
    if (snapshot === undefined) throw new PeerFaultError(`shard ${this.#chain.fullShardId} has no block yet`);
    return snapshot;
  }
}

/** Not less than a block takes in a message. */
function mostBytesOf({ header, transactions, trackingData }: MinorBlock): number {
  let bytes = MINIMUM_MINOR_BLOCK_BYTES + header.extraData.length + trackingData.length;
  // Up to 33 bytes each of token and amount; the difficulty.
  bytes += 66 * header.coinbaseAmounts.size + 256;
  for (const { rlp } of transactions) bytes += 5 + rlp.length;
  return bytes;
}
