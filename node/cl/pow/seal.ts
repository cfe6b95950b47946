import type { ConsensusType } from "../../chain/consensus-type.ts";
import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import type { SharedEthashCaches } from "./ethash-cache-pool.ts";
import { RecentProofs } from "./recent-proofs.ts";
import { meetsDifficulty, SealHasher, type SealSubject } from "./seal-hasher.ts";

export interface SealInput extends SealSubject {
  readonly consensusType: ConsensusType;
  /** Unsigned, 64 bits. */
  readonly nonce: bigint;
  readonly mixhash: Hash32;
  /** What the seal has to meet: the adjusted difficulty if there is one (0 is a value), else the header's. */
  readonly difficulty: bigint;
}

/** Why a seal is refused: the header's mixhash is not the computed one, or the hash is above the target. */
export type SealVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: "mix" | "target" };

const ACCEPTED: SealVerdict = { ok: true };
const WRONG_MIX: SealVerdict = { ok: false, reason: "mix" };
const ABOVE_TARGET: SealVerdict = { ok: false, reason: "target" };

/** Verifies proof-of-work seals. One for each thread. */
export class SealVerifier {
  readonly #hasher: Pick<SealHasher, "proof">;

  /** See SealHasher. `remembered`: how many proofs are kept for who asks again. */
  constructor(ethashCaches: SharedEthashCaches, remembered = 0) {
    const hasher = new SealHasher(ethashCaches);
    this.#hasher = remembered === 0 ? hasher : new RecentProofs(hasher, remembered);
  }

  /**
   * pyquarkchain miner.py:validate_seal. NONE and POW_SIMULATE have no seal: everything is accepted. Genesis blocks are not
   * to be asked about. Throws UnsupportedError for heights past the last known epoch.
   */
  verify(input: SealInput): SealVerdict {
    const { consensusType: type, nonce, mixhash, difficulty } = input;
    if (type === "NONE" || type === "POW_SIMULATE") return ACCEPTED;
    const proof = this.#hasher.proof(type, input, nonce);
    // The mixhash of double SHA-256 may be anything.
    if (type !== "POW_DOUBLESHA256" && !bytesEqual(proof.mixhash, mixhash)) return WRONG_MIX;
    return meetsDifficulty(type, proof.result, difficulty) ? ACCEPTED : ABOVE_TARGET;
  }
}
