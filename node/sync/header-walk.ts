import { maxStaleMinorBlockHeightDiff, shardConfigOf } from "../chain/config.ts";
import { type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32, toHex } from "../codec/bytes.ts";
import { HashStack } from "./hash-stack.ts";
import { PeerFaultError } from "./peer-fault.ts";
import type { SyncParts } from "./sync-parts.ts";
import { asked, type SyncPeer } from "./sync-peer.ts";

/** quarkchain/constants.py MINOR_BLOCK_HEADER_LIST_LIMIT. */
const HEADERS_PER_REQUEST = 100;
/**
 * Seconds in which headers lead to a known block, or the peer is too slow: nothing is mined meanwhile, and the blocks may
 * be made up as long as they lead nowhere.
 */
const MOST_SECONDS = 300;

/** Hashes of what is missing, the lowest last; or why nothing can be done about it, which is nobody's fault. */
export type WalkEnd = { readonly missing: HashStack } | { readonly reason: string };

/**
 * Follows a peer's headers from the one it announced back to a block that is known here (shard.py SyncTask.__run_sync). What
 * it may take is bounded: heights go down one by one, from at most so far above our head to at most so far below it.
 */
export class HeaderWalk {
  readonly #parts: SyncParts;
  readonly #peer: SyncPeer;
  readonly #mostDistance: number;
  readonly #missing = new HashStack();

  constructor(parts: SyncParts, peer: SyncPeer) {
    const { config, chain } = parts;
    this.#parts = parts;
    this.#peer = peer;
    this.#mostDistance = maxStaleMinorBlockHeightDiff(config.root, shardConfigOf(config, chain.fullShardId));
  }

  /** Throws PeerFaultError for whatever no honest peer sends, and where it is too slow. */
  async from(announced: MinorBlockHeader): Promise<WalkEnd> {
    const started = this.#parts.clock();
    const hash = minorHeaderHash(announced);
    if (this.#isKnown(hash)) return { missing: this.#missing };
    const { fullShardId } = this.#parts.chain;
    if (announced.branch !== fullShardId) this.#fault(`a block of shard ${announced.branch} is announced`);
    if (announced.height - this.#headHeight > this.#mostDistance) {
      return { reason: `block ${announced.height} is too far above our head` };
    }
    if (!this.#isRootKnown(announced)) return { reason: ROOT_UNKNOWN };
    await this.#checkSeals([announced]);
    this.#missing.push(hash);
    for (let lowest = announced; !this.#isKnown(lowest.prevMinorBlockHash); ) {
      if (this.#headHeight - (lowest.height - 1) > this.#mostDistance) {
        return { reason: `it forks off too far below our head: above block ${lowest.height - 1}` };
      }
      if (this.#parts.clock() - started > MOST_SECONDS) {
        this.#fault(`no known block in ${MOST_SECONDS} s, down to height ${lowest.height}`);
      }
      const below = await this.#below(lowest);
      if (!below.every((header) => this.#isRootKnown(header))) return { reason: ROOT_UNKNOWN };
      await this.#checkSeals(below);
      lowest = below[below.length - 1];
    }
    return { missing: this.#missing };
  }

  /** Headers below one whose parent is unknown, down to the first known block, which is left out. At least one. */
  async #below(header: MinorBlockHeader): Promise<readonly MinorBlockHeader[]> {
    const limit = Math.min(HEADERS_PER_REQUEST, header.height);
    if (limit < 1) this.#fault("it has another genesis block");
    const answer = this.#peer.headersFrom(header.prevMinorBlockHash, limit);
    const { headers } = await asked(this.#peer, "headers", answer);
    if (headers.length === 0 || headers.length > limit) {
      this.#fault(`${headers.length} headers instead of up to ${limit}`);
    }
    const unknown: MinorBlockHeader[] = [];
    for (let i = 0, above = header; i < headers.length; above = headers[i++]) {
      const hash = this.#linked(headers[i], above);
      if (this.#isKnown(hash)) break;
      this.#missing.push(hash);
      unknown.push(headers[i]);
    }
    // The first one was unknown when it was asked for: it has arrived on another way.
    return unknown.length > 0 ? unknown : headers.slice(0, 1);
  }

  #linked(header: MinorBlockHeader, above: MinorBlockHeader): Hash32 {
    const hash = minorHeaderHash(header);
    const isParent =
      bytesEqual(hash, above.prevMinorBlockHash) &&
      header.height === above.height - 1 &&
      header.branch === this.#parts.chain.fullShardId;
    if (!isParent) this.#fault(`block ${toHex(hash)} of height ${header.height} is not the parent of ${above.height}`);
    return hash;
  }

  async #checkSeals(headers: readonly MinorBlockHeader[]): Promise<void> {
    const { seals } = this.#parts;
    const judged = await Promise.all(headers.map((header) => seals.headerViolationsOf(header)));
    for (const [i, [violation]] of judged.entries()) {
      if (violation !== undefined) this.#fault(`block ${toHex(minorHeaderHash(headers[i]))}: ${violation.message}`);
    }
  }

  get #headHeight(): number {
    return this.#parts.chain.snapshot?.head.height ?? 0;
  }

  #isKnown(hash: Hash32): boolean {
    return this.#parts.chain.blocks.hasMinorBlock(hash);
  }

  #isRootKnown({ prevRootBlockHash }: MinorBlockHeader): boolean {
    return this.#parts.roots.has(prevRootBlockHash);
  }

  #fault(what: string): never {
    throw new PeerFaultError(`${this.#peer.name}: ${what}`);
  }
}

const ROOT_UNKNOWN = "a block stands on a root block that is not here yet";
