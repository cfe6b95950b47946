import type { SealVerdict } from "./pow/seal.ts";
import type { SealTarget } from "./seal-target.ts";

/** A refused seal, as people read it. */
export interface SealViolation {
  readonly code: "SEAL_MIX_MISMATCH" | "SEAL_ABOVE_TARGET" | "SEAL_UNSUPPORTED";
  readonly message: string;
}

/** A refused seal by its reason; empty for a good one. */
export function sealViolations(
  verdict: SealVerdict,
  target: SealTarget,
  declaredDifficulty: bigint,
): readonly SealViolation[] {
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
