import type { ConsensusType } from "../../chain/consensus-type.ts";
import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import { doubleSha256 } from "./double-sha256.ts";
import { epochOf } from "./epoch.ts";
import { ethashProof } from "./ethash.ts";
import { EthashCachePool, type SharedEthashCaches } from "./ethash-cache-pool.ts";
import { meetsDoubleSha256Target, meetsTarget } from "./hash-target.ts";
import type { Proof } from "./proof.ts";
import { createQkchashCache, type QkchashCache, qkchashProof } from "./qkchash.ts";

export interface SealInput {
  readonly consensusType: ConsensusType;
  /** keccak-256 of the header without nonce and mixhash and, of a root block, signature. */
  readonly miningHash: Hash32;
  /** Unsigned, 64 bits. */
  readonly nonce: bigint;
  readonly mixhash: Hash32;
  /** What the seal has to meet: the adjusted difficulty if there is one (0 is a value), else the header's. */
  readonly difficulty: bigint;
  /** The block's height on its own chain. */
  readonly height: number;
  /** Minor blocks from ENABLE_QKCHASHX_HEIGHT on; never root blocks. Only POW_QKCHASH reads it. */
  readonly qkchashX: boolean;
}

/** Why a seal is refused: the header's mixhash is not the computed one, or the hash is above the target. */
export type SealVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: "mix" | "target" };

/** Verifies proof-of-work seals, holding the caches that Ethash and qkchash need. One for each thread. */
export class SealVerifier {
  readonly #ethashCaches: EthashCachePool;
  readonly #qkchashCaches = new Map<number, QkchashCache>();

  /** The Ethash caches may be shared with other threads; see createSharedEthashCaches for how many to have. */
  constructor(ethashCaches: SharedEthashCaches) {
    this.#ethashCaches = new EthashCachePool(ethashCaches);
  }

  /**
   * pyquarkchain miner.py:validate_seal. NONE and POW_SIMULATE have no seal: everything is accepted. Genesis blocks are not
   * to be asked about. Throws UnsupportedError for heights past the last known epoch.
   */
  verify(input: SealInput): SealVerdict {
    switch (input.consensusType) {
      case "NONE":
      case "POW_SIMULATE":
        return ACCEPTED;
      case "POW_DOUBLESHA256":
        return verifyDoubleSha256(input);
      case "POW_ETHASH":
        return verifyProof(this.#ethash(input), input);
      case "POW_QKCHASH":
        return verifyProof(this.#qkchash(input), input);
    }
  }

  #ethash({ height, miningHash, nonce }: SealInput): Proof {
    return this.#ethashCaches.use(epochOf(height), (cache) => ethashProof(cache, miningHash, nonce));
  }

  #qkchash({ height, miningHash, nonce, qkchashX }: SealInput): Proof {
    return qkchashProof(this.#qkchashCache(epochOf(height)), miningHash, nonce, qkchashX);
  }

  /** Small and made in 40 ms, so each thread has its own few; a Map keeps the order of use. */
  #qkchashCache(epoch: number): QkchashCache {
    const caches = this.#qkchashCaches;
    const cache = caches.get(epoch) ?? createQkchashCache(epoch);
    caches.delete(epoch);
    caches.set(epoch, cache);
    if (caches.size > QKCHASH_CACHE_LIMIT) caches.delete(caches.keys().next().value as number);
    return cache;
  }
}

const QKCHASH_CACHE_LIMIT = 4;

const ACCEPTED: SealVerdict = { ok: true };
const WRONG_MIX: SealVerdict = { ok: false, reason: "mix" };
const ABOVE_TARGET: SealVerdict = { ok: false, reason: "target" };

/** The mixhash may be anything. */
function verifyDoubleSha256({ miningHash, nonce, difficulty }: SealInput): SealVerdict {
  return meetsDoubleSha256Target(doubleSha256(miningHash, nonce), difficulty) ? ACCEPTED : ABOVE_TARGET;
}

function verifyProof({ mixhash, result }: Proof, input: SealInput): SealVerdict {
  if (!bytesEqual(mixhash, input.mixhash)) return WRONG_MIX;
  return meetsTarget(result, input.difficulty) ? ACCEPTED : ABOVE_TARGET;
}
