import { bytesKey } from "../../codec/bytes.ts";
import { RecentMap } from "../../codec/recent-map.ts";
import type { Proof } from "./proof.ts";
import type { SealedType, SealHasher, SealSubject } from "./seal-hasher.ts";

/** Proofs that were computed lately: a live node judges a header first, and its block when that has come. */
export class RecentProofs {
  readonly #hasher: Pick<SealHasher, "proof">;
  readonly #proofs: RecentMap<string, Proof>;

  constructor(hasher: Pick<SealHasher, "proof">, limit: number) {
    this.#hasher = hasher;
    this.#proofs = new RecentMap(limit);
  }

  /** As SealHasher has it. */
  proof(type: SealedType, subject: SealSubject, nonce: bigint): Proof {
    const { miningHash, height, qkchashX } = subject;
    const key = `${type} ${height} ${qkchashX} ${nonce} ${bytesKey(miningHash)}`;
    const known = this.#proofs.use(key);
    if (known !== undefined) return known;
    const proof = this.#hasher.proof(type, subject, nonce);
    this.#proofs.set(key, proof);
    return proof;
  }
}
