import type { ConsensusType } from "../../chain/consensus-type.ts";
import { type Hash32, ZERO_HASH } from "../../codec/bytes.ts";
import { RecentMap } from "../../codec/recent-map.ts";
import { doubleSha256 } from "./double-sha256.ts";
import { epochOf } from "./epoch.ts";
import { ethashProof } from "./ethash.ts";
import { EthashCachePool, type SharedEthashCaches } from "./ethash-cache-pool.ts";
import { meetsDoubleSha256Target, meetsTarget } from "./hash-target.ts";
import type { Proof } from "./proof.ts";
import { createQkchashCache, type QkchashCache, qkchashProof } from "./qkchash.ts";

/** Consensus types whose blocks carry a proof of work. */
export type SealedType = Exclude<ConsensusType, "NONE" | "POW_SIMULATE">;

/** What a seal covers. */
export interface SealSubject {
  /** keccak-256 of the header without nonce and mixhash and, of a root block, signature. */
  readonly miningHash: Hash32;
  /** The block's height on its own chain. */
  readonly height: number;
  /** Minor blocks from ENABLE_QKCHASHX_HEIGHT on; never root blocks. Only POW_QKCHASH reads it. */
  readonly qkchashX: boolean;
}

const QKCHASH_CACHE_LIMIT = 4;

/** Computes proofs of work, holding the caches that Ethash and qkchash need. One for each thread. */
export class SealHasher {
  readonly #ethashCaches: EthashCachePool;
  /** Small and made in 40 ms, so each thread has its own few. */
  readonly #qkchashCaches = new RecentMap<number, QkchashCache>(QKCHASH_CACHE_LIMIT);

  /** The Ethash caches may be shared with other threads; see createSharedEthashCaches for how many to have. */
  constructor(ethashCaches: SharedEthashCaches) {
    this.#ethashCaches = new EthashCachePool(ethashCaches);
  }

  /** The mixhash of double SHA-256 is zero. Throws UnsupportedError for heights past the last known epoch. */
  proof(type: SealedType, { miningHash, height, qkchashX }: SealSubject, nonce: bigint): Proof {
    switch (type) {
      case "POW_DOUBLESHA256":
        return { mixhash: ZERO_HASH, result: doubleSha256(miningHash, nonce) };
      case "POW_ETHASH":
        return this.#ethashCaches.use(epochOf(height), (cache) => ethashProof(cache, miningHash, nonce));
      case "POW_QKCHASH":
        return qkchashProof(this.#qkchashCache(epochOf(height)), miningHash, nonce, qkchashX);
    }
  }

  #qkchashCache(epoch: number): QkchashCache {
    const known = this.#qkchashCaches.use(epoch);
    if (known !== undefined) return known;
    const cache = createQkchashCache(epoch);
    this.#qkchashCaches.set(epoch, cache);
    return cache;
  }
}

/** Whether a proof's result is low enough. */
export function meetsDifficulty(type: SealedType, result: Hash32, difficulty: bigint): boolean {
  return type === "POW_DOUBLESHA256" ? meetsDoubleSha256Target(result, difficulty) : meetsTarget(result, difficulty);
}
