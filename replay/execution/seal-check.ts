import type { SealInput, SealVerifier } from "../../node/cl/pow/seal.ts";
import type { SealTarget } from "../../node/cl/seal-target.ts";
import type { Violation } from "./findings.ts";

/** A refused seal by its reason; empty for a good one. */
export function sealViolations(
  verifier: SealVerifier,
  seal: SealInput,
  target: SealTarget,
  declaredDifficulty: bigint,
): readonly Violation[] {
  const verdict = verifier.verify(seal);
  if (verdict.ok) return [];
  if (verdict.reason === "mix") {
    return [{ code: "SEAL_MIX_MISMATCH", message: "the seal's mixhash is not the one its nonce gives" }];
  }
  const against = `difficulty ${target.difficulty} (declared ${declaredDifficulty}${explain(target)})`;
  return [{ code: "SEAL_ABOVE_TARGET", message: `the seal does not meet ${against}` }];
}

function explain({ reason, posw }: SealTarget): string {
  if (reason === "guardian") return ", lowered by the guardian's signature";
  if (posw === null) return "";
  const { minedBlocks, mineableBlocks } = posw;
  const lowered = minedBlocks <= mineableBlocks ? "lowered" : "not lowered";
  return `, ${lowered} by stake: block ${minedBlocks} of ${mineableBlocks} that the stakes allow in the window`;
}
