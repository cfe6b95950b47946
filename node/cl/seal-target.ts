import { fullShardIdOf, type QuarkChainConfig, type ShardConfig } from "../chain/config.ts";
import type { MinorBlockHeader } from "../chain/minor-block.ts";
import type { RootBlockHeader } from "../chain/root-block.ts";
import { type Address, bytesEqual, type Hash32, ZERO_ADDRESS } from "../codec/bytes.ts";
import type { Awaitable } from "../el/block-executor.ts";
import { isPoswEnabled, mineableBlocksOf, minorPoswInfo, type PoswInfo, poswInfo } from "./posw.ts";
import { isSignedWith, isWellFormedSignature, recoverRootSigner } from "./root-signature.ts";
import { type RootStakes, STAKING_SHARD } from "./root-stakes.ts";
import type { RuleViolation } from "./rule-violation.ts";

/** By how much the guardian's signature lowers a root block's difficulty (guardian.py adjust_difficulty). */
const GUARDIAN_DIVIDER = 1000n;

/** The difficulty a block's seal has to meet, and why. */
export interface SealTarget {
  readonly difficulty: bigint;
  /** header: full difficulty; posw: staking applies, whether it lowers the difficulty or not. */
  readonly reason: "header" | "posw" | "guardian";
  /** Null unless the reason is posw. */
  readonly posw: PoswInfo | null;
}

/** shard_state.py posw_diff_adjust: parameters as in minorPoswInfo. */
export function minorSealTarget(
  config: QuarkChainConfig,
  shard: ShardConfig,
  header: MinorBlockHeader,
  stakes: bigint,
  minedInWindow: number,
): SealTarget {
  const posw = minorPoswInfo(config, shard, header, stakes, minedInWindow);
  return posw === null ? fullDifficulty(header) : stakedDifficulty(posw);
}

/** What the staking of a root block's miner depends on. */
export interface RootSealContext {
  readonly config: QuarkChainConfig;
  /** Newest block of STAKING_SHARD confirmed by the parent or its ancestors; undefined where none is. */
  readonly lastStakingBlock: () => Hash32 | undefined;
  /** Stakes of a coinbase after that block. */
  readonly stakesAfter: (minorHash: Hash32, coinbase: Address) => Awaitable<RootStakes>;
  /** Root blocks of this coinbase in the window that ends with the parent. */
  readonly minedInWindow: (coinbase: Address) => number;
}

/** A root block whose staking cannot even be judged is invalid, whether seals are checked or not. */
export type RootSealTarget =
  | { readonly target: SealTarget; readonly violation: undefined }
  | { readonly target: undefined; readonly violation: RuleViolation };

/**
 * master.py __adjust_diff: the guardian's signature first, then staking (master.py _posw_info, posw.py
 * get_posw_info). pyquarkchain runs this before any other rule and also where seals are not checked.
 */
export async function rootSealTarget(header: RootBlockHeader, context: RootSealContext): Promise<RootSealTarget> {
  const { config } = context;
  if (isSignedWith(header, config.guardianPublicKey)) {
    return accepted({ difficulty: header.difficulty / GUARDIAN_DIVIDER, reason: "guardian", posw: null });
  }
  const { posw } = config.root;
  if (header.height === 0 || !isPoswEnabled(posw, header.createTime)) return accepted(fullDifficulty(header));
  if (!config.shards.has(STAKING_SHARD)) return refused(noStakingShard());
  const stakingBlock = context.lastStakingBlock();
  if (stakingBlock === undefined) return accepted(fullDifficulty(header));
  if (!isInStakingShard(config, header.coinbaseAddress.fullShardKey))
    return refused(coinbaseOutsideStakingShard(header));
  const coinbase = header.coinbaseAddress.recipient;
  const { stakes, signer } = await context.stakesAfter(stakingBlock, coinbase);
  const mineableBlocks = mineableBlocksOf(posw, stakes, posw.totalStakePerBlock);
  const minedInWindow = context.minedInWindow(coinbase);
  if (needsSignature(mineableBlocks, signer) && !isWellFormedSignature(header.signature)) {
    return refused(malformedSignature());
  }
  const isAllowed = minedInWindow < mineableBlocks && isSignedBy(header, signer);
  return accepted(stakedDifficulty(poswInfo(posw, header, mineableBlocks, minedInWindow, isAllowed)));
}

function needsSignature(mineableBlocks: number, signer: Uint8Array): boolean {
  return mineableBlocks > 0 && signer.length > 0 && !bytesEqual(signer, ZERO_ADDRESS);
}

/** No signature is asked for only where the contract names no signer at all; the zero address never signs. */
function isSignedBy(header: RootBlockHeader, signer: Uint8Array): boolean {
  if (signer.length === 0) return true;
  if (bytesEqual(signer, ZERO_ADDRESS)) return false;
  const recovered = recoverRootSigner(header);
  return recovered !== undefined && bytesEqual(recovered, signer);
}

function isInStakingShard(config: QuarkChainConfig, fullShardKey: number): boolean {
  const hasChain = config.chains.some(({ chainId }) => chainId === fullShardKey >>> 16);
  return hasChain && fullShardIdOf(config, fullShardKey) === STAKING_SHARD;
}

/** master.py _posw_info asserts that some slave runs it. */
function noStakingShard(): RuleViolation {
  return {
    code: "POSW_SHARD_MISSING",
    message: `root staking is on but the configuration has no shard ${STAKING_SHARD}, which holds its contract`,
  };
}

/** slave.py get_root_chain_stakes asserts it, so such a block never gets in. */
function coinbaseOutsideStakingShard(header: RootBlockHeader): RuleViolation {
  return {
    code: "POSW_COINBASE_NOT_IN_SHARD",
    field: "coinbaseAddress",
    message: `with root staking on the coinbase must lie in shard ${STAKING_SHARD}, its shard key is ${header.coinbaseAddress.fullShardKey}`,
  };
}

/** posw.py get_posw_info makes the Signature outside its try. */
function malformedSignature(): RuleViolation {
  return {
    code: "SIGNATURE_MALFORMED",
    field: "signature",
    message: "the signature of a staking miner must have v 0 or 1 and r and s below the group order",
  };
}

function fullDifficulty({ difficulty }: { readonly difficulty: bigint }): SealTarget {
  return { difficulty, reason: "header", posw: null };
}

function stakedDifficulty(posw: PoswInfo): SealTarget {
  return { difficulty: posw.effectiveDifficulty, reason: "posw", posw };
}

function accepted(target: SealTarget): RootSealTarget {
  return { target, violation: undefined };
}

function refused(violation: RuleViolation): RootSealTarget {
  return { target: undefined, violation };
}
